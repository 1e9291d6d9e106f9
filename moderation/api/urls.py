"""The API as it is served: the catalog's addresses with moderation's view of each photo."""

from catalog.api.urls import routes
from moderation.api.views import ModeratedImageCollection, ModeratedImageDetail

urlpatterns = routes(collection=ModeratedImageCollection, detail=ModeratedImageDetail)
