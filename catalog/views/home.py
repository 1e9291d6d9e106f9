"""The front door: everyone lands on the page they work on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from catalog.roles import Role, roles_of
from catalog.views.access import role_required


@require_safe
@role_required(*Role)
def home(request: HttpRequest) -> HttpResponse:
    if Role.MODERATOR in roles_of(request.user):
        return redirect("moderation:queue")
    return redirect("catalog:photos")
