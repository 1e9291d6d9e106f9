"""Storefronts, their keys and their products."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from catalog import keys, storefronts
from catalog.admin.base import ReadOnlyAdmin, StandingAdmin, user_of
from catalog.models import ApiKey, Product, Storefront, StorefrontEvent
from catalog.storefronts import SETTINGS


@admin.register(Storefront)
class StorefrontAdmin(StandingAdmin):
    list_display = ("name", "slug", "exposure", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: Storefront, form: Any, change: bool) -> None:
        """What the storefront's page changes too is changed by the same verb, and recorded."""
        if not change:
            obj.save()
            return
        known = {name: form.cleaned_data[name] for name in form.changed_data if name in SETTINGS}
        storefronts.change(storefront=obj, values=known, by=user_of(request))
        rest = [name for name in form.changed_data if name not in SETTINGS]
        if rest:
            obj.save(update_fields=rest)


@admin.register(ApiKey)
class ApiKeyAdmin(StandingAdmin):
    """Keys are made and revoked; there is nothing about them to edit."""

    list_display = (
        "prefix", "name", "storefront", "scopes", "created_at", "created_by", "last_used_at",
        "expires_at", "revoked_at",
    )  # fmt: skip
    list_filter = ("storefront", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("storefront",)
    search_fields = ("prefix", "name", "storefront__name")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.list_display if obj else ("storefront", "name")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_apikey")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, plaintext = keys.create_key(
            storefront=obj.storefront, name=obj.name, by=user_of(request)
        )
        obj.__dict__.update(key.__dict__)
        messages.warning(
            request, f"The key is {plaintext} . Copy it now: it cannot be shown again."
        )

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        usable = list(queryset.filter(revoked_at__isnull=True))
        for key in usable:
            keys.revoke(key=key, by=user_of(request))
        messages.success(request, f"Keys revoked: {len(usable)}.")


@admin.register(StorefrontEvent)
class StorefrontEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "storefront", "kind", "summary", "actor")
    list_filter = ("kind", "storefront")
    list_select_related = ("storefront", "actor")
    search_fields = ("summary", "storefront__name")
    date_hierarchy = "at"


@admin.register(Product)
class ProductAdmin(StandingAdmin):
    list_display = ("sku", "title", "storefront", "created_at")
    list_filter = ("storefront",)
    list_select_related = ("storefront",)
    search_fields = ("sku", "title")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Storefronts know it by the first two; a cover is chosen among its own photos.
        return ("storefront", "sku", "cover") if obj else ("cover",)
