"""What the API was asked under a key of its own, and what is left of erased photos."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin
from catalog.models import DoomedFile, IdempotentRequest, Tombstone


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    """Without the answers: they are the storefronts'."""

    list_display = ("key", "storefront", "status", "created_at", "expires_at")
    list_filter = ("storefront", "status")
    list_select_related = ("storefront",)
    search_fields = ("key",)
    fields = (*list_display, "digest", "locked_until")


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    list_display = ("image_id", "storefront", "erased_by", "erased_at")
    list_filter = ("storefront",)
    list_select_related = ("storefront",)
    search_fields = ("=image_id", "=sha256", "erased_by")
    date_hierarchy = "erased_at"


@admin.register(DoomedFile)
class DoomedFileAdmin(ReadOnlyAdmin):
    list_display = ("name", "since")
