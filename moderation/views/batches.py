"""Decisions made together, and undoing: one, or all of them."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation import deciding, reviewing
from moderation.deciding import Together
from moderation.models import Decision, Review
from moderation.reviewing import ReviewConflict
from moderation.views.desk import render_desk
from moderation.views.wanting import query_of, wanted_of

CONFLICTS = "batch_conflicts"


def remember_conflicts(request: HttpRequest, together: Together) -> None:
    """What could not be decided, for the page that follows."""
    request.session[CONFLICTS] = {
        "batch": str(together.batch),
        "rows": [[review_id, str(conflict)] for review_id, conflict in together.conflicts],
    }


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def batch(request: HttpRequest, batch: UUID) -> HttpResponse:
    decisions = list(
        Decision.objects.filter(batch=batch)
        .select_related("decided_by", "policy", "settlement")
        .order_by("id")
    )
    told = request.session.get(CONFLICTS) or {}
    conflicts = told["rows"] if told.get("batch") == str(batch) else []
    if not decisions and not conflicts:
        raise Http404
    now, user = timezone.now(), person(request)
    drafts = {
        review.draft_id: review
        for review in Review.objects.filter(draft__in=decisions, takes_effect_at__gt=now)
    }
    there = set(
        Image.objects.filter(pk__in=[each.image_id for each in decisions]).values_list(
            "pk", flat=True
        )
    )
    ends = [review.takes_effect_at for review in drafts.values() if review.takes_effect_at]
    context = {
        "batch": batch,
        "decisions": decisions,
        "first": decisions[0] if decisions else None,
        "conflicts": conflicts,
        "drafts": set(drafts) if decisions and decisions[0].decided_by_id == user.pk else set(),
        "there": there,
        "seconds": int((min(ends) - now).total_seconds()) if ends else 0,
        "query": query_of(wanted_of(request)),
    }
    return render(request, "moderation/batch.html", context)


@require_POST
@role_required(Role.MODERATOR)
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take one decision back: its review is open and theirs again."""
    decision = get_object_or_404(Decision, pk=pk)
    try:
        review = deciding.undo(decision_id=pk, moderator=person(request))
    except ReviewConflict as conflict:
        if "stay" not in request.POST and Review.objects.filter(pk=decision.review_id).exists():
            return render_desk(request, decision.review_id, conflict)
        messages.error(request, str(conflict))
        return _back(decision)
    if "stay" in request.POST:
        reviewing.release(review_id=review.pk, moderator=person(request))
        return _back(decision)
    messages.success(request, "Undone: the review is yours again.")
    query = query_of(wanted_of(request, queue=review.queue))
    return redirect(reverse("moderation:review", args=[review.pk]) + query)


@require_POST
@role_required(Role.MODERATOR)
def undo_batch(request: HttpRequest, batch: UUID) -> HttpResponseBase:
    """Take back every decision of a batch that still can be; the reviews return to the queue."""
    first = Decision.objects.filter(batch=batch).select_related("decided_by").first()
    if first is None:
        raise Http404
    if first.decided_by_id != person(request).pk:
        messages.error(request, f"This is {first.decided_by}’s decision.")
    elif undone := deciding.undo_together(batch=batch, moderator=person(request)):
        messages.success(request, f"Undone: {undone}. They wait in the queue again.")
    else:
        messages.error(request, "None of these can be undone any more.")
    return redirect("moderation:batch", batch)


def _back(decision: Decision) -> HttpResponseBase:
    if decision.batch:
        return redirect("moderation:batch", decision.batch)
    return redirect("moderation:queue")
