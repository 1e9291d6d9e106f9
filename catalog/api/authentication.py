"""Who is calling: a storefront, by its API key. And what the key may do: its scopes."""

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog import keys
from catalog.choices import Scope
from catalog.models import ApiKey, Storefront

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

BEARER = "bearer"
HEADER = "X-API-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer vt_…`, or `X-API-Key: vt_…` where a proxy owns `Authorization`.

    A key stands for a storefront, not for a person: `request.auth` is the key and
    `request.user` stays anonymous.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        plaintext = _presented(request)
        if not plaintext:
            return None
        key = keys.find(plaintext)
        if key is None:
            # One answer for unknown, revoked and deactivated: a guess learns nothing.
            raise AuthenticationFailed
        keys.record_use(key=key)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Vitrine"'


class HasScope(BasePermission):
    """Lets through requests whose key has the scope that the view names for the method.

    A view names it as `required_scope`, or as `required_scopes` by method. One that names none
    is opened by no key.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        if request.method not in view.allowed_methods or request.method == "OPTIONS":
            return True  # the view answers 405
        needed = scope_of(view, str(request.method))
        if needed is None:
            log.error("%s names no scope for %s: refused", type(view).__name__, request.method)
            raise PermissionDenied("No key opens this endpoint.")
        if needed not in request.auth.scopes:
            raise PermissionDenied(
                f"The key {request.auth.prefix}… lacks the scope {needed.value}. Use a key that "
                "has it; keys are made in the console, on the storefront's page.",
            )
        return True


def scope_of(view: Any, method: str) -> Scope | None:
    """The scope a view needs for a method; HEAD is a GET. None if it names none."""
    by_method = getattr(view, "required_scopes", {})
    method = "GET" if method == "HEAD" else method
    found: Scope | None = by_method.get(method, getattr(view, "required_scope", None))
    return found


def storefront_of(request: Request) -> Storefront:
    """The storefront whose key came with the request."""
    assert isinstance(request.auth, ApiKey)  # noqa: S101  HasStorefront let it through
    return request.auth.storefront


def _presented(request: Request) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == BEARER:
        return credentials.strip()
    return str(request.headers.get(HEADER, "")).strip()
