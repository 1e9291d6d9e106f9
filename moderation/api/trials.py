"""What only test keys may do: decide about their sandbox's photos, as a moderator would."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.parsers import BoundedJSONParser
from catalog.api.problems import Problem
from catalog.api.schema import ALWAYS, IDEMPOTENT, problems
from catalog.choices import Scope
from moderation import trials
from moderation.api.serializers import ModeratedImageSerializer
from moderation.api.views import ModeratedImages
from moderation.choices import Action
from moderation.models import Policy
from moderation.trials import TrialRefused


@extend_schema_field({"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"})
class PolicyField(serializers.SlugRelatedField):
    """A policy by its slug."""


class TrialDecisionSerializer(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=Action.choices)
    policy = PolicyField(
        slug_field="slug",
        queryset=Policy.objects.all(),
        required=False,
        help_text="What a removal rests on; the most severe policy that flagged it if left out.",
    )


documented = extend_schema(
    operation_id="test_images_decide",
    summary="Decide about a test photo",
    description=(
        "For test keys: nobody reviews a sandbox's photos, so this decides instead, with effect "
        "at once and webhooks as in live mode. An open appeal ends with it. Live keys are refused."
    ),
    parameters=[OpenApiParameter("image_id", UUID, OpenApiParameter.PATH)],
    request=TrialDecisionSerializer,
    responses={200: ModeratedImageSerializer}
    | problems(
        Code.LIVE_KEY,
        Code.NOT_FOUND,
        *IDEMPOTENT,
        Code.NOT_SCREENED,
        Code.VALIDATION_FAILED,
        Code.MALFORMED_REQUEST,
        Code.UNSUPPORTED_MEDIA_TYPE,
        *ALWAYS,
    ),
    examples=[OpenApiExample("A removal", {"action": "remove"}, request_only=True)],
    tags=["test mode"],
)


class TrialDecisionView(ModeratedImages):
    """`/test/images/{id}/decision`"""

    required_scope = Scope.IMAGES_WRITE
    parser_classes = (BoundedJSONParser,)

    @documented
    @idempotent
    def post(self, request: Request, image_id: UUID) -> Response:
        if storefront_of(request).livemode:
            raise Problem(Code.LIVE_KEY)
        image = self.one()
        sent = TrialDecisionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            trials.decide(
                image=image,
                action=Action(sent.validated_data["action"]),
                policy=sent.validated_data.get("policy"),
            )
        except TrialRefused as refusal:
            raise Problem(Code.NOT_SCREENED, str(refusal)) from refusal
        return Response(self.show(image.pk))
