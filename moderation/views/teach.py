"""The teaching dialog: which bank learns from a decision, and what that would do."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalog.ml.rejection import ImageRejected
from catalog.models import Image
from catalog.roles import Role, is_lead
from catalog.views.access import person, role_required
from moderation import teaching
from moderation.foresight import Effect, foresee
from moderation.models import Bank, Decision, Exemplar
from moderation.teaching import TeachingRefused


@dataclass(frozen=True)
class Choice:
    """A bank to choose, and what choosing it would do; `value` names it in the form."""

    bank: Bank
    value: str
    effect: Effect | None
    known: Exemplar | None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.MODERATOR)
def teach(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET: the dialog, as a fragment for htmx and else as a page. POST: teach the chosen bank."""
    image = get_object_or_404(Image, pk=pk)
    decision = _decision(request, image)
    banks = teaching.suggestions(decision)
    if request.method != "POST":
        return _dialog(request, image, decision, banks)
    chosen = next((bank for bank in banks if _value(bank) == request.POST.get("bank")), None)
    if chosen is None:
        return _dialog(request, image, decision, banks, "Choose the bank that should learn.")
    try:
        exemplar = teaching.teach(decision=decision, bank=chosen, author=person(request))
    except (TeachingRefused, ImageRejected) as refused:
        return _dialog(request, image, decision, banks, str(refused))
    if is_lead(person(request)):
        return _render(request, "taught", {"image": image, "exemplar": exemplar})
    messages.success(request, f"{exemplar.bank.name} has learned this photo.")
    if request.headers.get("HX-Request"):
        return render(request, "moderation/_teach_done.html")
    return redirect("catalog:photo", image.pk)


def _decision(request: HttpRequest, image: Image) -> Decision:
    """The decision that is named, or else the latest one on the photo."""
    found = Decision.objects.filter(image_id=image.pk).select_related("policy", "decided_by")
    asked = request.POST.get("decision") or request.GET.get("decision") or ""
    if asked:
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            raise Http404("No such decision.")
        return get_object_or_404(found, pk=int(asked))
    decision = found.order_by("-id").first()
    if decision is None:
        raise Http404("Nobody has decided on this photo yet.")
    return decision


def _value(bank: Bank) -> str:
    return str(bank.pk) if bank.pk else f"new-{bank.policy_id}"


def _dialog(
    request: HttpRequest,
    image: Image,
    decision: Decision,
    banks: list[Bank],
    problem: str = "",
) -> HttpResponse:
    known = {
        exemplar.bank_id: exemplar
        for exemplar in Exemplar.objects.filter(
            bank__in=[bank.pk for bank in banks if bank.pk], sha256=image.sha256
        )
    }
    choices = [
        Choice(bank, _value(bank), foresee(bank=bank, image=image), known.get(bank.pk))
        for bank in banks
    ]
    free = [choice for choice in choices if choice.known is None or not choice.known.is_enabled]
    context = {
        "image": image,
        "decision": decision,
        "choices": choices,
        "first": free[0] if free else None,
        "several_policies": len({bank.policy_id for bank in banks}) > 1,
        "problem": problem,
        "action": reverse("moderation:teach", args=[image.pk]),
    }
    return _render(request, "teach", context, status=422 if problem else 200)


def _render(
    request: HttpRequest, name: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # htmx swaps what it gets; 422 would be shown as a failure instead of the sentence.
        return render(request, f"moderation/_{name}.html", {**context, "fragment": True})
    context["part"] = f"moderation/_{name}.html"
    return render(request, "moderation/teach.html", context, status=status)
