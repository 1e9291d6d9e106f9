"""What the API says about a photo, and how it says no."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog import alt_texts
from catalog.choices import AltTextSource, Status
from catalog.models import Encoder, Image, ImageAttribute, Product, Tag

SEPARATOR = " ▸ "


@extend_schema_serializer(component_name="ProductName")
class ProductNameSerializer(serializers.ModelSerializer[Product]):
    """What a photo says of its product; the whole product with `expand=product`."""

    class Meta:
        model = Product
        fields = ("sku", "title")
        read_only_fields = fields


@extend_schema_serializer(component_name="Product")
class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product as the storefront describes it."""

    class Meta:
        model = Product
        fields: tuple[str, ...] = (
            *("sku", "title", "exposure", "data", "created_at", "updated_at"),
        )
        read_only_fields = fields


class LevelSerializer(serializers.Serializer[Any]):
    """One level of a tag's path."""

    name = serializers.CharField(read_only=True)
    score = serializers.FloatField(
        read_only=True, help_text="Probability that the photo belongs here or below."
    )


class TagSerializer(serializers.ModelSerializer[Tag]):
    category = serializers.CharField(
        source="category.external_id", read_only=True, help_text="The taxonomy's id for it."
    )
    name = serializers.CharField(source="category.name", read_only=True)
    path = serializers.CharField(
        source="category.path", read_only=True, help_text="Names from the root down."
    )
    score = serializers.FloatField(read_only=True, help_text="Probability, 0 to 1.")
    levels = serializers.SerializerMethodField(
        help_text="How sure each level of the path is, from the root down; empty if not known."
    )

    class Meta:
        model = Tag
        fields = ("category", "name", "path", "score", "rank", "levels")
        read_only_fields = fields

    @extend_schema_field(LevelSerializer(many=True))
    def get_levels(self, tag: Tag) -> Any:
        scores = getattr(tag, "levels", None) or []
        return [
            {"name": name, "score": score}
            for name, score in zip(tag.category.path.split(SEPARATOR), scores, strict=False)
        ]


@extend_schema_serializer(component_name="Attribute")
class AttributeSerializer(serializers.ModelSerializer[ImageAttribute]):
    """One value of an attribute, such as colour, that the photo has."""

    attribute = serializers.CharField(
        source="value.attribute.slug", read_only=True, help_text="Id of the attribute."
    )
    value = serializers.CharField(
        source="value.slug", read_only=True, help_text="Id of the value, as in filters."
    )
    name = serializers.CharField(source="value.name", read_only=True)
    score = serializers.FloatField(
        read_only=True,
        allow_null=True,
        help_text="Probability, or for colours the share of the thing that has it; null where "
        "only a person said so.",
    )
    confirmed = serializers.BooleanField(
        source="is_confirmed", read_only=True, help_text="A person said that it is right."
    )

    class Meta:
        model = ImageAttribute
        fields = ("attribute", "value", "name", "score", "confirmed")
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


class TaxonomyVersionSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)


class VersionsSerializer(serializers.Serializer[Any]):
    """What the tags were made with, besides the encoder. A flag names its bank's version itself."""

    taxonomy = TaxonomyVersionSerializer(read_only=True, help_text="As it is now.")
    templates = serializers.CharField(read_only=True, help_text="Of the prompts.")
    head = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="Version of what was learned from people; null while tags rest on words alone.",
    )
    calibration = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Id of the calibration; null if there is none."
    )


class TimingsSerializer(serializers.Serializer[Any]):
    """Milliseconds; null until they are over."""

    queued_ms = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="From its arrival until a worker took it."
    )
    processing_ms = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="From then until the verdict."
    )


class FailureSerializer(serializers.Serializer[Image]):
    """Why a photo could not be processed."""

    code = serializers.CharField(source="failure_code", read_only=True)
    reason = serializers.CharField(source="failure_reason", read_only=True)


class ImageSerializer(serializers.ModelSerializer[Image]):
    """One photo and what is known about it. Comes from a queryset made by `described`."""

    livemode = serializers.BooleanField(
        source="storefront.livemode",
        read_only=True,
        help_text="False for photos sent with a test key.",
    )
    product = ProductNameSerializer(read_only=True, allow_null=True)
    alt_text = serializers.SerializerMethodField(
        help_text="What stands for it where it cannot be seen; empty while nothing is known of it."
    )
    alt_text_source = serializers.SerializerMethodField(
        help_text="`proposed` from tags, attributes and the product's title, or `edited`: what a "
        "person or you wrote, which stays until it is taken back."
    )
    tags = serializers.SerializerMethodField(help_text="Best first; empty if nothing was certain.")
    attributes = serializers.SerializerMethodField(
        help_text="Colour, pattern, material and others in use; empty if nothing was certain."
    )
    encoder = serializers.SerializerMethodField(help_text="Null until the photo is processed.")
    versions = serializers.SerializerMethodField(help_text="Null while there are no tags.")
    failure = serializers.SerializerMethodField(help_text="Null unless the status is `failed`.")
    timings = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: tuple[str, ...] = (
            "id",
            "livemode",
            "status",
            "filename",
            "sha256",
            "format",
            "width",
            "height",
            "product",
            "alt_text",
            "alt_text_source",
            "tags",
            "attributes",
            "encoder",
            "versions",
            "failure",
            "created_at",
            "processed_at",
            "timings",
        )
        read_only_fields = fields

    def get_fields(self) -> Any:
        """Those that the context's `only` and `expand` ask for; see `ShownQuery`."""
        fields = super().get_fields()
        if "product" in self.context.get("expand", ()):
            fields["product"] = ProductSerializer(read_only=True, allow_null=True)
        only = self.context.get("only")
        return {name: each for name, each in fields.items() if only is None or name in only}

    def get_alt_text(self, image: Image) -> str:
        return alt_texts.shown(image).text

    @extend_schema_field(serializers.ChoiceField(choices=AltTextSource.choices))
    def get_alt_text_source(self, image: Image) -> str:
        return alt_texts.shown(image).source.value

    @extend_schema_field(TagSerializer(many=True))
    def get_tags(self, image: Image) -> Any:
        return TagSerializer(shown_tags(image), many=True).data

    @extend_schema_field(AttributeSerializer(many=True))
    def get_attributes(self, image: Image) -> Any:
        """Those of the encoder that is shown, like tags."""
        encoder = shown_encoder(image)
        rows = [row for row in image.attributes.all() if encoder and row.encoder_id == encoder.pk]
        return AttributeSerializer(rows, many=True).data

    @extend_schema_field(EncoderSerializer(allow_null=True))
    def get_encoder(self, image: Image) -> Any:
        encoder = shown_encoder(image)
        return EncoderSerializer(encoder).data if encoder else None

    @extend_schema_field(VersionsSerializer(allow_null=True))
    def get_versions(self, image: Image) -> Any:
        tags = shown_tags(image)
        if not tags:
            return None
        tag = tags[0]
        taxonomy = tag.category.taxonomy
        return {
            "taxonomy": {"slug": taxonomy.slug, "version": taxonomy.version},
            "templates": tag.template_version,
            "head": tag.head.version if tag.head else None,
            "calibration": tag.calibration_id,
        }

    @extend_schema_field(TimingsSerializer)
    def get_timings(self, image: Image) -> Any:
        begun, done = image.started_at, image.processed_at
        return {
            "queued_ms": milliseconds(image.created_at, begun) if begun and done else None,
            "processing_ms": milliseconds(begun, done) if begun and done else None,
        }

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, image: Image) -> Any:
        return FailureSerializer(image).data if image.status == Status.FAILED else None


def shown_encoder(image: Image) -> Encoder | None:
    """The active encoder if it has embedded the photo, else the last one that did."""
    embeddings = image.embeddings.all()  # prefetched in that order by `described`
    return embeddings[0].encoder if embeddings else None


def shown_tags(image: Image) -> list[Tag]:
    """Those of the encoder that is shown: scores of different encoders do not compare."""
    encoder = shown_encoder(image)
    return [tag for tag in image.tags.all() if encoder and tag.encoder_id == encoder.pk]


def milliseconds(begin: datetime, end: datetime) -> int:
    return max(0, round((end - begin).total_seconds() * 1000))


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
