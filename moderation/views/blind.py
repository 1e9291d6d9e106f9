"""Blind second reviews: the photo, the product and the policies, and nothing about the verdict."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import blind
from moderation.choices import Action
from moderation.models import BlindReview, Policy

PASSED = "blind_passed"  # in the session: those somebody would rather leave to others
PASSED_LIMIT = 200

Step = Callable[[HttpRequest, int], HttpResponseBase]


def _step(view: Step) -> Callable[..., HttpResponseBase]:
    """A POST on one blind review: unknown ones are 404, conflicts become a message."""

    @require_POST
    @role_required(Role.MODERATOR)
    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponseBase:
        get_object_or_404(BlindReview.objects.only("pk"), pk=pk)
        try:
            return view(request, pk)
        except blind.BlindConflict as conflict:
            messages.error(request, str(conflict))
            return _next(request)

    return guarded


def _passed(request: HttpRequest) -> list[int]:
    return list(request.session.get(PASSED, []))


def _next(request: HttpRequest) -> HttpResponseBase:
    taken = blind.next_for(person(request), passing=_passed(request))
    if taken is not None:
        return redirect("moderation:blind_review", taken.pk)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(resolve_url("moderation:blind"))
    return redirect("moderation:blind")


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def start(request: HttpRequest) -> HttpResponse:
    """What waits, and why it is asked. Looking takes nothing."""
    progress = blind.progress_of(person(request), passing=_passed(request))
    context = {"progress": progress, "passed": len(_passed(request))}
    return render(request, "moderation/blind.html", context)


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def review(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One blind review, for the person who took it and until it is answered."""
    found = get_object_or_404(BlindReview.objects.select_related("decision"), pk=pk)
    viewer = person(request)
    if found.reviewer_id != viewer.pk or found.answered_at is not None:
        return redirect("moderation:blind")
    photos = Image.objects.select_related("product", "storefront")
    following = (
        blind.waiting_for(viewer)
        .exclude(pk__in=[pk, *_passed(request)])
        .values_list("decision__image_id", flat=True)
        .first()
    )
    fragment = bool(request.headers.get("HX-Request"))
    response = render(
        request,
        "moderation/_blind_review.html" if fragment else "moderation/blind_review.html",
        {
            "blind": found,
            "image": get_object_or_404(photos, pk=found.decision.image_id),
            "policies": Policy.objects.filter(is_enabled=True),
            "progress": blind.progress_of(viewer, passing=_passed(request)),
            "following": following,
            "fragment": fragment,
        },
    )
    response["Vary"] = "HX-Request, Cookie"
    if fragment:
        response["HX-Push-Url"] = request.path
    return response


@require_POST
@role_required(Role.MODERATOR)
def begin(request: HttpRequest) -> HttpResponseBase:
    """Take one; those that were passed on are offered again."""
    request.session.pop(PASSED, None)
    return _next(request)


@_step
def answer(request: HttpRequest, pk: int) -> HttpResponseBase:
    action = request.POST.get("action", "")
    policy = Policy.objects.filter(slug=text(request.POST, "policy")).first()
    if action not in Action.values:
        return HttpResponse("`action` is approve or remove.", status=400)
    if action == Action.REMOVE and policy is None:
        return HttpResponse("A removal names the policy it is made under.", status=400)
    blind.answer(blind_review_id=pk, reviewer=person(request), action=action, policy=policy)
    return _next(request)


@_step
def skip(request: HttpRequest, pk: int) -> HttpResponseBase:
    blind.leave(blind_review_id=pk, reviewer=person(request))
    request.session[PASSED] = [*_passed(request), pk][-PASSED_LIMIT:]
    return _next(request)


@_step
def stop(request: HttpRequest, pk: int) -> HttpResponseBase:
    blind.leave(blind_review_id=pk, reviewer=person(request))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(resolve_url("moderation:blind"))
    return redirect("moderation:blind")
