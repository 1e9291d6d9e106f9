"""A day's exposure, and a break proposed when it is time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation.exposure import Exposure, break_is_due, exposure_of

QUIET = timedelta(minutes=15)  # after a proposal was put off
PUT_OFF = "break_put_off_at"


@dataclass(frozen=True)
class Day:
    """What the head of the desk says about somebody's day."""

    exposure: Exposure
    minutes: int  # since the last pause
    propose_break: bool


def day_of(request: HttpRequest, now: datetime) -> Day:
    user = person(request)
    exposure = exposure_of(user, now)
    due = break_is_due(user, exposure, now) and not _put_off(request.session.get(PUT_OFF), now)
    return Day(exposure=exposure, minutes=exposure.minutes(now), propose_break=due)


def _put_off(at: Any, now: datetime) -> bool:
    return bool(at) and now - datetime.fromisoformat(at) < QUIET


@require_POST
@role_required(Role.MODERATOR)
def put_off(request: HttpRequest) -> HttpResponseBase:
    """Not now: proposed again in a quarter of an hour."""
    request.session[PUT_OFF] = timezone.now().isoformat()
    if request.headers.get("HX-Request"):
        return HttpResponse()
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if safe else "moderation:queue")
