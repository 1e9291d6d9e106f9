"""Which sentences spoke for a category: asked of the interactive worker when somebody wants it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from catalog import winning_prompts
from catalog.models import Category, Image
from catalog.query_vectors import SearchUnavailable
from catalog.roles import Role
from catalog.views.access import role_required


@require_POST
@role_required(Role.STAFF, Role.MODERATOR)
def show(request: HttpRequest, pk: UUID, category: int) -> HttpResponse:
    """A category's prompts by how near they come to a photo."""
    image = get_object_or_404(Image.objects.only("pk"), pk=pk)
    found = get_object_or_404(Category, pk=category)
    context: dict[str, object] = {"image": image, "category": found}
    try:
        context["ranking"] = winning_prompts.rank(image=image, category=found)
    except (SearchUnavailable, winning_prompts.NotEmbedded) as error:
        context["problem"] = str(error)
    asked = request.headers.get("HX-Request")
    template = "catalog/_winning_prompts.html" if asked else "catalog/winning_prompts.html"
    return render(request, template, context)
