"""Deciding everything in a filtered list at once, after confirming how many that is."""

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import deciding
from moderation.choices import Queue
from moderation.models import Policy, Review
from moderation.reviewing import Wanted
from moderation.views.batches import remember_conflicts
from moderation.views.verdicts import GREATEST, VerdictRefused, verdict_in
from moderation.views.wanting import query_of, takeable, wanted_of, words_of

LIMIT = 500  # decided at once; one transaction, and as much as anybody can answer for
SHOWN = 24

Case = tuple[int, int]  # a review's id, and its version as the page showed it


def cases_in(values: Iterable[str]) -> list[Case]:
    """`<review>:<version>` as forms send them; what is mangled is left out."""
    found = []
    for value in values:
        review, _, version = value.partition(":")
        if all(part.isascii() and part.isdigit() for part in (review, version)):
            case = (int(review), int(version))
            if max(case) <= GREATEST:
                found.append(case)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.MODERATOR)
def bulk(request: HttpRequest) -> HttpResponseBase:
    wanted = wanted_of(request)
    if request.method != "POST":
        return _page(request, wanted)
    shown = cases_in(request.POST.get("cases", "").split()[: LIMIT + 1])
    reviews = _all(request, wanted)
    if {review.pk for review in reviews} != {review for review, _ in shown}:
        problem = (
            f"The list changed while you looked: it has {len(reviews)} now, it had {len(shown)}. "
            "Nothing was decided. Look again and confirm the new number."
        )
        return _page(request, wanted, problem=problem, status=409, reviews=reviews)
    if text(request.POST, "confirm") != str(len(shown)):
        problem = f"Type {len(shown)} to confirm how many you decide. Nothing was decided."
        return _page(request, wanted, problem=problem, status=400, reviews=reviews)
    try:
        verdict = verdict_in(request.POST)
    except VerdictRefused as refused:
        problem = f"{refused} Nothing was decided."
        return _page(request, wanted, problem=problem, status=400, reviews=reviews)
    together = deciding.decide_together(
        moderator=person(request),
        cases=shown,
        action=verdict.action,
        policy=verdict.policy,
        note=verdict.note,
    )
    remember_conflicts(request, together)
    return redirect(reverse("moderation:batch", args=[together.batch]) + query_of(wanted))


def _all(request: HttpRequest, wanted: Wanted) -> Sequence[Review]:
    found = takeable(wanted, person(request)).select_related("image__storefront", "policy")
    return list(found[:LIMIT])


def _page(
    request: HttpRequest,
    wanted: Wanted,
    *,
    problem: str = "",
    status: int = 200,
    reviews: Sequence[Review] | None = None,
) -> HttpResponse:
    if reviews is None:
        reviews = _all(request, wanted)
    more = takeable(wanted, person(request)).count() - len(reviews)
    context = {
        "problem": problem,
        "reviews": reviews[:SHOWN],
        "count": len(reviews),
        "hidden": max(0, len(reviews) - SHOWN),
        "left_over": max(0, more),
        "limit": LIMIT,
        "cases": " ".join(f"{review.pk}:{review.version}" for review in reviews),
        "policies": Policy.objects.filter(is_enabled=True),
        "chosen": request.POST,
        "query": query_of(wanted),
        "words": words_of(wanted),
        "queue": Queue(wanted.queue).label,
        "suggested": wanted.policy,
    }
    return render(request, "moderation/bulk.html", context, status=status)
