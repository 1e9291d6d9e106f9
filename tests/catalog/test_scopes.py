"""What a key may do. An endpoint names its scope; one that names none is opened by no key."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from catalog import keys
from catalog.api.authentication import scope_of
from catalog.choices import Scope
from catalog.models import ApiKey, Image, Storefront
from tests.openapi import IMAGES, PROBLEM, ApiClient, document

Upload = Callable[..., Image]
Picture = Callable[..., bytes]


def views(resolver: Any = None) -> Iterator[type[APIView]]:
    """Every view of ours under /api/v1/, as it is routed."""
    for found in (resolver or get_resolver()).url_patterns:
        if isinstance(found, URLResolver):
            yield from views(found)
        elif isinstance(found, URLPattern):
            view = getattr(found.callback, "cls", None) or getattr(
                found.callback, "view_class", None
            )
            if view and issubclass(view, APIView) and str(found.pattern).startswith("v1/"):
                yield view


def methods_of(view: type[APIView]) -> list[str]:
    verbs = ("get", "post", "put", "patch", "delete")
    return [verb.upper() for verb in verbs if hasattr(view, verb)]


def test_every_endpoint_names_its_scope_for_every_method() -> None:
    found = list(views())
    assert len(found) >= 6
    silent = [
        (view.__name__, method)
        for view in found
        for method in methods_of(view)
        if not isinstance(scope_of(view, method), Scope)
    ]
    assert silent == []


def test_the_document_names_the_scope_of_every_operation() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for requirement in operation["security"]:
                ((_, scopes),) = requirement.items()
                assert len(scopes) == 1, (method, path)
                assert scopes[0] in Scope.values, (method, path)
            assert "403" in operation["responses"], (method, path)


class Undeclared(APIView):
    def get(self, request: Request) -> Response:
        return Response({"secret": True})


def test_an_endpoint_that_names_none_is_refused_to_every_key(
    storefront: Storefront, caplog: pytest.LogCaptureFixture
) -> None:
    _, plaintext = keys.create_key(storefront=storefront, name="Everything")
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {plaintext}"})

    response = Undeclared.as_view()(request)

    assert response.status_code == 403
    assert response.data["code"] == "insufficient_scope"
    assert "names no scope" in caplog.text


def _asking(scope: Scope, photo: Image) -> tuple[str, str]:
    return {
        Scope.IMAGES_READ: ("GET", f"{IMAGES}/{photo.pk}"),
        Scope.IMAGES_WRITE: ("POST", IMAGES),
        Scope.SEARCH: ("GET", f"{IMAGES}/{photo.pk}/duplicates"),
        Scope.APPEALS: ("POST", f"{IMAGES}/{photo.pk}/appeal"),
    }[scope]


@pytest.mark.parametrize("needed", [s for s in Scope if s != Scope.WEBHOOKS])
def test_a_key_opens_what_its_scopes_name_and_nothing_else(
    needed: Scope, storefront: Storefront, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    method, path = _asking(needed, photo)
    count = Image.objects.count()

    for scope in Scope:
        key, plaintext = keys.create_key(storefront=storefront, name=scope, scopes=[scope])
        response = ApiClient(plaintext).generic(method, path)
        if scope == needed:
            assert response.status_code != 403
        else:
            assert (response.status_code, response["Content-Type"]) == (403, PROBLEM)
            problem = response.json()
            assert problem["code"] == "insufficient_scope"
            assert needed.value in problem["detail"]
            assert key.prefix in problem["detail"]
    assert Image.objects.count() == count


def test_a_method_that_is_not_there_is_405_whatever_the_key_may_do(storefront: Storefront) -> None:
    _, plaintext = keys.create_key(storefront=storefront, name="Hooks", scopes=[Scope.WEBHOOKS])
    for method in ("DELETE", "OPTIONS"):
        response = ApiClient(plaintext).generic(method, IMAGES)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_key_made_before_there_were_scopes_may_do_everything(storefront: Storefront) -> None:
    key = ApiKey.objects.create(storefront=storefront, name="Old", prefix="vt_a", digest="a" * 64)
    assert set(key.scopes) == set(Scope)
