"""The API as it is served: the catalog's addresses with moderation's view of each photo."""

from django.urls import path

from catalog.api.urls import routes
from moderation.api.moderate import Moderate
from moderation.api.trials import TrialDecisionView
from moderation.api.views import ImageAppeal, ModeratedImageCollection, ModeratedImageDetail

urlpatterns = [
    path("v1/moderate", Moderate.as_view(), name="api-moderate"),
    path("v1/images/<uuid:image_id>/appeal", ImageAppeal.as_view(), name="api-appeal"),
    path(
        "v1/test/images/<uuid:image_id>/decision",
        TrialDecisionView.as_view(),
        name="api-trial-decision",
    ),
    *routes(collection=ModeratedImageCollection, detail=ModeratedImageDetail),
]
