"""Appeals that staff make on the photo's page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from catalog.choices import Source
from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import appealing
from moderation.appealing import AppealRefused


@require_POST
@role_required(Role.STAFF, Role.MODERATOR)
def appeal(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Ask for another look at a removed photo, by somebody who has not decided on it."""
    image = get_object_or_404(Image, pk=pk)
    # One sign over the limit, so that a text that is too long is refused rather than cut.
    words = text(request.POST, "text", limit=appealing.TEXT_LIMIT + 1)
    try:
        appealing.appeal(image=image, text=words, source=Source.STAFF, made_by=person(request))
    except AppealRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Appealed: somebody who has not decided on it takes a look.")
    return redirect("catalog:photo", pk)
