"""The page of one storefront: its keys, what they asked for today, and what was done to it."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from catalog import keys, limits
from catalog.choices import Scope
from catalog.models import ApiKey, Image, Storefront, StorefrontEvent
from moderation import in_force
from moderation.models import Policy
from moderation.views.storefront_forms import OVERLAPS, KeyForm, SettingsForm, initial_key

EVENTS = 30
USED = ("requests", "refused", "points")


def midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def page(request: HttpRequest, shop: Storefront, *, status: int = 200, **said: Any) -> HttpResponse:
    sandbox = Storefront.objects.filter(sandbox_of=shop).first()
    both = [each for each in (shop, sandbox) if each]
    chosen = in_force.chosen_by(shop)
    events = StorefrontEvent.objects.filter(storefront__in=both).select_related("actor")
    received = dict(
        Image.objects.filter(storefront__in=both, created_at__gte=midnight())
        .order_by()
        .values_list("storefront")
        .annotate(Count("pk"))
    )
    rows, retired, usage = _keys(both)
    context = {
        "shop": shop,
        "sandbox": sandbox,
        "settings_form": SettingsForm(instance=shop),
        "key_form": KeyForm(initial=initial_key()),
        "scopes": Scope.choices,
        "overlaps": OVERLAPS,
        "policies": [(policy, policy.pk in chosen) for policy in Policy.objects.all()],
        "chosen": len(chosen),
        "rows": rows,
        "retired": retired,
        "usage": usage,
        "photos": received.get(shop.pk, 0),
        "test_photos": received.get(sandbox.pk, 0) if sandbox else 0,
        "shop_points": settings.VITRINE_API_STOREFRONT_POINTS,
        "key_points": settings.VITRINE_API_KEY_POINTS,
        "costs": (settings.VITRINE_API_UPLOAD_POINTS, settings.VITRINE_API_SEARCH_POINTS),
        "events": events[:EVENTS],
        **said,
    }
    return render(request, "moderation/storefront.html", context, status=status)


def _keys(
    shops: list[Storefront],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], limits.Usage | None]:
    """Keys that are accepted and those that are not, live ones first, and today's usage of all."""
    now = timezone.now()
    found = list(
        ApiKey.objects.filter(storefront__in=shops)
        .select_related("storefront", "created_by", "replaced_by")
        .order_by("storefront__sandbox_of", "-created_at")
    )
    used = limits.usage_of([key.pk for key in found], now.astimezone(UTC).date())
    rows = [
        {
            "key": key,
            "usable": keys.usable(key, now),
            "live": key.storefront.livemode,
            "all": len(key.scopes) == len(Scope),
            "followed": getattr(key, "replaced_by", None),
            "today": used[key.pk] if used else None,
        }
        for key in found
    ]
    rows.sort(key=lambda row: not row["live"])
    total = None
    if used is not None:
        total = limits.Usage(*(sum(getattr(each, name) for each in used.values()) for name in USED))
    return (
        [row for row in rows if row["usable"]],
        [row for row in rows if not row["usable"]],
        total,
    )
