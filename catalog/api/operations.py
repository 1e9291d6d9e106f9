"""What every operation of the OpenAPI document has: the version, and keys of requests."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from catalog.api import idempotent, versions

VERSION_ASKED = OpenApiParameter(
    versions.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The version you were written for. Left out: the present one.",
    enum=[versions.VERSION],
)
VERSION_GIVEN = OpenApiParameter(
    versions.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The version that answered.",
    response=True,
)
KEY = OpenApiParameter(
    idempotent.HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description=(
        "Names this request. Sent again within a day, under the same key and with the same body, "
        "it is answered as before and nothing happens twice."
    ),
)
REPLAYED = OpenApiParameter(
    idempotent.REPLAYED,
    {"type": "string", "const": "true"},
    OpenApiParameter.HEADER,
    description="There if the answer was given before.",
    response=[200, 201, 202],
)


class Operation(AutoSchema):
    """Adds the headers that no view documents by itself."""

    def get_override_parameters(self) -> list[Any]:
        own = [*super().get_override_parameters(), VERSION_ASKED, VERSION_GIVEN]
        post = getattr(self.view, "post", None)
        if self.method == "POST" and getattr(post, "is_idempotent", False):
            own += [KEY, REPLAYED]
        return own
