"""Trying a label on a photo: asked of the interactive worker, which never waits behind a drain."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from catalog import asking
from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import role_required
from catalog.views.params import text

SCORE_LABEL = "catalog.tasks.score_label"


@require_POST
@role_required(Role.STAFF, Role.MODERATOR)
def try_label(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the encoder would say if the typed label were a category of its own."""
    image = get_object_or_404(Image.objects.only("pk"), pk=pk)
    label = text(request.POST, "label")
    context: dict[str, object] = {"image": image, "label": label}
    if not label:
        context["problem"] = "Type a label first."
    else:
        try:
            context["score"] = asking.ask(SCORE_LABEL, str(image.pk), label)
        except LookupError:
            context["problem"] = "The active encoder has not seen this photo yet."
        except asking.NobodyAnswered as error:
            context["problem"] = str(error)
    template = "catalog/_label_score.html"
    if not request.headers.get("HX-Request"):
        template = "catalog/label_score.html"
    return render(request, template, context)
