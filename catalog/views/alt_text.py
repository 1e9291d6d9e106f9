"""A photo's alt text, edited on its page or on its product's."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from catalog import alt_texts
from catalog.alt_texts import AltTextRefused
from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text

TYPED = 2000  # characters that are read; more than may be kept, so that too many are named


@require_POST
@role_required(Role.STAFF)
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Store the text that was typed, or go back to the proposal."""
    get_object_or_404(Image, pk=pk)
    typed = text(request.POST, "text", limit=TYPED)
    problem = ""
    if request.POST.get("proposal"):
        alt_texts.use_proposal(image_id=pk, by=person(request))
        typed = ""
    else:
        try:
            alt_texts.set_text(image_id=pk, text=typed, by=person(request))
        except AltTextRefused as refused:
            problem = str(refused)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("catalog:photo", pk)
    image = alt_texts.readable(Image.objects.filter(pk=pk)).get()
    context = {
        "image": image,
        "alt": alt_texts.shown(image),
        "short": request.POST.get("short") == "yes",
        "alt_problem": problem,
        "alt_typed": typed if problem else "",
    }
    return render(request, "catalog/_alt_text.html", context)
