"""What the pages of webhooks say in a word or a line."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.choices import DeliveryState, EndpointState, Status
from catalog.models import DeliveryAttempt, WebhookEndpoint
from catalog.views.webhook_tables import Asked, Row

register = template.Library()

ENDPOINTS = {
    EndpointState.ACTIVE: Status.LIVE,
    EndpointState.PAUSED: Status.HELD,
    EndpointState.DISABLED: Status.REMOVED,
}
DELIVERIES = {
    DeliveryState.WAITING: Status.PENDING,
    DeliveryState.DELIVERED: Status.LIVE,
    DeliveryState.FAILED: Status.REMOVED,
    DeliveryState.DROPPED: Status.FAILED,
}


@register.filter
def endpoint_chip(row: Row) -> SafeString:
    """An endpoint's state; one that fails is not fine, though it is active."""
    state = EndpointState(row.endpoint.state)
    if state == EndpointState.ACTIVE and row.endpoint.failures:
        return format_html('<span class="status {}">Failing</span>', Status.HELD)
    return format_html('<span class="status {}">{}</span>', ENDPOINTS[state], state.label)


@register.filter
def delivery_chip(state: str) -> SafeString:
    known = DeliveryState(state)
    return format_html('<span class="status {}">{}</span>', DELIVERIES[known], known.label)


@register.filter
def told_of(endpoint: WebhookEndpoint) -> SafeString | str:
    """What an endpoint is told of."""
    if not endpoint.kinds:
        return "every event"
    return format_html_join(", ", "<code>{}</code>", ((kind,) for kind in endpoint.kinds))


@register.filter
def outcome(attempt: DeliveryAttempt) -> str:
    """What came of an attempt, in a word."""
    return str(attempt.status) if attempt.status else "no answer"


@register.simple_tag
def narrowed(asked: Asked, **changed: object) -> str:
    """The log's address with something else chosen."""
    return asked.query(**changed)
