"""What the views that act on a review share: the guard, and where one goes from here."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation import erasing, reviewing
from moderation.models import Review
from moderation.models.review import ReviewQuerySet
from moderation.reviewing import ReviewConflict, Wanted
from moderation.views import trail
from moderation.views.desk import render_desk
from moderation.views.wanting import Passing, query_of, wanted_of

Step = Callable[[HttpRequest, Review], HttpResponseBase]


class PhotoErased(Exception):
    """The review went with its photo."""


def there(among: ReviewQuerySet, pk: int) -> Review:
    """The review, if it is `among` these. Raises `PhotoErased`, or `Http404` for one that never
    was."""
    review = among.filter(pk=pk).first()
    if review is None:
        if erasing.was_a_review(pk):
            raise PhotoErased
        raise Http404
    return review


def step(view: Step) -> Callable[..., HttpResponseBase]:
    """A POST on one review: unknown ones are 404, conflicts are shown on the desk itself."""

    @require_POST
    @role_required(Role.MODERATOR)
    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponseBase:
        try:
            return view(request, there(Review.objects.only("pk", "queue", "image_id"), pk))
        except (PhotoErased, Image.DoesNotExist, Review.DoesNotExist):
            messages.error(request, "This photo is no longer there: it was erased.")
            return away(request, "moderation:queue")
        except ReviewConflict as conflict:
            return render_desk(request, pk, conflict)

    return guarded


def wanted_at(request: HttpRequest, review: Review) -> Wanted:
    """The filters in the address, or else the queue this review is in."""
    return wanted_of(request, queue=review.queue)


def address(review_id: int, wanted: Wanted) -> str:
    return reverse("moderation:review", args=[review_id]) + query_of(wanted)


def away(request: HttpRequest, to: str, wanted: Wanted | None = None) -> HttpResponseBase:
    """Leave the desk for another page, also from within an htmx request."""
    url = reverse(to) + (query_of(wanted) if wanted else "")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    return redirect(url)


def onward(request: HttpRequest, wanted: Wanted) -> HttpResponseBase:
    """Claim the next review: first those they have not left for later, then these."""
    moderator = person(request)
    passing = Passing(**vars(wanted), passed=trail.left(request))
    review = reviewing.claim_next(moderator=moderator, wanted=passing)
    if review is None and passing.passed:
        trail.forget_left(request)
        review = reviewing.claim_next(moderator=moderator, wanted=wanted)
    if review is None:
        return away(request, "moderation:queue", wanted)
    return redirect(address(review.pk, wanted))
