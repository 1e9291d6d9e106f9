"""Reading what clients send as the OpenAPI document describes it, no more leniently."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from catalog.addresses import MAX_URL

NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"


class Text(serializers.CharField):
    """A string; REST framework's own field takes numbers for text too."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class TextDescription(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Says in the document that white space alone is refused, where it is."""

    target_class = Text

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Any:
        described = auto_schema._map_serializer_field(
            self.target, direction, bypass_extensions=True
        )
        described["type"] = "string"  # null is added afterwards, where it is allowed
        return described if self.target.allow_blank else described | {"pattern": NOT_BLANK}


@extend_schema_field({"type": "string", "pattern": r"^https?://[^\x00]+$", "maxLength": MAX_URL})
class AddressText(Text):
    """An address on the web; whether it may be reached is asked of `catalog.addresses`."""


def query_of(request: Request) -> dict[str, str]:
    """The query's parameters, the last of each name. As a plain dictionary, so that an empty one
    is a value that is wrong, and not one that was left out as in a form."""
    return request.query_params.dict()
