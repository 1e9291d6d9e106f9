"""What the OpenAPI document says about every endpoint."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.serializers import BaseSerializer

from catalog.api.authentication import BEARER, HEADER, scope_of
from catalog.api.codes import ABOUT_THE_FILE, Code
from catalog.api.problems import CONTENT_TYPE, body
from catalog.api.serializers import ProblemSerializer

ImageRepresentation = type[BaseSerializer[Any]]
KEY = (
    Code.API_KEY_MISSING,
    Code.INVALID_API_KEY,
    Code.INSUFFICIENT_SCOPE,
    Code.RATE_LIMITED,
)
OURS = (Code.INTERNAL_ERROR, Code.UNAVAILABLE)
ALWAYS = (
    *(*KEY, Code.UNKNOWN_VERSION, Code.METHOD_NOT_ALLOWED, Code.NOT_ACCEPTABLE),
    *OURS,
)
# `gone`: the answer that was kept told of a photo that was erased since.
IDEMPOTENT = (Code.IDEMPOTENCY_MISMATCH, Code.IDEMPOTENCY_IN_PROGRESS, Code.GONE)
UPLOAD = (
    Code.MALFORMED_REQUEST,
    Code.VALIDATION_FAILED,
    Code.UNSUPPORTED_MEDIA_TYPE,
    *ABOUT_THE_FILE,
)


class ApiKeySchemes(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Either header will do; the scope that the key needs is named beside it."""

    target_class = "catalog.api.authentication.ApiKeyAuthentication"
    name = ["bearerKey", "headerKey"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        scope = scope_of(auto_schema.view, auto_schema.method)
        return [{name: [scope.value] if scope else []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        made = "Made by `manage.py create_api_key` or in the admin."
        return [
            {"type": "http", "scheme": BEARER, "bearerFormat": "vt_…", "description": made},
            {"type": "apiKey", "in": "header", "name": HEADER, "description": made},
        ]


def problems(*codes: Code) -> dict[Any, Any]:
    """One response per status, with an example for each code that comes with it."""
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(code.status, []).append(code)
    return {
        (status, CONTENT_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=" / ".join(code.title for code in same),
            examples=[
                OpenApiExample(code.code, body(code), media_type=CONTENT_TYPE) for code in same
            ],
        )
        for status, same in sorted(by_status.items())
    }
