"""The queues: what waits for a person, the most urgent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Min, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.models import Storefront
from catalog.roles import Role, is_lead
from catalog.views.access import person, role_required
from moderation.choices import Queue
from moderation.models import Flag, Policy, Review
from moderation.models.review import ReviewQuerySet
from moderation.reviewing import Wanted
from moderation.views.breaks import day_of
from moderation.views.recent import recent_of
from moderation.views.wanting import AGES, query_of, takeable, wanted_of, words_of

PAGE_SIZE = 50


@dataclass(frozen=True)
class Summary:
    """The numbers over one queue under its filters: all of it, and what this person may take."""

    open: int
    overdue: int
    oldest_due: datetime | None
    yours: int


@dataclass(frozen=True)
class Tab:
    """One queue, with how many of its cases this person may work on."""

    queue: Queue
    count: int
    query: str
    is_current: bool


def summary_of(wanted: Wanted, user: User) -> Summary:
    now = timezone.now()
    numbers = wanted.of(Review.objects.open().allowed_to(user)).aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=now)), oldest_due=Min("due_at")
    )
    return Summary(**numbers, yours=takeable(wanted, user).count())


def tabs_for(wanted: Wanted, user: User) -> list[Tab]:
    """Every queue; the leads' own only for leads."""
    waiting = Review.objects.open().allowed_to(user).order_by()
    counts = dict(waiting.values_list("queue").annotate(count=Count("pk")))
    shown = (
        Queue.FIRST,
        Queue.SECOND,
        *([Queue.ESCALATED] if is_lead(user) else []),
        Queue.APPEALS,
        Queue.FLOOD,
    )
    return [
        Tab(queue, counts.get(queue, 0), query_of(Wanted(queue=queue)), queue == wanted.queue)
        for queue in shown
    ]


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


def _page_of(reviews: ReviewQuerySet, after: str) -> tuple[Sequence[Review], str]:
    """One page in the queue's order, and the cursor of the next; empty at the end."""
    if start := _after(after):
        reviews = reviews.filter(start)
    flags = Flag.objects.standing().select_related("policy").order_by("-policy__severity", "-score")
    found = list(
        reviews.order_by("-priority", "created_at", "id")
        .select_related("image__storefront", "policy", "claimed_by")
        .prefetch_related(Prefetch("image__flags", queryset=flags, to_attr="best_flags"))[
            : PAGE_SIZE + 1
        ]
    )
    rows, last = found[:PAGE_SIZE], found[PAGE_SIZE - 1 : PAGE_SIZE]
    cursor = ""
    if last and len(found) > PAGE_SIZE:
        cursor = f"{last[0].priority!r}~{last[0].created_at.isoformat()}~{last[0].pk}"
    return rows, cursor


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def queue(request: HttpRequest) -> HttpResponse:
    user, now, wanted = person(request), timezone.now(), wanted_of(request)
    summary = summary_of(wanted, user)
    query = query_of(wanted)
    if request.headers.get("HX-Request"):
        return render(request, "moderation/_summary.html", {"summary": summary})
    waiting = Review.objects.open().allowed_to(user)
    rows, cursor = _page_of(wanted.of(waiting), request.GET.get("after", ""))
    here = waiting.filter(queue=wanted.queue)
    context = {
        "summary": summary,
        "tabs": tabs_for(wanted, user),
        "rows": rows,
        "now": now,
        "wanted": wanted,
        "words": words_of(wanted),
        "query": query,
        "policies": Policy.objects.filter(
            Q(pk__in=here.values("policy")) | Q(slug=wanted.policy)
        ).distinct(),
        "storefronts": Storefront.objects.filter(
            Q(pk__in=here.values("image__storefront")) | Q(slug=wanted.storefront)
        ).distinct(),
        "ages": AGES,
        "next_page": query_of(wanted, after=cursor) if cursor else "",
        "recent": recent_of(user, now),
        "day": day_of(request, now),
    }
    return render(request, "moderation/queue.html", context)
