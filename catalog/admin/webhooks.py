"""Webhooks, to be looked at: they are made and changed on their storefront's page."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin
from catalog.models import Delivery, DeliveryAttempt, WebhookEndpoint, WebhookEvent


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ("url", "storefront", "state", "failures", "open_until", "created_at")
    list_filter = ("state", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("url", "description", "storefront__name")
    exclude = ("secret", "previous_secret")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "storefront", "image_id", "created_at")
    list_filter = ("kind", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("=id", "=image_id")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("event", "endpoint", "state", "attempts", "next_attempt_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("event", "endpoint")
    search_fields = ("endpoint__url", "event__kind")


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    list_display = ("delivery", "at", "status", "milliseconds", "error")
    list_select_related = ("delivery",)
    search_fields = ("error", "answer")
