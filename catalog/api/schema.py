"""What the OpenAPI document says about the endpoints; the verdict's apps reuse it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.serializers import BaseSerializer

from catalog.api.authentication import BEARER, HEADER, scope_of
from catalog.api.codes import ABOUT_THE_FILE, Code
from catalog.api.pagination import PageQuery
from catalog.api.problems import CONTENT_TYPE, body
from catalog.api.serializers import ListQuery, ProblemSerializer, UploadSerializer

ImageRepresentation = type[BaseSerializer[Any]]
KEY = (Code.API_KEY_MISSING, Code.INVALID_API_KEY, Code.INSUFFICIENT_SCOPE)
OURS = (Code.INTERNAL_ERROR, Code.UNAVAILABLE)
ALWAYS = (*KEY, Code.METHOD_NOT_ALLOWED, Code.NOT_ACCEPTABLE, *OURS)
UPLOAD = (
    Code.MALFORMED_REQUEST,
    Code.VALIDATION_FAILED,
    Code.UNSUPPORTED_MEDIA_TYPE,
    *ABOUT_THE_FILE,
)
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    description="Address of the photo.",
    response=[200, 201],
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


def documented_collection(image: ImageRepresentation) -> Callable[[type], type]:
    """Document `/images` with this representation of a photo."""
    return extend_schema_view(
        get=extend_schema(
            operation_id="images_list",
            summary="List photos",
            description="The storefront's photos, newest first.",
            parameters=[ListQuery, PageQuery],
            responses={200: image(many=True)}
            | problems(Code.VALIDATION_FAILED, Code.INVALID_CURSOR, *ALWAYS),
            tags=["images"],
        ),
        post=extend_schema(
            operation_id="images_create",
            summary="Send a photo",
            description=(
                "Stores one photo and queues it for tagging and screening. Sending the same "
                "bytes for the same product again is safe: it answers 200 with the photo that is "
                "already there, however often and however concurrently."
            ),
            request={"multipart/form-data": UploadSerializer},
            parameters=[LOCATION],
            responses={
                201: OpenApiResponse(image, description="Stored; waits for a worker"),
                200: OpenApiResponse(image, description="Already there"),
            }
            | problems(*UPLOAD, *ALWAYS),
            tags=["images"],
        ),
    )


def documented_detail(image: ImageRepresentation) -> Callable[[type], type]:
    """Document `/images/{id}` with this representation of a photo."""
    return extend_schema_view(
        get=extend_schema(
            operation_id="images_retrieve",
            summary="Look at a photo",
            description=(
                "Where the photo stands, its tags and its verdict. A photo of another storefront "
                "is answered exactly as one that does not exist."
            ),
            parameters=[OpenApiParameter("image_id", UUID, OpenApiParameter.PATH)],
            responses={200: image} | problems(Code.NOT_FOUND, *ALWAYS),
            tags=["images"],
        ),
    )
