"""Moderation's pages."""

from django.urls import path

from moderation.views import queue, reviews

app_name = "moderation"

urlpatterns = [
    path("review/", queue.queue, name="queue"),
    path("review/next/", reviews.next_review, name="next"),
    path("review/<int:pk>/", reviews.review, name="review"),
    path("review/<int:pk>/claim/", reviews.claim, name="claim"),
    path("review/<int:pk>/renew/", reviews.renew, name="renew"),
    path("review/<int:pk>/release/", reviews.release, name="release"),
    path("review/<int:pk>/skip/", reviews.skip, name="skip"),
    path("review/<int:pk>/decide/", reviews.decide, name="decide"),
    path("photos/<uuid:pk>/review/", reviews.send_to_review, name="send_to_review"),
    path("exemplars/<uuid:pk>.jpg", reviews.exemplar, name="exemplar"),
]
