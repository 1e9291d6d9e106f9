"""Webhooks: `/webhooks`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from catalog import endpoints
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.parsers import BoundedJSONParser
from catalog.api.problems import Problem
from catalog.api.schema import ALWAYS, IDEMPOTENT, problems
from catalog.api.webhook_serializers import (
    DeliverySerializer,
    ReplayedSerializer,
    RotationSerializer,
    WebhookChangeSerializer,
    WebhookRequestSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)
from catalog.choices import EndpointState, Scope
from catalog.endpoints import WebhookRefused
from catalog.models import WebhookEndpoint
from catalog.models.webhook import WebhookEndpointQuerySet

BODY = (
    Code.VALIDATION_FAILED,
    Code.MALFORMED_REQUEST,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.FILE_TOO_LARGE,
)
WEBHOOK = OpenApiParameter("webhook_id", UUID, OpenApiParameter.PATH)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="Its address."
)
Done = TypeVar("Done")


class StorefrontWebhooks(GenericAPIView[Any]):
    """What the endpoints share: the calling storefront's webhooks and nobody else's."""

    required_scope = Scope.WEBHOOKS
    serializer_class: Any = WebhookSerializer
    queryset: Any = WebhookEndpoint.objects.none()  # tells the schema the model
    parser_classes = (BoundedJSONParser,)
    pagination_class: Any = None
    lookup_field = "pk"
    lookup_url_kwarg = "webhook_id"

    def get_queryset(self) -> WebhookEndpointQuerySet:
        return WebhookEndpoint.objects.of(storefront_of(self.request))

    def endpoint(self) -> WebhookEndpoint:
        """The one that the address names. Raises Http404."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["webhook_id"])


class WebhookCollection(StorefrontWebhooks):
    """`/webhooks`"""

    @extend_schema(
        operation_id="webhooks_list",
        summary="List webhooks",
        responses={200: WebhookSerializer(many=True)} | problems(*ALWAYS),
        tags=["webhooks"],
    )
    def get(self, request: Request) -> Response:
        return Response(WebhookSerializer(self.get_queryset(), many=True).data)

    @extend_schema(
        operation_id="webhooks_create",
        summary="Make a webhook",
        description="The answer holds the secret that signs its deliveries, this once.",
        request=WebhookRequestSerializer,
        parameters=[LOCATION],
        responses={201: WebhookWithSecretSerializer}
        | problems(*BODY, Code.WEBHOOK_REFUSED, *IDEMPOTENT, *ALWAYS),
        tags=["webhooks"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        sent = WebhookRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted = renamed(sent.validated_data)
        made = said(lambda: endpoints.make(storefront=storefront_of(request), **wanted))
        return Response(
            WebhookWithSecretSerializer(made).data,
            status=201,
            headers={"Location": reverse("api-webhook", (made.pk,), request=request)},
        )


class WebhookDetail(StorefrontWebhooks):
    """`/webhooks/{id}`"""

    @extend_schema(
        operation_id="webhooks_retrieve",
        summary="Look at a webhook",
        parameters=[WEBHOOK],
        responses={200: WebhookSerializer} | problems(Code.NOT_FOUND, *ALWAYS),
        tags=["webhooks"],
    )
    def get(self, request: Request, webhook_id: Any) -> Response:
        return Response(WebhookSerializer(self.endpoint()).data)

    @extend_schema(
        operation_id="webhooks_change",
        summary="Change, pause or switch on a webhook",
        description="What is left out stays. What waits is sent to a new address.",
        parameters=[WEBHOOK],
        request=WebhookChangeSerializer,
        responses={200: WebhookSerializer}
        | problems(Code.NOT_FOUND, *BODY, Code.ADDRESS_REFUSED, Code.WEBHOOK_REFUSED, *ALWAYS),
        tags=["webhooks"],
    )
    def patch(self, request: Request, webhook_id: Any) -> Response:
        endpoint = self.endpoint()
        sent = WebhookChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted = renamed(sent.validated_data)
        state = wanted.pop("state", None)
        if wanted:
            endpoint = said(lambda: endpoints.change(endpoint=endpoint, **wanted))
        if state == EndpointState.PAUSED:
            endpoint = said(lambda: endpoints.pause(endpoint=endpoint))
        elif state == EndpointState.ACTIVE:
            endpoint = said(lambda: endpoints.resume(endpoint=endpoint))
        return Response(WebhookSerializer(endpoint).data)

    @extend_schema(
        operation_id="webhooks_delete",
        summary="Delete a webhook",
        description="With what was sent to it. Nothing more is sent from now on.",
        parameters=[WEBHOOK],
        responses={204: None} | problems(Code.NOT_FOUND, *ALWAYS),
        tags=["webhooks"],
    )
    def delete(self, request: Request, webhook_id: Any) -> Response:
        said(lambda: endpoints.delete(endpoint=self.endpoint()))
        return Response(status=204)


class WebhookSecret(StorefrontWebhooks):
    """`/webhooks/{id}/rotate`"""

    @extend_schema(
        operation_id="webhooks_rotate",
        summary="Rotate the secret",
        description=(
            "The answer holds a new secret, this once. Until the overlap is over, deliveries are "
            "signed by both, so that a receiver can change over without missing any."
        ),
        parameters=[WEBHOOK],
        request=RotationSerializer,
        responses={200: WebhookWithSecretSerializer}
        | problems(Code.NOT_FOUND, *BODY, *IDEMPOTENT, *ALWAYS),
        tags=["webhooks"],
    )
    @idempotent
    def post(self, request: Request, webhook_id: Any) -> Response:
        endpoint = self.endpoint()
        sent = RotationSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        overlap = timedelta(hours=sent.validated_data["overlap_hours"])
        rotated = said(lambda: endpoints.rotate(endpoint=endpoint, overlap=overlap))
        return Response(WebhookWithSecretSerializer(rotated).data)


class WebhookTest(StorefrontWebhooks):
    """`/webhooks/{id}/test`"""

    @extend_schema(
        operation_id="webhooks_test",
        summary="Send a test event",
        description="`webhook.test`, to this endpoint alone, whatever it wants to be told of.",
        parameters=[WEBHOOK],
        request=None,
        responses={202: OpenApiResponse(DeliverySerializer, description="It will be sent")}
        | problems(Code.NOT_FOUND, Code.WEBHOOK_REFUSED, *IDEMPOTENT, *ALWAYS),
        tags=["webhooks"],
    )
    @idempotent
    def post(self, request: Request, webhook_id: Any) -> Response:
        endpoint = self.endpoint()
        made = said(lambda: endpoints.send_test(endpoint=endpoint))
        return Response(DeliverySerializer(made).data, status=202)


class WebhookReplay(StorefrontWebhooks):
    """`/webhooks/{id}/replay`"""

    @extend_schema(
        operation_id="webhooks_replay",
        summary="Send everything again that was given up",
        description="Each with the id it had, in the order in which it happened.",
        parameters=[WEBHOOK],
        request=None,
        responses={202: ReplayedSerializer}
        | problems(Code.NOT_FOUND, Code.WEBHOOK_REFUSED, *IDEMPOTENT, *ALWAYS),
        tags=["webhooks"],
    )
    @idempotent
    def post(self, request: Request, webhook_id: Any) -> Response:
        endpoint = self.endpoint()
        count = said(lambda: endpoints.replay_failed(endpoint=endpoint))
        return Response({"count": count}, status=202)


def renamed(sent: dict[str, Any]) -> dict[str, Any]:
    """As the verbs call it."""
    return {{"events": "kinds"}.get(name, name): value for name, value in sent.items()}


def said(verb: Callable[[], Done]) -> Done:
    """What the verb returns; its refusal as a problem."""
    try:
        return verb()
    except WebhookRefused as refused:
        if refused.field == "url":
            raise Problem(Code.ADDRESS_REFUSED, str(refused)) from refused
        raise Problem(Code.WEBHOOK_REFUSED, str(refused)) from refused
