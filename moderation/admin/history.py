"""What moderation did: to be read, never edited."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString

from catalog.admin.base import ReadOnlyAdmin, ReadOnlyInline, thumbnail
from moderation.models import Decision, Flag, Review, Skip


class OfPhoto(ReadOnlyAdmin):
    """Rows about one photo, found by it."""

    search_fields: ClassVar[tuple[str, ...]] = ("=image__id", "image__filename")

    @admin.display(description="")
    def photo(self, row: Any) -> SafeString:
        return thumbnail(row.image)


@admin.register(Flag)
class FlagAdmin(OfPhoto):
    list_display = ("photo", "policy", "bank", "outcome", "score", "threshold", "created_at")
    list_filter = ("outcome", "policy", "bank", "encoder")
    list_select_related = ("image", "policy", "bank__policy")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)


class SkipInline(ReadOnlyInline):
    model = Skip
    fields = ("moderator", "at")


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ("action", "policy", "decided_by", "decided_at", "note")


@admin.register(Review)
class ReviewAdmin(OfPhoto):
    """Reviews are claimed and decided in the queue, where a second moderator is kept out."""

    list_display = ("photo", "policy", "status", "priority", "claimed_by", "due_at", "decided_at")
    list_filter = ("status", "policy")
    list_select_related = ("image", "policy", "claimed_by")
    date_hierarchy = "created_at"
    inlines = (DecisionInline, SkipInline)


@admin.register(Decision)
class DecisionAdmin(OfPhoto):
    list_display = ("photo", "action", "policy", "decided_by", "decided_at", "note")
    list_filter = ("action", "policy", "decided_by")
    list_select_related = ("image", "policy", "decided_by")
    search_fields = ("=image__id", "image__filename", "note", "decided_by__username")
    date_hierarchy = "decided_at"


@admin.register(Skip)
class SkipAdmin(ReadOnlyAdmin):
    list_display = ("review", "moderator", "at")
    list_filter = ("moderator",)
    list_select_related = ("review", "moderator")
    ordering = ("-at",)
