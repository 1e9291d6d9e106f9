"""What leads are told, until one of them has dealt with it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation.models import Notice

SETTLED_SHOWN = 20


@require_safe
@never_cache
@role_required(Role.LEAD)
def notices(request: HttpRequest) -> HttpResponse:
    found = Notice.objects.select_related("bank__policy", "settled_by")
    context = {
        "open": found.filter(settled_at__isnull=True),
        "settled": found.filter(settled_at__isnull=False).order_by("-settled_at")[:SETTLED_SHOWN],
    }
    return render(request, "moderation/notices.html", context)


@require_POST
@role_required(Role.LEAD)
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Dealt with. Whoever was first stays the one who did."""
    get_object_or_404(Notice, pk=pk)
    settled = Notice.objects.filter(pk=pk, settled_at__isnull=True).update(
        settled_at=timezone.now(), settled_by=person(request)
    )
    if settled:
        messages.success(request, "Dealt with.")
    else:
        messages.info(request, "Somebody else had dealt with it already.")
    return redirect("moderation:notices")
