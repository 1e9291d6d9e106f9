"""Photos by address, to be looked at: storefronts ask for them, workers fetch them."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin
from catalog.models import Fetch


@admin.register(Fetch)
class FetchAdmin(ReadOnlyAdmin):
    list_display = ("url", "storefront", "status", "failure_code", "attempts", "created_at")
    list_filter = ("status", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("url", "sku", "failure_reason")
    exclude = ("lease_token",)
