"""Who may open which page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from catalog.roles import Role, roles_of


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `role_required` only."""
    return cast(User, request.user)


def wants_json(request: HttpRequest) -> bool:
    """True for the page scripts' own requests, which can act on a status but not on a page."""
    return request.headers.get("Accept", "").startswith("application/json")


def _sign_in(request: HttpRequest) -> HttpResponseBase:
    if wants_json(request):
        return JsonResponse({"message": "You were signed out. Sign in again."}, status=401)
    if request.headers.get("HX-Request"):
        # Swapping a login form into the middle of a page would strand the person.
        return HttpResponseClientRedirect(resolve_url("login") + "?next=" + reverse("home"))
    return redirect_to_login(request.get_full_path())


View = Callable[..., HttpResponseBase]


def role_required(*roles: Role) -> Callable[[View], View]:
    """Let in whoever has one of `roles`; ask strangers to sign in; refuse the rest with 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            if not roles_of(request.user) & frozenset(roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
