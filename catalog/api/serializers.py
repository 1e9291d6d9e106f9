"""What the API says about a photo, and what it takes with one."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.choices import Status
from catalog.models import Encoder, Image, Product, Tag


class ProductSerializer(serializers.ModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ("sku", "title")
        read_only_fields = fields


class TagSerializer(serializers.ModelSerializer[Tag]):
    category = serializers.CharField(
        source="category.external_id", read_only=True, help_text="The taxonomy's id for it."
    )
    name = serializers.CharField(source="category.name", read_only=True)
    path = serializers.CharField(
        source="category.path", read_only=True, help_text="Names from the root down."
    )

    class Meta:
        model = Tag
        fields = ("category", "name", "path", "score", "rank")
        read_only_fields = fields


@extend_schema_serializer(component_name="Encoder")
class EncoderSerializer(serializers.ModelSerializer[Encoder]):
    """The model that saw the photo."""

    mini = serializers.BooleanField(
        source="is_mini",
        read_only=True,
        help_text="The small bundled model: good enough to try Vitrine with, not to rely on.",
    )

    class Meta:
        model = Encoder
        fields = ("name", "fingerprint", "mini")
        read_only_fields = fields


class FailureSerializer(serializers.Serializer[Image]):
    """Why a photo could not be processed."""

    code = serializers.CharField(source="failure_code", read_only=True)
    reason = serializers.CharField(source="failure_reason", read_only=True)


class ImageSerializer(serializers.ModelSerializer[Image]):
    """One photo and what is known about it. Comes from a queryset made by `described`."""

    product = ProductSerializer(read_only=True, allow_null=True)
    tags = serializers.SerializerMethodField(help_text="Best first; empty if nothing was certain.")
    encoder = serializers.SerializerMethodField(help_text="Null until the photo is processed.")
    failure = serializers.SerializerMethodField(help_text="Null unless the status is `failed`.")

    class Meta:
        model = Image
        fields: tuple[str, ...] = (
            "id",
            "status",
            "filename",
            "sha256",
            "format",
            "width",
            "height",
            "product",
            "tags",
            "encoder",
            "failure",
            "created_at",
            "processed_at",
        )
        read_only_fields = fields

    @extend_schema_field(TagSerializer(many=True))
    def get_tags(self, image: Image) -> Any:
        """Those of the encoder that is shown: scores of different encoders do not compare."""
        encoder = shown_encoder(image)
        tags = [tag for tag in image.tags.all() if encoder and tag.encoder_id == encoder.pk]
        return TagSerializer(tags, many=True).data

    @extend_schema_field(EncoderSerializer(allow_null=True))
    def get_encoder(self, image: Image) -> Any:
        encoder = shown_encoder(image)
        return EncoderSerializer(encoder).data if encoder else None

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, image: Image) -> Any:
        return FailureSerializer(image).data if image.status == Status.FAILED else None


def shown_encoder(image: Image) -> Encoder | None:
    """The active encoder if it has embedded the photo, else the last one that did."""
    embeddings = image.embeddings.all()  # prefetched in that order by `described`
    return embeddings[0].encoder if embeddings else None


@extend_schema_field(OpenApiTypes.BINARY)
class PhotoField(serializers.FileField):
    """The bytes of one photo."""


class UploadSerializer(serializers.Serializer[Any]):
    """One photo, and the product it shows."""

    file = PhotoField(
        allow_empty_file=True,  # refused further on, by the code every upload goes through
        help_text="The photo: JPEG, PNG, WebP, GIF or AVIF; of an animation, the first frame.",
    )
    sku = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=120,
        help_text="Your id for the product. A product you have not named before is made.",
    )
    title = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="The product's title; replaces an earlier one. Needs `sku`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("title") and not attrs.get("sku"):
            raise serializers.ValidationError(
                {"sku": "A title belongs to a product: send its sku too."}, code="required"
            )
        files = self.initial_data.getlist("file")
        if len(files) > 1:
            raise serializers.ValidationError(
                {"file": "Send one photo per request."}, code="too_many"
            )
        return attrs


class ListQuery(serializers.Serializer[Any]):
    """What a list may be narrowed to."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Empty if it is about the request as a whole.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField(help_text="Identifies the kind of problem; the code as a URN.")
    title = serializers.CharField()
    status = serializers.IntegerField(help_text="The HTTP status, again.")
    code = serializers.CharField(help_text="Stable; listed in the documentation.")
    detail = serializers.CharField(help_text="What happened and what to do, for people.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]
