"""What was sent to a webhook: `/webhooks/{id}/deliveries`, and sending again."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import endpoints
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.pagination import NewestFirst, PageQuery
from catalog.api.schema import ALWAYS, IDEMPOTENT, problems
from catalog.api.strict import query_of
from catalog.api.webhook_serializers import (
    DeliveryQuery,
    DeliverySerializer,
    WholeDeliverySerializer,
)
from catalog.api.webhooks import (
    WEBHOOK,
    StorefrontWebhooks,
    WebhookCollection,
    WebhookDetail,
    WebhookReplay,
    WebhookSecret,
    WebhookTest,
    said,
)
from catalog.models import Delivery

EVENT = OpenApiParameter("event_id", UUID, OpenApiParameter.PATH)


class DeliveriesNewestFirst(NewestFirst):
    key = "event_id"


class DeliveryCollection(ListModelMixin, StorefrontWebhooks):
    """`/webhooks/{id}/deliveries`"""

    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    pagination_class = DeliveriesNewestFirst

    @extend_schema(
        operation_id="deliveries_list",
        summary="List deliveries",
        description="What was sent to a webhook or waits to be, newest first.",
        parameters=[WEBHOOK, DeliveryQuery, PageQuery],
        responses={200: DeliverySerializer(many=True)}
        | problems(Code.NOT_FOUND, Code.VALIDATION_FAILED, Code.INVALID_CURSOR, *ALWAYS),
        tags=["webhooks"],
    )
    def get(self, request: Request, webhook_id: Any) -> Response:
        endpoint = self.endpoint()
        query = DeliveryQuery(data=query_of(request))
        query.is_valid(raise_exception=True)
        by = {"state": "state", "type": "event__kind", "image": "image_id"}
        wanted = {by[name]: value for name, value in query.validated_data.items()}
        found = endpoint.deliveries.filter(**wanted).select_related("event")
        page = self.paginate_queryset(found)
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)


class StorefrontDelivery(StorefrontWebhooks):
    """One delivery of a webhook of the calling storefront."""

    queryset = Delivery.objects.none()

    def delivery(self) -> Delivery:
        found = self.endpoint().deliveries.select_related("event", "endpoint")
        return get_object_or_404(found, event=self.kwargs["event_id"])


class DeliveryDetail(StorefrontDelivery):
    """`/webhooks/{id}/deliveries/{event_id}`"""

    @extend_schema(
        operation_id="deliveries_retrieve",
        summary="Look at a delivery",
        description="What is sent, and what came of every attempt.",
        parameters=[WEBHOOK, EVENT],
        responses={200: WholeDeliverySerializer} | problems(Code.NOT_FOUND, *ALWAYS),
        tags=["webhooks"],
    )
    def get(self, request: Request, webhook_id: Any, event_id: Any) -> Response:
        return Response(WholeDeliverySerializer(self.delivery()).data)


class DeliveryReplay(StorefrontDelivery):
    """`/webhooks/{id}/deliveries/{event_id}/replay`"""

    @extend_schema(
        operation_id="deliveries_replay",
        summary="Send one again",
        description="At once, with the id it had; also one that was delivered.",
        parameters=[WEBHOOK, EVENT],
        request=None,
        responses={202: DeliverySerializer}
        | problems(Code.NOT_FOUND, Code.WEBHOOK_REFUSED, *IDEMPOTENT, *ALWAYS),
        tags=["webhooks"],
    )
    @idempotent
    def post(self, request: Request, webhook_id: Any, event_id: Any) -> Response:
        delivery = self.delivery()
        again = said(lambda: endpoints.replay(delivery=delivery))
        return Response(DeliverySerializer(again).data, status=202)


def webhook_routes() -> list[URLPattern]:
    """Addresses of everything here."""
    one = "v1/webhooks/<uuid:webhook_id>"
    delivery = f"{one}/deliveries/<uuid:event_id>"
    return [
        path("v1/webhooks", WebhookCollection.as_view(), name="api-webhooks"),
        path(one, WebhookDetail.as_view(), name="api-webhook"),
        path(f"{one}/rotate", WebhookSecret.as_view(), name="api-webhook-rotate"),
        path(f"{one}/test", WebhookTest.as_view(), name="api-webhook-test"),
        path(f"{one}/replay", WebhookReplay.as_view(), name="api-webhook-replay"),
        path(f"{one}/deliveries", DeliveryCollection.as_view(), name="api-deliveries"),
        path(delivery, DeliveryDetail.as_view(), name="api-delivery"),
        path(f"{delivery}/replay", DeliveryReplay.as_view(), name="api-delivery-replay"),
    ]
