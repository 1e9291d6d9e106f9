"""Banks, their thresholds and their traffic. Every change reaches the workers by the version."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from catalog.admin.base import ReadOnlyAdmin, ReadOnlyInline, StandingAdmin, user_of
from moderation import banks, flooding
from moderation.models import Bank, BankThreshold, BankTraffic


class ThresholdInline(ReadOnlyInline):
    """Thresholds for one encoder are set in the lab, with what they would have done in view."""

    model = BankThreshold
    fields = ("encoder", "hold", "remove", "author", "note", "created_at")


@admin.register(Bank)
class BankAdmin(StandingAdmin):
    list_display = (
        "name", "policy", "kind", "hold_threshold", "remove_threshold", "hash_distance",
        "sample_rate", "exemplars", "is_enabled", "switches_at", "quarantined_at", "version",
    )  # fmt: skip
    list_filter = (
        "kind", "is_enabled", ("quarantined_at", admin.EmptyFieldListFilter), "policy",
    )  # fmt: skip
    list_select_related = ("policy",)
    search_fields = ("name", "policy__name", "note")
    readonly_fields = ("version", "quarantined_at", "quarantine_reason")
    inlines = (ThresholdInline,)
    actions = ("lift_quarantine",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bank]:
        enabled = Count("exemplars", filter=Q(exemplars__is_enabled=True))
        found: QuerySet[Bank] = super().get_queryset(request)
        return found.annotate(exemplar_count=enabled)

    @admin.display(ordering="exemplar_count", description="enabled exemplars")
    def exemplars(self, bank: Bank) -> int:
        count: int = bank.exemplar_count  # type: ignore[attr-defined]
        return count

    def save_model(self, request: HttpRequest, obj: Bank, form: Any, change: bool) -> None:
        if change:
            # Only what the form changed: the version may have grown since the form was opened.
            obj.save(update_fields=form.changed_data)
        else:
            obj.save()
        banks.touch(obj)

    @admin.action(description="Lift the quarantine of selected banks", permissions=["change"])
    def lift_quarantine(self, request: HttpRequest, queryset: QuerySet[Bank]) -> None:
        quarantined = list(queryset.filter(quarantined_at__isnull=False))
        moved = sum(flooding.lift(bank=bank, actor=user_of(request)) for bank in quarantined)
        messages.success(
            request,
            f"Quarantines lifted: {len(quarantined)}. Reviews now in the first queue: {moved}.",
        )


@admin.register(BankThreshold)
class BankThresholdAdmin(ReadOnlyAdmin):
    list_display = ("bank", "encoder", "hold", "remove", "author", "note", "created_at")
    list_filter = ("bank", "encoder")
    list_select_related = ("bank__policy", "encoder", "author")
    date_hierarchy = "created_at"


@admin.register(BankTraffic)
class BankTrafficAdmin(ReadOnlyAdmin):
    list_display = ("bank", "hour", "screened", "held")
    list_filter = ("bank",)
    list_select_related = ("bank__policy",)
    date_hierarchy = "hour"
    ordering = ("-hour", "bank")
