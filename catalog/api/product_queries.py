"""What is said and asked about products."""

import base64
import binascii
import json
import math
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api.codes import Code
from catalog.api.pagination import LARGEST_PAGE, PAGE_SIZE
from catalog.api.problems import Problem
from catalog.api.serializers import ProductSerializer
from catalog.api.strict import Text

DATA_LIMIT = 16 * 1024  # characters as JSON
DEPTH = 20
MOST_EXPOSED = 1_000_000.0


class ProductWithImagesSerializer(ProductSerializer):
    """A product, how many photos it has, and with `expand=images` the photos."""

    photos = serializers.IntegerField(read_only=True, help_text="How many photos it has.")

    class Meta(ProductSerializer.Meta):
        fields = (*ProductSerializer.Meta.fields, "photos")
        read_only_fields = fields


@extend_schema_field({"type": "object", "additionalProperties": True})
class DataField(serializers.JSONField):
    """An object that is kept as it is: small, shallow, and of what PostgreSQL can store."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Send an object.", code="invalid")
        if not _storable(data, DEPTH):
            raise serializers.ValidationError(
                f"It is nested more than {DEPTH} deep, or holds a NUL character, half a surrogate "
                "pair or a number that is not finite.",
                code="invalid",
            )
        if len(json.dumps(data, ensure_ascii=False)) > DATA_LIMIT:
            raise serializers.ValidationError(
                f"It is longer than {DATA_LIMIT:,} characters.", code="max_length"
            )
        return data


class ProductSentSerializer(serializers.Serializer[Any]):
    """What a storefront says about its product. What is left out stays as it is."""

    title = Text(required=False, allow_blank=True, max_length=300)
    exposure = serializers.FloatField(
        required=False,
        min_value=1e-6,
        max_value=MOST_EXPOSED,
        help_text="How much it is looked at, relative to your other products; 1 if never said.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`data` is a serializer's own word."""
        kept = DataField(
            required=False, help_text="Whatever you want to keep with it; never interpreted."
        )
        return {**super().get_fields(), "data": kept}


class ProductQuery(serializers.Serializer[Any]):
    expand = serializers.ChoiceField(
        choices=["images"], required=False, help_text="Its first 50 photos, in your order."
    )

    @property
    def wants_images(self) -> bool:
        return self.validated_data.get("expand") == "images"


class EraseQuery(serializers.Serializer[Any]):
    images = serializers.ChoiceField(
        choices=["erase"], required=False, help_text="Erase its photos as well, for good."
    )


class ProductListQuery(serializers.Serializer[Any]):
    """A page of products."""

    cursor = serializers.CharField(
        required=False, min_length=1, help_text="From `next` of the page before; opaque."
    )
    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_PAGE,
        default=PAGE_SIZE,
        help_text="Products per page.",
    )


def after(sku: str) -> str:
    """The position after this SKU, as an opaque cursor."""
    return base64.urlsafe_b64encode(b"sku " + sku.encode()).decode().rstrip("=")


def position(cursor: str) -> str:
    """The SKU a cursor stands for. Raises the `invalid_cursor` problem."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        kind, _, sku = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        if kind != "sku" or "\0" in sku:
            raise ValueError(cursor)
        return sku
    except (ValueError, binascii.Error) as error:
        raise Problem(Code.INVALID_CURSOR) from error


def _storable(value: Any, depth: int) -> bool:
    match value:
        case str():
            return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
        case float():
            return math.isfinite(value)
        case dict():
            return depth > 0 and all(
                _storable(key, depth) and _storable(each, depth - 1) for key, each in value.items()
            )
        case list():
            return depth > 0 and all(_storable(each, depth - 1) for each in value)
    return True
