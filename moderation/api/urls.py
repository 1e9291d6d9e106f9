"""The API as it is served: the catalog's addresses with moderation's view of each photo."""

from django.urls import path

from catalog.api.urls import routes
from moderation.api.views import ImageAppeal, ModeratedImageCollection, ModeratedImageDetail

urlpatterns = [
    path("v1/images/<uuid:image_id>/appeal", ImageAppeal.as_view(), name="api-appeal"),
    *routes(collection=ModeratedImageCollection, detail=ModeratedImageDetail),
]
