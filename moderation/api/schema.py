"""What the OpenAPI document says about appeals."""

from uuid import UUID

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from catalog.api.codes import Code
from catalog.api.schema import ALWAYS, IDEMPOTENT, problems
from moderation.api.examples import APPEAL, APPEAL_TEXT
from moderation.api.serializers import AppealRequestSerializer, AppealSerializer

documented_appeal = extend_schema_view(
    post=extend_schema(
        operation_id="images_appeal",
        summary="Appeal against a removal",
        description=(
            "Asks for another look at a removed photo, by somebody who has not decided on it. "
            "The photo stays removed meanwhile; its `appeal` says how it went. A removal can be "
            "appealed once."
        ),
        parameters=[OpenApiParameter("image_id", UUID, OpenApiParameter.PATH)],
        request=AppealRequestSerializer,
        responses={201: OpenApiResponse(AppealSerializer, description="Somebody else will look")}
        | problems(
            Code.NOT_FOUND,
            *IDEMPOTENT,
            Code.NOTHING_TO_APPEAL,
            Code.ALREADY_APPEALED,
            Code.IN_REVIEW,
            Code.VALIDATION_FAILED,
            Code.MALFORMED_REQUEST,
            Code.UNSUPPORTED_MEDIA_TYPE,
            *ALWAYS,
        ),
        examples=[
            OpenApiExample("An appeal", APPEAL_TEXT, request_only=True),
            OpenApiExample("An open appeal", APPEAL, response_only=True, status_codes=["201"]),
        ],
        tags=["images"],
    ),
)
