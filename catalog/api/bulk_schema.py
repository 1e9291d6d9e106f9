"""What the OpenAPI document says about photos sent in bulk."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view

from catalog.api.codes import Code
from catalog.api.schema import ALWAYS, IDEMPOTENT, problems

RESULT: dict[str, Any] = {
    "type": "object",
    "title": "What became of one line",
    "required": ["index", "status"],
    "properties": {
        "index": {
            "type": "integer",
            "minimum": 0,
            "description": "Which line, from 0; blank ones are not counted.",
        },
        "status": {
            "type": "integer",
            "description": "What it would have been answered with alone.",
        },
        "image": {"$ref": "#/components/schemas/Image"},
        "fetch": {"$ref": "#/components/schemas/Fetch"},
        "problem": {"$ref": "#/components/schemas/Problem"},
    },
}
RESULTS: dict[str, Any] = {
    "type": "object",
    "required": ["accepted", "refused", "results"],
    "properties": {
        "accepted": {"type": "integer", "description": "Lines that were taken."},
        "refused": {"type": "integer", "description": "Lines that have a `problem`."},
        "results": {"type": "array", "maxItems": 1001, "items": RESULT},
    },
}
LINES = (
    '{"image": {"base64": "/9j/4AAQSkZJRg…"}, "sku": "MUG-1"}\n'
    '{"image": {"url": "https://cdn.shop.example/vase.jpg"}, "sku": "VASE-2"}\n'
)

documented_bulk = extend_schema_view(
    post=extend_schema(
        operation_id="images_bulk",
        summary="Send many photos",
        description=(
            "A line of JSON (NDJSON) per photo, each as `POST /images` takes it, up to 1,000. The "
            "lines are taken in one after another while they arrive, and each has a result of its "
            "own: one that is refused concerns no other. Sending them all again is safe. Every "
            "line costs as many points as a photo sent alone."
        ),
        request={
            "application/x-ndjson": {
                "type": "string",
                "description": "One JSON object per line, as `ImageSent` describes it.",
            }
        },
        responses={200: OpenApiResponse(RESULTS, description="What became of each line")}
        | problems(
            Code.VALIDATION_FAILED,
            Code.UNSUPPORTED_MEDIA_TYPE,
            Code.FILE_TOO_LARGE,
            Code.TOO_MANY_ITEMS,
            *IDEMPOTENT,
            *ALWAYS,
        ),
        examples=[
            OpenApiExample("Two photos", LINES, request_only=True),
        ],
        tags=["images"],
    ),
)
