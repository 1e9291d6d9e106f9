"""Policies: what may not be shown, and the banks that look for it. Leads edit, moderators look."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Prefetch, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Encoder
from catalog.roles import Role
from catalog.views.access import role_required
from moderation import banks
from moderation.banks import Limits
from moderation.models import Bank, BankTraffic, Policy, Review
from moderation.views.policy_forms import PolicyForm, save_prompts

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class BankRow:
    """A bank in a list: `held` of `screened` photos in the last week, `limits` for the active
    encoder, `on` as of now."""

    bank: Bank
    limits: Limits
    on: bool
    held: int
    screened: int

    @property
    def share(self) -> float | None:
        return self.held / self.screened if self.screened else None

    @property
    def switches(self) -> bool:
        """Whether it will switch by itself."""
        return self.bank.switches_at is not None and self.bank.switches_at > timezone.now()


def rows_of(found: list[Bank]) -> dict[int, BankRow]:
    """What lists say about banks, by their key; three queries for any number of them."""
    now = timezone.now()
    encoder = Encoder.objects.filter(is_active=True).first()
    own = {bank.pk: Limits(bank.hold_threshold, bank.remove_threshold) for bank in found}
    limits = banks.thresholds(found, encoder) if encoder else own
    traffic = {
        row["bank_id"]: row
        for row in BankTraffic.objects.filter(bank__in=found, hour__gte=now - WEEK)
        .values("bank_id")
        .annotate(all_held=Sum("held"), all_screened=Sum("screened"))
        .order_by()
    }
    none = {"all_held": 0, "all_screened": 0}
    return {
        bank.pk: BankRow(
            bank,
            limits[bank.pk],
            bank.is_active(now),
            traffic.get(bank.pk, none)["all_held"],
            traffic.get(bank.pk, none)["all_screened"],
        )
        for bank in found
    }


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def policies(request: HttpRequest) -> HttpResponse:
    counted = Bank.objects.annotate(
        exemplar_count=Count("exemplars", filter=Q(exemplars__is_enabled=True))
    ).order_by("-kind", "name")
    found = list(
        Policy.objects.select_related("group").prefetch_related(
            Prefetch("banks", queryset=counted), "prompts"
        )
    )
    rows = rows_of([bank for policy in found for bank in policy.banks.all()])
    waiting = dict(
        Review.objects.open().values_list("policy_id").annotate(n=Count("pk")).order_by()
    )
    context = {
        "policies": [
            {
                "policy": policy,
                "rows": [rows[bank.pk] for bank in policy.banks.all()],
                "prompts": [p for p in policy.prompts.all() if p.is_enabled],
                "waiting": waiting.get(policy.pk, 0),
            }
            for policy in found
        ]
    }
    return render(request, "moderation/policies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.LEAD)
def policy_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, Policy())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.LEAD)
def policy(request: HttpRequest, slug: str) -> HttpResponse:
    return _edit(request, get_object_or_404(Policy, slug=slug))


def _edit(request: HttpRequest, policy: Policy) -> HttpResponse:
    new = policy.pk is None
    form = PolicyForm(request.POST if request.method == "POST" else None, instance=policy)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            save_prompts(saved, form.wanted_prompts())
            banks.touch_policy(saved)
        messages.success(request, f"{saved.name} was {'added' if new else 'saved'}.")
        return redirect("moderation:policies")
    # What was typed may be refused: the head still shows what is stored.
    stored = None if new else Policy.objects.get(pk=policy.pk)
    context = {"form": form, "policy": stored, "minutes": (30, 60, 240, 1440)}
    status = 422 if form.is_bound else 200
    return render(request, "moderation/policy.html", context, status=status)
