"""What moderation did: to be read, never edited."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import ReadOnlyAdmin, ReadOnlyInline, thumbnail
from catalog.models import Image
from moderation.models import (
    Appeal,
    BlindReview,
    Decision,
    Flag,
    JudgedCount,
    Notice,
    Preferences,
    Review,
    Settlement,
    Skip,
    Sweep,
    SweepHit,
    TrialAppeal,
    TrialDecision,
)


class OfPhoto(ReadOnlyAdmin):
    """Rows about one photo, found by it."""

    search_fields: ClassVar[tuple[str, ...]] = ("=image__id", "image__filename")

    @admin.display(description="")
    def photo(self, row: Any) -> SafeString | str:
        try:
            return thumbnail(row.image)
        except Image.DoesNotExist:
            return "erased"


@admin.register(Flag)
class FlagAdmin(OfPhoto):
    list_display = (
        "photo", "kind", "policy", "bank", "prompt_text", "outcome", "score", "threshold",
        "quarantined", "withdrawn_at", "created_at",
    )  # fmt: skip
    list_filter = ("kind", "outcome", "quarantined", "policy", "bank", "encoder")
    list_select_related = ("image", "policy", "bank__policy")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)


class SkipInline(ReadOnlyInline):
    model = Skip
    fields = ("moderator", "at")


class DecisionInline(ReadOnlyInline):
    model = Decision
    fk_name = "review"
    fields = ("queue", "action", "policy", "decided_by", "decided_at", "note")


@admin.register(Review)
class ReviewAdmin(OfPhoto):
    """Reviews are claimed and decided in the queue, where a second moderator is kept out."""

    list_display = (
        "photo", "queue", "policy", "group", "status", "priority", "claimed_by", "due_at",
        "takes_effect_at", "decided_at",
    )  # fmt: skip
    list_filter = ("queue", "status", "policy", "group")
    list_select_related = ("image", "policy", "group", "claimed_by")
    date_hierarchy = "created_at"
    inlines = (DecisionInline, SkipInline)


class SettlementInline(ReadOnlyInline):
    model = Settlement
    fields = ("result", "by", "note", "at")


@admin.register(Decision)
class DecisionAdmin(OfPhoto):
    list_display = (
        "photo", "queue", "action", "policy", "decided_by", "decided_at", "note", "settlement",
    )  # fmt: skip
    list_filter = ("queue", "action", "policy", "decided_by")
    # Not the photo: decisions outlive it, and a join would leave those out.
    list_select_related = ("policy", "decided_by", "settlement__decision__decided_by")
    search_fields = ("=image__id", "note", "decided_by__username")
    date_hierarchy = "decided_at"
    inlines = (SettlementInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        found: QuerySet[Decision] = super().get_queryset(request)
        return found.prefetch_related("image")


@admin.register(Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    list_display = ("decision", "result", "by", "note", "at")
    list_filter = ("result",)
    list_select_related = ("decision__decided_by", "by")
    date_hierarchy = "at"
    ordering = ("-at", "-id")


@admin.register(Appeal)
class AppealAdmin(OfPhoto):
    list_display = ("photo", "decision", "text", "source", "made_by", "created_at")
    list_filter = ("source",)
    list_select_related = ("image", "decision__decided_by", "made_by")
    date_hierarchy = "created_at"


@admin.register(Skip)
class SkipAdmin(ReadOnlyAdmin):
    list_display = ("review", "moderator", "at")
    list_filter = ("moderator",)
    list_select_related = ("review", "moderator")
    ordering = ("-at",)


@admin.register(BlindReview)
class BlindReviewAdmin(ReadOnlyAdmin):
    list_display = ("decision", "sampled_at", "reviewer", "action", "policy", "answered_at")
    list_filter = ("action", "policy", "reviewer")
    list_select_related = ("decision__decided_by", "reviewer", "policy")


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = (
        "bank", "status", "scanned", "total", "matched", "held", "started_by", "created_at",
        "finished_at",
    )  # fmt: skip
    list_filter = ("status", "bank")
    list_select_related = ("bank__policy", "started_by")


@admin.register(SweepHit)
class SweepHitAdmin(OfPhoto):
    list_display = ("photo", "sweep", "exemplar", "score", "acted", "status_before", "reverted")
    list_filter = ("acted", "reverted")
    list_select_related = ("image", "sweep__bank__policy", "exemplar")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("text", "bank", "created_at", "settled_at", "settled_by")
    list_filter = (("settled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("bank__policy", "settled_by")


@admin.register(Preferences)
class PreferencesAdmin(ReadOnlyAdmin):
    """Keys and breaks are each person's own to set."""

    list_display = ("user", "break_after_minutes")
    list_select_related = ("user",)


@admin.register(JudgedCount)
class JudgedCountAdmin(ReadOnlyAdmin):
    list_display = ("day", "storefront", "status", "photos")
    list_filter = ("status", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("storefront__name",)
    date_hierarchy = "day"


@admin.register(TrialDecision)
class TrialDecisionAdmin(OfPhoto):
    list_display = ("photo", "action", "policy", "decided_at")
    list_filter = ("action", "policy")
    list_select_related = ("image", "policy")


@admin.register(TrialAppeal)
class TrialAppealAdmin(OfPhoto):
    list_display = ("photo", "text", "outcome", "created_at")
    list_select_related = ("image", "outcome")
