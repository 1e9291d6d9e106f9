"""The catalog's endpoints with moderation's view of each photo, and appeals."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db.models import Case, F, Prefetch, Value, When
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.problems import Problem
from catalog.api.schema import documented_collection, documented_detail
from catalog.api.views import ImageCollection, ImageDetail, StorefrontImages
from catalog.choices import Scope, Source
from catalog.models import Image
from catalog.models.image import ImageQuerySet
from moderation import appealing
from moderation.api.schema import documented_appeal
from moderation.api.serializers import (
    AppealRequestSerializer,
    AppealSerializer,
    ModeratedImageSerializer,
)
from moderation.appealing import AppealRefused
from moderation.choices import MatchKind
from moderation.models import Appeal, Decision, Flag, Review

# `Flag.closeness`, for the database to sort by.
CLOSENESS = Case(
    When(kind=MatchKind.HASH, then=Value(1.0) - F("score") / Value(256.0)), default=F("score")
)
REFUSALS = {
    "nothing_to_appeal": Code.NOTHING_TO_APPEAL,
    "already_appealed": Code.ALREADY_APPEALED,
    "in_review": Code.IN_REVIEW,
}


def with_verdict(images: ImageQuerySet) -> ImageQuerySet:
    """Photos with what an outsider may know of moderation, in four queries more: flags that were
    not withdrawn (nearest first), decisions that took effect and appeals (latest first), and the
    review that is under way."""
    flags = Flag.objects.filter(withdrawn_at__isnull=True).select_related("policy", "bank")
    decisions = Decision.objects.effective().select_related("policy")
    return images.prefetch_related(
        Prefetch("flags", flags.order_by(CLOSENESS.desc(), "id")),
        Prefetch("decisions", decisions.order_by("-decided_at", "-id")),
        Prefetch("reviews", Review.objects.active()),
        Prefetch("appeals", Appeal.objects.select_related("review").order_by("-created_at", "-id")),
    )


@documented_collection(ModeratedImageSerializer)
class ModeratedImageCollection(ImageCollection):
    """`/images`"""

    serializer_class = ModeratedImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        return with_verdict(super().get_queryset())


@documented_detail(ModeratedImageSerializer)
class ModeratedImageDetail(ImageDetail):
    """`/images/{id}`"""

    serializer_class = ModeratedImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        return with_verdict(super().get_queryset())


@documented_appeal
class ImageAppeal(StorefrontImages):
    """`/images/{id}/appeal`"""

    required_scope = Scope.APPEALS
    parser_classes = (JSONParser,)

    def get_queryset(self) -> ImageQuerySet:
        return Image.objects.of(storefront_of(self.request))

    def post(self, request: Request, image_id: Any) -> Response:
        image = self.get_object()
        sent = AppealRequestSerializer(data=_data(request))
        sent.is_valid(raise_exception=True)
        try:
            made = appealing.appeal(
                image=image, text=sent.validated_data["text"], source=Source.API
            )
        except AppealRefused as refusal:
            raise Problem(REFUSALS[refusal.code], str(refusal)) from refusal
        return Response(AppealSerializer(made).data, status=201)


def _data(request: Request) -> Any:
    """The body, which REST framework's parser alone would read however long it is."""
    try:
        _ = request._request.body
    except RequestDataTooBig as error:
        said = f"Keep the appeal within {appealing.TEXT_LIMIT} characters."
        raise exceptions.ValidationError({"text": [said]}, code="max_length") from error
    return request.data
