"""The queue: what waits for a person, the most urgent first."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation.choices import Outcome
from moderation.models import Flag, Policy, Review

PAGE_SIZE = 50


@dataclass(frozen=True)
class Summary:
    """The numbers over the queue: everything open, and what this moderator may take."""

    open: int
    oldest_due: datetime | None
    yours: int
    overdue: int


def summary_for(request: HttpRequest) -> Summary:
    now = timezone.now()
    reviews = Review.objects.open()
    numbers = reviews.aggregate(oldest_due=Min("due_at"))
    return Summary(
        open=reviews.count(),
        oldest_due=numbers["oldest_due"],
        yours=Review.objects.queue_for(person(request), now).count(),
        overdue=reviews.filter(due_at__lt=now).count(),
    )


def _after(cursor: str) -> Q | None:
    """Rows behind `<priority>~<created>~<id>` in the queue's order; None if it was mangled."""
    priority, created, key = [*cursor.split("~"), "", ""][:3]
    try:
        rank, at, row = float(priority), datetime.fromisoformat(created), int(key)
    except ValueError:
        return None
    if at.tzinfo is None or rank != rank:
        return None
    return (
        Q(priority__lt=rank)
        | Q(priority=rank, created_at__gt=at)
        | Q(priority=rank, created_at=at, id__gt=row)
    )


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def queue(request: HttpRequest) -> HttpResponse:
    summary = summary_for(request)
    if request.headers.get("HX-Request"):
        return render(request, "moderation/_summary.html", {"summary": summary})
    reviews = Review.objects.open().order_by("-priority", "created_at", "id")
    policy = Policy.objects.filter(slug=text(request.GET, "policy")).first()
    if policy:
        reviews = reviews.filter(policy=policy)
    if start := _after(request.GET.get("after", "")):
        reviews = reviews.filter(start)
    best_first = (
        Flag.objects.exclude(outcome=Outcome.VETOED).select_related("policy").order_by("-score")
    )
    found = list(
        reviews.select_related("image__storefront", "policy", "claimed_by").prefetch_related(
            Prefetch("image__flags", queryset=best_first, to_attr="best_flags")
        )[: PAGE_SIZE + 1]
    )
    rows = found[:PAGE_SIZE]
    last = rows[-1] if len(found) > PAGE_SIZE else None
    context = {
        "summary": summary,
        "rows": rows,
        "now": timezone.now(),
        "policy": policy,
        "policies": Policy.objects.filter(reviews__in=Review.objects.open()).distinct(),
        "next_page": last and f"{last.priority!r}~{last.created_at.isoformat()}~{last.pk}",
    }
    return render(request, "moderation/queue.html", context)
