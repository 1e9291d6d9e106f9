"""What the OpenAPI document says about photos; the apps above the catalog reuse it."""

from collections.abc import Callable
from uuid import UUID

from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from catalog.api.codes import Code
from catalog.api.fetches import FetchSerializer
from catalog.api.list_queries import DetailQuery, ListQuery
from catalog.api.pagination import PageQuery
from catalog.api.schema import ALWAYS, IDEMPOTENT, UPLOAD, ImageRepresentation, problems
from catalog.api.sent import (
    ImageChangeSerializer,
    JSONUploadSerializer,
    UploadSerializer,
    WaitQuery,
)

IMAGE_ID = OpenApiParameter("image_id", UUID, OpenApiParameter.PATH)
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    description="Address of the photo, or of the address that is fetched.",
    response=[200, 201, 202],
)
IMAGE = {"$ref": "#/components/schemas/Image"}
# A photo, or with `fields` a part of one.
PART = {
    "anyOf": [
        IMAGE,
        {
            "type": "object",
            "title": "Part of an image",
            "description": "With `fields`: the fields that were asked for, and `id`.",
            "required": ["id"],
            "properties": {"id": {"type": "string", "format": "uuid"}},
        },
    ]
}


def documented_collection(image: ImageRepresentation) -> Callable[[type], type]:
    """Document `/images` with this representation of a photo."""
    return extend_schema_view(
        get=extend_schema(
            operation_id="images_list",
            summary="List photos",
            description="The storefront's photos, newest first.",
            parameters=[ListQuery, PageQuery],
            responses={200: OpenApiResponse(PART, description="A page")}
            | problems(Code.VALIDATION_FAILED, Code.INVALID_CURSOR, *ALWAYS),
            tags=["images"],
        ),
        post=extend_schema(
            operation_id="images_create",
            summary="Send a photo",
            description=(
                "Stores one photo and queues it for tagging and screening. Sending the same "
                "bytes for the same product again is safe: it answers 200 with the photo that is "
                "already there, however often and however concurrently. A photo given by its "
                "address is fetched by a worker."
            ),
            request={
                "multipart/form-data": UploadSerializer,
                "application/json": JSONUploadSerializer,
            },
            parameters=[WaitQuery, LOCATION],
            responses={
                201: OpenApiResponse(image, description="Stored; its `status` says how far it is"),
                200: OpenApiResponse(image, description="Already there"),
                202: OpenApiResponse(FetchSerializer, description="It will be fetched"),
            }
            | problems(*UPLOAD, Code.ADDRESS_REFUSED, *IDEMPOTENT, *ALWAYS),
            tags=["images"],
        ),
    )


def documented_detail(image: ImageRepresentation) -> Callable[[type], type]:
    """Document `/images/{id}` with this representation of a photo."""
    gone = (Code.NOT_FOUND, Code.GONE)
    return extend_schema_view(
        get=extend_schema(
            operation_id="images_retrieve",
            summary="Look at a photo",
            description=(
                "Where the photo stands, its tags and its verdict. A photo of another storefront "
                "is answered exactly as one that does not exist."
            ),
            parameters=[IMAGE_ID, DetailQuery],
            responses={200: OpenApiResponse(PART, description="The photo")}
            | problems(*gone, Code.VALIDATION_FAILED, *ALWAYS),
            tags=["images"],
        ),
        patch=extend_schema(
            operation_id="images_update",
            summary="Change what a photo belongs to",
            description="What is left out stays as it is. Tags and verdict stay in any case.",
            parameters=[IMAGE_ID],
            request=ImageChangeSerializer,
            responses={200: OpenApiResponse(image, description="As it is now")}
            | problems(
                *gone,
                Code.DUPLICATE_IMAGE,
                Code.VALIDATION_FAILED,
                Code.MALFORMED_REQUEST,
                Code.UNSUPPORTED_MEDIA_TYPE,
                Code.FILE_TOO_LARGE,
                *ALWAYS,
            ),
            tags=["images"],
        ),
        delete=extend_schema(
            operation_id="images_delete",
            summary="Erase a photo",
            description=(
                "Erases the file, its renditions, vectors, hashes, tags, flags and reviews, at "
                "once and for good. Decisions and history stay, and a record that a photo with "
                "this digest was erased, when and by whom; from then on it is `410 Gone`."
            ),
            parameters=[IMAGE_ID],
            responses={204: OpenApiResponse(description="Erased")} | problems(*gone, *ALWAYS),
            tags=["images"],
        ),
    )
