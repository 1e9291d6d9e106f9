"""What the API says about webhooks, and what it takes with them."""

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.addresses import MAX_URL
from catalog.api.strict import AddressText, Text
from catalog.choices import DeliveryState, EndpointState, Occurrence
from catalog.endpoints import LONGEST_OVERLAP, OVERLAP, SUBSCRIBABLE
from catalog.models import Delivery, DeliveryAttempt, WebhookEndpoint

EVENTS = "What it is told of. Empty: everything, also what is added later."
STATES = (EndpointState.ACTIVE, EndpointState.PAUSED)
HOUR = 3600


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An endpoint. Its secret is shown only by the answers that make it."""

    events = serializers.ListField(
        source="kinds",
        child=serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in SUBSCRIBABLE]),
        read_only=True,
        help_text=EVENTS,
    )
    state_reason = serializers.CharField(
        read_only=True, help_text="Why it is disabled; empty unless it is."
    )
    failures = serializers.IntegerField(
        read_only=True, help_text="Attempts in a row that failed; 0 once one is accepted."
    )
    retries_at = serializers.DateTimeField(
        source="open_until",
        read_only=True,
        allow_null=True,
        help_text="Nothing is sent before then, for it failed several times in a row.",
    )
    previous_secret_until = serializers.DateTimeField(
        source="previous_until",
        read_only=True,
        allow_null=True,
        help_text="Until then, deliveries carry a signature by the secret before this one too.",
    )

    class Meta:
        model = WebhookEndpoint
        fields: tuple[str, ...] = (
            *("id", "url", "description", "events", "state", "state_reason"),
            *("failures", "retries_at", "previous_secret_until", "created_at"),
        )
        read_only_fields = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """An endpoint with the secret that was just made. It is not shown again."""

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")
        read_only_fields = fields


class WebhookRequestSerializer(serializers.Serializer[Any]):
    """An address to be told."""

    url = AddressText(max_length=MAX_URL, help_text="An https address on the public internet.")
    description = Text(required=False, allow_blank=True, max_length=200)
    events = serializers.ListField(
        required=False,
        child=serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in SUBSCRIBABLE]),
        max_length=len(SUBSCRIBABLE),
        help_text=EVENTS,
    )


class WebhookChangeSerializer(WebhookRequestSerializer):
    """What is to be changed."""

    url = AddressText(required=False, max_length=MAX_URL)
    state = serializers.ChoiceField(
        required=False,
        choices=[(state.value, state.label) for state in STATES],
        help_text="`paused`: events wait. `active`: they are sent, also to one that was disabled.",
    )


class RotationSerializer(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()) // HOUR,
        default=int(OVERLAP.total_seconds()) // HOUR,
        help_text="For how long both secrets sign.",
    )


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One event for one endpoint."""

    event = serializers.UUIDField(
        source="event_id", read_only=True, help_text="The `webhook-id` it is sent with."
    )
    type = serializers.ChoiceField(choices=Occurrence.choices, source="event.kind", read_only=True)
    image = serializers.UUIDField(
        source="image_id", read_only=True, allow_null=True, help_text="The photo it is about."
    )
    state = serializers.ChoiceField(
        choices=DeliveryState.choices,
        read_only=True,
        help_text="`failed`: given up. `dropped`: the endpoint was disabled first.",
    )
    next_attempt_at = serializers.SerializerMethodField(help_text="Null unless it waits.")

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            *("event", "type", "image", "state", "attempts", "next_attempt_at"),
            *("created_at", "finished_at"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_attempt_at(self, delivery: Delivery) -> Any:
        waits = delivery.state == DeliveryState.WAITING
        at = delivery.next_attempt_at
        return serializers.DateTimeField().to_representation(at) if waits else None


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One request."""

    status = serializers.IntegerField(read_only=True, allow_null=True, help_text="HTTP, if any.")
    error = serializers.CharField(read_only=True, help_text="Empty if it was accepted.")

    class Meta:
        model = DeliveryAttempt
        fields = ("at", "status", "milliseconds", "answer", "error")
        read_only_fields = fields


class WholeDeliverySerializer(DeliverySerializer):
    """One event for one endpoint, with what is sent and every attempt."""

    payload = serializers.SerializerMethodField(help_text="What is sent.")
    log = AttemptSerializer(many=True, read_only=True, help_text="Newest first.")

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "payload", "log")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_payload(self, delivery: Delivery) -> Any:
        return json.loads(delivery.event.body)


class DeliveryQuery(serializers.Serializer[Any]):
    """What the list of deliveries may be narrowed to."""

    state = serializers.ChoiceField(choices=DeliveryState.choices, required=False)
    type = serializers.ChoiceField(choices=Occurrence.choices, required=False)
    image = serializers.UUIDField(required=False, help_text="Deliveries about one photo.")


class ReplayedSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(read_only=True, help_text="Deliveries that are sent again.")
