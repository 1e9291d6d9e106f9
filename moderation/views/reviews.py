"""The review desk: look, claim, decide, and straight on to the next."""

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.files import serve_picture
from catalog.views.params import text
from moderation import deciding, reviewing
from moderation.actions import ACTIONS
from moderation.models import Exemplar, Review
from moderation.reviewing import ReviewConflict
from moderation.views import trail
from moderation.views.desk import render_desk
from moderation.views.steps import (
    PhotoErased,
    address,
    away,
    onward,
    step,
    there,
    wanted_at,
)
from moderation.views.verdicts import NOTE_LIMIT, VerdictRefused, verdict_in, version_in
from moderation.views.wanting import Passing, wanted_of

ERASED = "This photo was erased, and its review is closed."


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Looking never claims: a link can be shared, prefetched or reloaded without harm."""
    try:
        there(Review.objects.only("pk"), pk)
    except PhotoErased:
        return render(request, "moderation/erased.html", status=410)
    return render_desk(request, pk)


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def standing(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked every few seconds by screens that only watch: 204, or the desk once it changed."""
    try:
        found = there(Review.objects.only("version"), pk)
    except PhotoErased:
        return HttpResponseClientRedirect(reverse("moderation:review", args=[pk]))
    if request.GET.get("version") == str(found.version):
        return HttpResponse(status=204)
    return render_desk(request, pk)


@require_POST
@role_required(Role.MODERATOR)
def next_review(request: HttpRequest) -> HttpResponseBase:
    """Start, or go on, with the most urgent review, also if it was left for later before."""
    trail.forget_left(request)
    return onward(request, wanted_of(request))


@step
def claim(request: HttpRequest, review: Review) -> HttpResponseBase:
    reviewing.claim(review_id=review.pk, moderator=person(request))
    return redirect(address(review.pk, wanted_at(request, review)))


@step
def release(request: HttpRequest, review: Review) -> HttpResponseBase:
    reviewing.release(review_id=review.pk, moderator=person(request))
    return away(request, "moderation:queue", wanted_at(request, review))


@step
def skip(request: HttpRequest, review: Review) -> HttpResponseBase:
    reviewing.skip(review_id=review.pk, moderator=person(request))
    messages.info(request, "Skipped: it stays in everyone else’s queue.")
    return onward(request, wanted_at(request, review))


@step
def later(request: HttpRequest, review: Review) -> HttpResponseBase:
    """On to the next without deciding; this one is given back, and comes again after the rest."""
    wanted, moderator = wanted_at(request, review), person(request)
    trail.leave(request, review.pk)
    passed = trail.left(request)
    following = reviewing.claim_next(
        moderator=moderator, wanted=Passing(**vars(wanted), passed=passed)
    )
    if following is None:
        trail.forget_left(request)
        following = reviewing.claim_next(
            moderator=moderator, wanted=Passing(**vars(wanted), passed=(review.pk,))
        )
    if following is None:
        messages.info(request, "Nothing else waits here.")
        return redirect(address(review.pk, wanted))
    reviewing.release(review_id=review.pk, moderator=moderator)
    return redirect(address(following.pk, wanted))


@step
def back(request: HttpRequest, review: Review) -> HttpResponseBase:
    """To the one they saw before this: claimed again if it can be, else just shown."""
    wanted, moderator = wanted_at(request, review), person(request)
    before = trail.before(request, review.pk)
    found = Review.objects.filter(pk=before).first() if before else None
    if found is None:
        messages.info(request, "This is the first one you saw.")
        return redirect(address(review.pk, wanted))
    reviewing.release(review_id=review.pk, moderator=moderator)
    with suppress(ReviewConflict):  # the desk says who has it, or what was decided
        reviewing.claim(review_id=found.pk, moderator=moderator)
    return redirect(address(found.pk, wanted))


@step
def decide(request: HttpRequest, review: Review) -> HttpResponseBase:
    """Approve, or remove with a policy as the reason, as of the version the screen showed."""
    try:
        verdict, version = verdict_in(request.POST), version_in(request.POST)
    except VerdictRefused as refused:
        return HttpResponse(str(refused), status=400)
    decision = deciding.decide(
        review_id=review.pk,
        moderator=person(request),
        version=version,
        action=verdict.action,
        policy=verdict.policy,
        note=verdict.note,
    )
    reason = f": {decision.policy}" if decision.policy else ""
    messages.success(request, f"{ACTIONS[decision.action].past}{reason}.")
    return onward(request, wanted_at(request, review))


@step
def escalate(request: HttpRequest, review: Review) -> HttpResponseBase:
    try:
        version = version_in(request.POST)
    except VerdictRefused as refused:
        return HttpResponse(str(refused), status=400)
    wanted = wanted_at(request, review)
    reviewing.escalate(
        review_id=review.pk,
        moderator=person(request),
        version=version,
        note=text(request.POST, "note", limit=NOTE_LIMIT),
    )
    messages.info(request, "Escalated: a lead decides.")
    return onward(request, wanted)


@require_POST
@role_required(Role.MODERATOR)
def renew(request: HttpRequest, pk: int) -> JsonResponse:
    """The page's heartbeat: keeps the claim alive while someone is looking."""
    try:
        there(Review.objects.only("pk"), pk)
        kept = reviewing.renew(review_id=pk, moderator=person(request))
    except ReviewConflict as conflict:
        return JsonResponse({"code": conflict.code, "message": str(conflict)}, status=409)
    except (PhotoErased, Review.DoesNotExist):
        return JsonResponse({"code": "erased", "message": ERASED}, status=409)
    expires = kept.claim_expires_at
    left = (expires - timezone.now()).total_seconds() if expires else 0
    return JsonResponse({"seconds": int(left), "version": kept.version})


@require_POST
@role_required(Role.MODERATOR)
def send_to_review(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A moderator asks for a second look at a photo that was already screened."""
    image = get_object_or_404(Image, pk=pk)
    note = text(request.POST, "note", limit=NOTE_LIMIT)
    try:
        reviewing.open_review(image=image, actor=person(request), note=note)
    except ReviewConflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, "Sent to review: held until a moderator decides.")
    return redirect("catalog:photo", pk)


@require_safe
@role_required(Role.STAFF, Role.MODERATOR)
def exemplar(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    return serve_picture(get_object_or_404(Exemplar, pk=pk).picture)
