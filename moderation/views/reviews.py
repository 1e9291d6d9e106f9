"""The review desk: look, claim, decide, and straight on to the next."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
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
from moderation.choices import Action
from moderation.models import Exemplar, Policy, Review
from moderation.reviewing import ReviewConflict
from moderation.views.desk import render_desk

NOTE_LIMIT = 500

Step = Callable[[HttpRequest, int], HttpResponseBase]


def _away(request: HttpRequest, to: str) -> HttpResponseBase:
    """Leave the desk for another page, also from within an htmx request."""
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(resolve_url(to))
    return redirect(to)


def _next(request: HttpRequest) -> HttpResponseBase:
    review = reviewing.claim_next(moderator=person(request))
    if review is None:
        return _away(request, "moderation:queue")
    return redirect("moderation:review", review.pk)


def step(view: Step) -> Callable[..., HttpResponseBase]:
    """A POST on one review: unknown ones are 404, conflicts are shown on the desk itself."""

    @require_POST
    @role_required(Role.MODERATOR)
    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponseBase:
        get_object_or_404(Review.objects.only("pk"), pk=pk)
        try:
            return view(request, pk)
        except ReviewConflict as conflict:
            return render_desk(request, pk, conflict)

    return guarded


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Looking never claims: a link can be shared, prefetched or reloaded without harm."""
    return render_desk(request, pk)


@require_POST
@role_required(Role.MODERATOR)
def next_review(request: HttpRequest) -> HttpResponseBase:
    return _next(request)


@step
def claim(request: HttpRequest, pk: int) -> HttpResponseBase:
    reviewing.claim(review_id=pk, moderator=person(request))
    return redirect("moderation:review", pk)


@step
def release(request: HttpRequest, pk: int) -> HttpResponseBase:
    reviewing.release(review_id=pk, moderator=person(request))
    return _away(request, "moderation:queue")


@step
def skip(request: HttpRequest, pk: int) -> HttpResponseBase:
    reviewing.skip(review_id=pk, moderator=person(request))
    messages.info(request, "Skipped: it stays in everyone else’s queue.")
    return _next(request)


@step
def decide(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Approve, or remove with a policy as the reason, as of the version the screen showed."""
    action, version = request.POST.get("action", ""), request.POST.get("version", "")
    policy = Policy.objects.filter(slug=text(request.POST, "policy")).first()
    if action not in Action.values or not (version.isascii() and version.isdigit()):
        return HttpResponse("`action` and `version` are required.", status=400)
    if action == Action.REMOVE and policy is None:
        return HttpResponse("A removal names the policy it is made under.", status=400)
    decision = deciding.decide(
        review_id=pk,
        moderator=person(request),
        version=int(version),
        action=Action(action),
        policy=policy if action == Action.REMOVE else None,
        note=text(request.POST, "note", limit=NOTE_LIMIT),
    )
    done = "Approved" if decision.action == Action.APPROVE else f"Removed: {decision.policy}"
    messages.success(request, f"{done}.")
    return _next(request)


@require_POST
@role_required(Role.MODERATOR)
def renew(request: HttpRequest, pk: int) -> JsonResponse:
    """The page's heartbeat: keeps the claim alive while someone is looking."""
    get_object_or_404(Review.objects.only("pk"), pk=pk)
    try:
        kept = reviewing.renew(review_id=pk, moderator=person(request))
    except ReviewConflict as conflict:
        return JsonResponse({"code": conflict.code, "message": str(conflict)}, status=409)
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
