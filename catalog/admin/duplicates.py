"""What staff did to products and alt texts, and the groups of near-duplicates, to be looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.base import ReadOnlyAdmin
from catalog.models import (
    AltText,
    ComparedPhoto,
    DuplicateGroup,
    DuplicateLink,
    DuplicateMember,
    Grouping,
    IgnoredDuplicates,
    ProductEvent,
)


@admin.register(ProductEvent)
class ProductEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "summary", "product_id", "actor")
    list_filter = ("kind",)
    # Not the product: events outlive it, and a join would leave those out.
    list_select_related = ("actor",)
    search_fields = ("summary",)
    ordering = ("-at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductEvent]:
        found: QuerySet[ProductEvent] = super().get_queryset(request)
        return found.prefetch_related("product")


@admin.register(AltText)
class AltTextAdmin(ReadOnlyAdmin):
    list_display = ("image", "text", "edited_by", "edited_at")
    list_select_related = ("image", "edited_by")
    search_fields = ("text", "image__filename")


@admin.register(Grouping)
class GroupingAdmin(ReadOnlyAdmin):
    list_display = ("storefront", "encoder", "version", "is_stale", "grouped_at")
    list_select_related = ("storefront", "encoder")
    search_fields = ("storefront__name",)


@admin.register(ComparedPhoto)
class ComparedPhotoAdmin(ReadOnlyAdmin):
    list_display = ("image_id", "grouping_id")
    search_fields = ("=image__id",)


@admin.register(DuplicateLink)
class DuplicateLinkAdmin(ReadOnlyAdmin):
    list_display = ("left_id", "right_id", "cosine", "bits")
    search_fields = ("=left__id", "=right__id")


@admin.register(DuplicateGroup)
class DuplicateGroupAdmin(ReadOnlyAdmin):
    list_display = ("pk", "grouping", "size", "version", "is_ignored")
    list_filter = ("is_ignored",)
    list_select_related = ("grouping__storefront",)
    search_fields = ("=members__image__id",)


@admin.register(DuplicateMember)
class DuplicateMemberAdmin(ReadOnlyAdmin):
    list_display = ("image_id", "group_id")
    search_fields = ("=image__id",)


@admin.register(IgnoredDuplicates)
class IgnoredDuplicatesAdmin(ReadOnlyAdmin):
    list_display = ("storefront", "by", "at")
    list_select_related = ("storefront", "by")
    search_fields = ("storefront__name", "by__username")
