"""Who is calling: a storefront, by its API key."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog import keys
from catalog.models import ApiKey, Storefront

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView

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


class HasStorefront(BasePermission):
    """Lets through requests that carry a usable key."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, ApiKey)


def storefront_of(request: Request) -> Storefront:
    """The storefront whose key came with the request."""
    assert isinstance(request.auth, ApiKey)  # noqa: S101  HasStorefront let it through
    return request.auth.storefront


def _presented(request: Request) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == BEARER:
        return credentials.strip()
    return str(request.headers.get(HEADER, "")).strip()
