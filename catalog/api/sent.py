"""What is sent with a photo: as a form, or as JSON with the photo in base64 or by address."""

import base64
import binascii
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.addresses import MAX_URL
from catalog.api import uploads, waiting
from catalog.api.strict import AddressText, Text

BASE64 = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
FILENAME_LENGTH = 255
ALT_TEXT_LENGTH = 250
TITLE_ALONE = "A title belongs to a product: send its sku too."
FILE = "The photo: JPEG, PNG, WebP, GIF or AVIF; of an animation, the first frame."
SKU = "Your id for the product. A product you have not named before is made."
TITLE = "The product's title; replaces an earlier one. Needs `sku`."
ALT_TEXT = "What stands for the photo where it cannot be seen; replaces what is proposed."


@extend_schema_field(OpenApiTypes.BINARY)
class PhotoField(serializers.FileField):
    """The bytes of one photo."""


@extend_schema_field({"type": "string", "contentEncoding": "base64", "pattern": BASE64})
class Base64Field(serializers.Field[bytes, str, str, Any]):
    """Bytes as base64 (RFC 4648), line breaks allowed. How long they are is known before they
    are decoded."""

    default_error_messages = {
        "invalid": "This is not base64. Send the photo's bytes in the alphabet A-Z a-z 0-9 + /.",
        "address": "Send what follows “base64,” of the data: address alone.",
    }

    def to_internal_value(self, data: Any) -> bytes:
        if not isinstance(data, str):
            self.fail("invalid")
        if data.startswith("data:"):
            self.fail("address")
        compact = "".join(data.split())
        size = len(compact) * 3 // 4 - compact[-2:].count("=")
        if size > settings.VITRINE_MAX_UPLOAD_BYTES:
            raise uploads.too_large(size)
        try:
            return base64.b64decode(compact, validate=True)
        except (binascii.Error, ValueError):
            self.fail("invalid")

    def to_representation(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


class _ForProduct(serializers.Serializer[Any]):
    """What may come with a photo, however it comes."""

    sku = Text(required=False, allow_blank=True, max_length=120, help_text=SKU)
    title = Text(required=False, allow_blank=True, max_length=300, help_text=TITLE)
    alt_text = Text(
        required=False, allow_blank=True, max_length=ALT_TEXT_LENGTH, help_text=ALT_TEXT
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("title") and not attrs.get("sku"):
            raise serializers.ValidationError({"sku": TITLE_ALONE}, code="required")
        return attrs


class UploadSerializer(_ForProduct):
    """One photo as a file of a form, and the product it shows."""

    # An empty file is refused further on, by the code every upload goes through.
    file = PhotoField(allow_empty_file=True, help_text=FILE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if len(self.initial_data.getlist("file")) > 1:
            raise serializers.ValidationError(
                {"file": "Send one photo per request."}, code="too_many"
            )
        file = attrs.pop("file")
        return attrs | {"data": uploads.read(file), "filename": file.name}


class PictureSerializer(serializers.Serializer[Any]):
    """The photo itself, or where a worker finds it."""

    base64 = Base64Field(required=False, help_text=FILE)
    url = AddressText(
        required=False,
        max_length=MAX_URL,
        help_text="An http or https address on the public internet, without a user name.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Send either `base64` or `url`.", code="required")
        return attrs


@extend_schema_serializer(component_name="ImageSent")
class JSONUploadSerializer(_ForProduct):
    """One photo in JSON, and the product it shows."""

    image = PictureSerializer()
    filename = Text(
        required=False,
        allow_blank=True,
        max_length=FILENAME_LENGTH,
        help_text="What you call it; for people. Of an address, its own end is used.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        picture = attrs.pop("image")
        if "base64" in picture:
            return {"filename": ""} | attrs | {"data": picture["base64"]}
        if attrs.get("alt_text"):
            said = "The photo has yet to be fetched: set its alt text once it is here."
            raise serializers.ValidationError({"alt_text": said}, code="too_early")
        attrs.pop("alt_text", None)
        attrs.pop("filename", None)
        return attrs | {"url": picture["url"]}


@extend_schema_serializer(component_name="ImageChange")
class ImageChangeSerializer(serializers.Serializer[Any]):
    """What a storefront may change about its photo."""

    sku = Text(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=120,
        help_text="The product it shows from now on, made if new; empty or null: none.",
    )
    alt_text = Text(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=ALT_TEXT_LENGTH,
        help_text="What stands for it where it cannot be seen; empty or null: as proposed.",
    )


class WaitQuery(serializers.Serializer[Any]):
    """How long the caller would wait for a verdict."""

    wait = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=waiting.LONGEST,
        help_text=(
            "Answer once the photo is processed, or after so many seconds. Few requests may wait "
            "at once; beyond that the answer comes at once."
        ),
    )
