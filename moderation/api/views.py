"""The catalog's endpoints with moderation's view of each photo, and appeals."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Case, F, Prefetch, Value, When
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.images_schema import documented_collection, documented_detail
from catalog.api.parsers import BoundedJSONParser
from catalog.api.problems import Problem
from catalog.api.views import ImageCollection, ImageDetail, StorefrontImages
from catalog.choices import Scope, Source
from catalog.models import Image
from catalog.models.image import ImageQuerySet
from moderation import appealing, explaining, trials
from moderation.api.schema import documented_appeal
from moderation.api.serializers import (
    AppealRequestSerializer,
    AppealSerializer,
    ModeratedImageSerializer,
    TrialAppealSerializer,
)
from moderation.appealing import AppealRefused
from moderation.choices import MatchKind, ModerationEvent
from moderation.models import Appeal, Decision, Flag, Review, TrialAppeal, TrialDecision
from moderation.trials import TrialRefused

# `Flag.closeness`, for the database to sort by.
CLOSENESS = Case(
    When(kind=MatchKind.HASH, then=Value(1.0) - F("score") / Value(256.0)), default=F("score")
)
# Fields of a photo that come from its cases.
FROM_CASES = frozenset({"flags", "decision", "review", "appeal"})
# Of these the storefront sees nothing: who looks at a case, and decisions that can be undone.
UNSEEN = frozenset(
    {
        *(ModerationEvent.CLAIMED, ModerationEvent.CLAIM_EXPIRED, ModerationEvent.RELEASED),
        *(ModerationEvent.SKIPPED, ModerationEvent.DECIDED, ModerationEvent.UNDONE),
        ModerationEvent.TAUGHT,
    }
)
REFUSALS = {
    "nothing_to_appeal": Code.NOTHING_TO_APPEAL,
    "already_appealed": Code.ALREADY_APPEALED,
    "in_review": Code.IN_REVIEW,
}


def with_verdict(images: ImageQuerySet) -> ImageQuerySet:
    """Photos with what an outsider may know of moderation, in six queries more: flags that were
    not withdrawn (nearest first), decisions that took effect and appeals (latest first), also
    those made with test keys, and the review that is under way."""
    flags = Flag.objects.filter(withdrawn_at__isnull=True).select_related("policy", "bank")
    decisions = Decision.objects.effective().select_related("policy")
    return images.prefetch_related(
        Prefetch("flags", flags.order_by(CLOSENESS.desc(), "id")),
        Prefetch("decisions", decisions.order_by("-decided_at", "-id")),
        Prefetch("reviews", Review.objects.active()),
        Prefetch("trial_decisions", TrialDecision.objects.select_related("policy")),
        Prefetch("trial_appeals", TrialAppeal.objects.select_related("outcome")),
        Prefetch("appeals", Appeal.objects.select_related("review").order_by("-created_at", "-id")),
    )


class ModeratedImages(StorefrontImages):
    """Photos with what moderation knows of them."""

    serializer_class = ModeratedImageSerializer
    unseen_events = UNSEEN

    def ready(self, images: ImageQuerySet, only: Collection[str] | None = None) -> ImageQuerySet:
        found = super().ready(images, only)
        if only is not None and FROM_CASES.isdisjoint(only):
            return found
        return with_verdict(found)


@documented_collection(ModeratedImageSerializer)
class ModeratedImageCollection(ModeratedImages, ImageCollection):
    """`/images`"""


@documented_detail(ModeratedImageSerializer)
class ModeratedImageDetail(ModeratedImages, ImageDetail):
    """`/images/{id}`"""

    def explain(self, image: Image) -> None:
        image.explanation = explaining.explain(image)  # type: ignore[attr-defined]


class AppealParser(BoundedJSONParser):
    """Whatever is too long for an appeal is too long in its text."""

    def too_large(self) -> ValidationError:
        said = f"Keep the appeal within {appealing.TEXT_LIMIT} characters."
        return ValidationError({"text": [said]}, code="max_length")


@documented_appeal
class ImageAppeal(StorefrontImages):
    """`/images/{id}/appeal`"""

    required_scope = Scope.APPEALS
    parser_classes = (AppealParser,)

    def get_queryset(self) -> ImageQuerySet:
        return Image.objects.of(storefront_of(self.request))

    @idempotent
    def post(self, request: Request, image_id: UUID) -> Response:
        image = self.one()
        sent = AppealRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        text = sent.validated_data["text"]
        try:
            if not storefront_of(request).livemode:
                tried = trials.appeal(image=image, text=text)
                return Response(TrialAppealSerializer(tried).data, status=201)
            made = appealing.appeal(image=image, text=text, source=Source.API)
        except (AppealRefused, TrialRefused) as refusal:
            raise Problem(REFUSALS[refusal.code], str(refusal)) from refusal
        return Response(AppealSerializer(made).data, status=201)
