"""The front door: everyone lands on the page they work on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from catalog.views.access import Role, role_required, roles_of


@require_safe
@role_required(*Role)
def home(request: HttpRequest) -> HttpResponse:
    if Role.MODERATOR in roles_of(request.user):
        return redirect("moderation:queue")
    return redirect("catalog:photos")
