"""What the review page shows, whoever looks and whatever state the review is in."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from catalog.models import Tag
from catalog.views.access import person
from moderation.choices import ReviewStatus
from moderation.clusters import Neighbour, near_duplicates
from moderation.exemplars import Quality, quality_of
from moderation.models import Flag, Policy, Review
from moderation.reviewing import ReviewConflict, Wanted
from moderation.views import trail
from moderation.views.backstory import Backstory, backstory_of
from moderation.views.breaks import Day, day_of
from moderation.views.recent import Recent, recent_of
from moderation.views.wanting import Passing, query_of, takeable, wanted_of

STRIP = 7  # near-duplicates shown beside the photo; the others are counted


@dataclass(frozen=True)
class Desk:
    """One review as one person sees it.

    `state` is mine, taken, free, barred (needs somebody else), draft, decided or withdrawn.
    """

    review: Review
    state: str
    seconds_left: int  # of the claim, or in which the draft can be undone
    match: Flag | None
    others: list[Flag]
    quality: Quality | None
    tags: list[Tag]
    policies: list[Policy]
    story: Backstory
    neighbours: list[Neighbour]
    following: Review | None
    following_match: Flag | None
    waiting: int

    @property
    def strip(self) -> list[Neighbour]:
        return self.neighbours[:STRIP]

    @property
    def more(self) -> int:
        return max(0, len(self.neighbours) - STRIP)


def _state(review: Review, viewer: User, now: datetime) -> tuple[str, int]:
    """Who may act on it, and for how many seconds the claim or the undo window still runs."""
    if review.status != ReviewStatus.OPEN:
        until = review.takes_effect_at
        return review.status, max(0, int((until - now).total_seconds())) if until else 0
    expires = review.claim_expires_at
    if expires and expires > now:
        own = review.claimed_by_id == viewer.pk
        return "mine" if own else "taken", int((expires - now).total_seconds())
    allowed = Review.objects.filter(pk=review.pk).allowed_to(viewer).exists()
    return "free" if allowed else "barred", 0


def _best_match(review: Review, flags: list[Flag]) -> Flag | None:
    """The flag to look at first: one that stands, of the review's own policy, then the nearest."""
    return max(
        flags,
        key=lambda flag: (
            flag.is_standing,
            flag.policy_id == review.policy_id,
            flag.closeness,
        ),
        default=None,
    )


def _flags(review: Review) -> list[Flag]:
    related = ("policy", "bank", "exemplar", "encoder", "vetoed_by", "withdrawn_by")
    return list(review.image.flags.select_related(*related))


def desk_for(request: HttpRequest, review: Review, wanted: Wanted) -> Desk:
    now, viewer = timezone.now(), person(request)
    flags = _flags(review)
    match = _best_match(review, flags)
    state, left = _state(review, viewer, now)
    queue = takeable(wanted, viewer).exclude(pk=review.pk)
    passing = Passing(**vars(wanted), passed=trail.left(request))
    following = passing.of(queue).select_related("image").first() or queue.first()
    known = match.exemplar_id if match else None
    return Desk(
        review=review,
        state=state,
        seconds_left=left,
        match=match,
        others=[flag for flag in flags if flag is not match],
        quality=quality_of([known]).get(known) if known else None,
        tags=list(
            review.image.tags.select_related("category", "encoder").order_by(
                "-encoder__is_active", "rank"
            )
        ),
        policies=list(Policy.objects.filter(is_enabled=True)),
        story=backstory_of(review, viewer),
        neighbours=near_duplicates(review, takeable(Wanted(queue=review.queue), viewer)),
        following=following,
        following_match=_best_match(following, _flags(following)) if following else None,
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
            "group",
            "claimed_by",
            "draft__decided_by",
            "draft__policy",
        ),
        pk=review_id,
    )
    now = timezone.now()
    wanted = wanted_of(request, queue=review.queue)
    desk = desk_for(request, review, wanted)
    recent: Recent | None = recent_of(person(request), now, review)
    day: Day = day_of(request, now)
    trail.saw(request, review.pk)
    query = query_of(wanted)
    fragment = bool(request.headers.get("HX-Request"))
    response = render(
        request,
        "moderation/_desk.html" if fragment else "moderation/review.html",
        {
            "desk": desk,
            "review": review,
            "image": review.image,
            "last": review.decisions.select_related("decided_by", "policy").order_by("-id").first(),
            "conflict": conflict,
            "can_decide": desk.state == "mine" and conflict is None,
            "fragment": fragment,
            "recent": recent,
            "day": day,
            "query": query,
        },
        status=409 if conflict else 200,
    )
    response["Vary"] = "HX-Request, Cookie"
    if fragment and conflict is None:
        response["HX-Push-Url"] = reverse("moderation:review", args=[review.pk]) + query
    return response
