"""What the review page shows, whoever looks and whatever state the review is in."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from catalog.models import Tag
from catalog.views.access import person
from moderation.choices import Outcome, ReviewStatus
from moderation.models import Flag, Policy, Review
from moderation.reviewing import ReviewConflict

DIGITS = 9  # policies that a digit key can name


@dataclass(frozen=True)
class Desk:
    """One review as one person sees it. `state` is mine, taken, free or decided."""

    review: Review
    state: str
    seconds_left: int
    match: Flag | None
    others: list[Flag]
    tags: list[Tag]
    policies: list[Policy]
    following: Review | None
    following_match: Flag | None
    waiting: int


def _state(review: Review, viewer: User, now: datetime) -> tuple[str, int]:
    """Who may act on it, and for how many seconds the claim still runs."""
    if review.status == ReviewStatus.DECIDED:
        return "decided", 0
    expires = review.claim_expires_at
    if expires is None or expires <= now:
        return "free", 0
    left = int((expires - now).total_seconds())
    return ("mine" if review.claimed_by_id == viewer.pk else "taken"), left


def _best_match(review: Review, flags: list[Flag]) -> Flag | None:
    """The flag to look at first: of the review's own policy, then the highest score."""
    return max(
        flags,
        key=lambda flag: (
            flag.outcome != Outcome.VETOED,
            flag.policy_id == review.policy_id,
            flag.score,
        ),
        default=None,
    )


def desk_for(review: Review, viewer: User) -> Desk:
    now = timezone.now()
    flags = list(
        review.image.flags.select_related(
            "policy", "bank", "exemplar", "encoder", "vetoed_by"
        ).all()
    )
    match = _best_match(review, flags)
    state, left = _state(review, viewer, now)
    queue = Review.objects.queue_for(viewer, now).exclude(pk=review.pk)
    following = queue.select_related("image").first()
    return Desk(
        review=review,
        state=state,
        seconds_left=left,
        match=match,
        others=[flag for flag in flags if flag is not match],
        tags=list(
            review.image.tags.select_related("category", "encoder").order_by(
                "-encoder__is_active", "rank"
            )
        ),
        policies=list(Policy.objects.filter(is_enabled=True)),
        following=following,
        following_match=_best_match(following, list(following.image.flags.select_related("policy")))
        if following
        else None,
        waiting=queue.count(),
    )


def render_desk(
    request: HttpRequest, review_id: int, conflict: ReviewConflict | None = None
) -> HttpResponse:
    """The whole page, or only the desk when htmx swaps it; 409 when a conflict is shown."""
    review = get_object_or_404(
        Review.objects.select_related(
            "image__storefront",
            "image__product",
            "policy",
            "claimed_by",
        ),
        pk=review_id,
    )
    desk = desk_for(review, person(request))
    fragment = bool(request.headers.get("HX-Request"))
    response = render(
        request,
        "moderation/_desk.html" if fragment else "moderation/review.html",
        {
            "desk": desk,
            "review": review,
            "image": review.image,
            "conflict": conflict,
            "can_decide": desk.state == "mine" and conflict is None,
            "fragment": fragment,
        },
        status=409 if conflict else 200,
    )
    response["Vary"] = "HX-Request, Cookie"
    if fragment and conflict is None:
        response["HX-Push-Url"] = request.path
    return response
