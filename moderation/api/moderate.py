"""`/moderate`: a photo is judged like one that was sent, and forgotten."""

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import glancing
from catalog.api import uploads
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.parsers import PhotoJSONParser, PhotoMultiPartParser
from catalog.api.problems import Problem
from catalog.api.schema import ALWAYS, IDEMPOTENT, UPLOAD, problems
from catalog.api.sent import FILE, Base64Field, PhotoField
from catalog.choices import Scope, Status
from catalog.glancing import Glance, NobodyJudged
from catalog.models import Embedding, Image, ImageAttribute, Tag
from moderation import judged_counts
from moderation.api.examples import HELD
from moderation.api.serializers import ModeratedImageSerializer
from moderation.models import Flag

SHOWN = (
    *("livemode", "status", "format", "width", "height", "tags", "attributes", "encoder"),
    *("versions", "flags", "timings"),
)
JUDGED = {name: HELD[name] for name in SHOWN if name in HELD}


class FormSerializer(serializers.Serializer[Any]):
    """One photo as a file of a form."""

    file = PhotoField(allow_empty_file=True, help_text=FILE)


class BytesSerializer(serializers.Serializer[Any]):
    base64 = Base64Field(help_text=FILE)


@extend_schema_serializer(component_name="ImageToJudge")
class JSONSerializer(serializers.Serializer[Any]):
    """One photo in JSON."""

    image = BytesSerializer()


@extend_schema_serializer(component_name="Judgement", examples=[])
class JudgementSerializer(ModeratedImageSerializer):
    """What a photo would be: a photo's verdict, without what only a stored photo has."""

    status = serializers.ChoiceField(
        choices=[Status.LIVE.value, Status.HELD.value, Status.REMOVED.value], read_only=True
    )

    class Meta(ModeratedImageSerializer.Meta):
        fields = SHOWN
        read_only_fields = fields


@extend_schema_view(
    post=extend_schema(
        operation_id="moderate",
        summary="Judge a photo without storing it",
        description=(
            "Answers what would become of a photo: tags, flags and status, by the same code and "
            "the same banks as photos that are stored. The photo is kept nowhere: it goes to a "
            "worker and back encrypted, in memory, and all that stays is one more in a count of "
            "the day's verdicts."
        ),
        request={"multipart/form-data": FormSerializer, "application/json": JSONSerializer},
        responses={200: OpenApiResponse(JudgementSerializer, description="Its verdict")}
        | problems(*UPLOAD, Code.MODERATION_UNAVAILABLE, *IDEMPOTENT, *ALWAYS),
        examples=[OpenApiExample("A held photo", JUDGED, response_only=True, status_codes=["200"])],
        tags=["moderate"],
    ),
)
class Moderate(APIView):
    """`/moderate`"""

    required_scope = Scope.IMAGES_WRITE
    parser_classes = (PhotoMultiPartParser, PhotoJSONParser)

    @idempotent
    def post(self, request: Request) -> Response:
        storefront = storefront_of(request)
        try:
            found = glancing.glance(storefront=storefront, data=_photo(request))
        except NobodyJudged as error:
            raise Problem(Code.MODERATION_UNAVAILABLE, str(error)) from error
        judged_counts.count(storefront=storefront, status=found.image.status)
        return Response(JudgementSerializer(shown(found)).data)


def shown(found: Glance) -> Image:
    """The photo as `with_verdict` would have fetched it, had it been stored."""
    image = found.image
    image._prefetched_objects_cache = {  # type: ignore[attr-defined]
        "embeddings": [Embedding(image=image, encoder=found.encoder)],
        "tags": sorted(found.of(Tag), key=lambda tag: tag.rank),
        "attributes": found.of(ImageAttribute),
        "flags": sorted(found.of(Flag), key=lambda flag: -flag.closeness),
    }
    return image


def _photo(request: Request) -> bytes:
    if isinstance(request.data, QueryDict):
        form = FormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return uploads.read(form.validated_data["file"])
    sent = JSONSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    data: bytes = sent.validated_data["image"]["base64"]
    return data
