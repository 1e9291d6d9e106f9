"""The pages of storefronts: leads alone, a key shown once, settings that hold."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog import keys, storefronts
from catalog.choices import Scope, ShopEvent
from catalog.models import ApiKey, Image, Storefront
from moderation import in_force
from moderation.models import Policy
from tests.conftest import Picture
from tests.openapi import IMAGES, ApiClient
from tests.pages import SignIn

pytestmark = pytest.mark.django_db
Upload = Callable[..., Image]


def address(name: str, shop: Storefront, *more: Any) -> str:
    return reverse(f"moderation:{name}", args=[shop.slug, *more])


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    return sign_in("lead")


@pytest.fixture
def key(storefront: Storefront) -> ApiKey:
    return keys.create_key(storefront=storefront, name="Import")[0]


def secret_in(page: str) -> str:
    (shown,) = re.findall(r'value="(vt_\w+_[\w-]{32,})"', page)
    return str(shown)


@pytest.mark.parametrize(
    ("role", "status"), [(None, 302), ("nobody", 403), ("staff", 403), ("moderator", 403)]
)
def test_only_leads_may_look_or_change(
    role: str | None, status: int, storefront: Storefront, key: ApiKey, sign_in: SignIn
) -> None:
    client = sign_in(role)
    before = ApiKey.objects.values_list("revoked_at", "expires_at").get()
    looks = [reverse("moderation:storefronts"), address("storefront", storefront)]
    changes = [
        reverse("moderation:storefronts"),
        address("storefront_change", storefront),
        address("storefront_policies", storefront),
        address("key_make", storefront),
        address("key_rotate", storefront, key.pk),
        address("key_revoke", storefront, key.pk),
    ]
    assert {client.get(path).status_code for path in looks} == {status}
    fields = {"name": "New", "mode": "live", "scopes": "search", "hours": "0"}
    assert {client.post(path, fields).status_code for path in changes} == {status}
    assert ApiKey.objects.values_list("revoked_at", "expires_at").get() == before
    assert Storefront.objects.get().name == "Corner shop"


def test_a_storefront_is_made_here(lead: Client) -> None:
    page = lead.post(reverse("moderation:storefronts"), {"name": "  Attic &  Sons "}, follow=True)
    shop = Storefront.objects.get()
    assert (shop.name, shop.slug, shop.is_active) == ("Attic & Sons", "attic-sons", True)
    assert shop.events.get().kind == ShopEvent.CREATED
    assert "Attic &amp; Sons" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Give the storefront a name."),
        ("小店", "needs a letter"),
        ("Corner-Shop!", "at “corner-shop” already"),
        ("x" * 121, "at most 120 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_words(
    name: str, said: str, storefront: Storefront, lead: Client
) -> None:
    page = lead.post(reverse("moderation:storefronts"), {"name": name})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert Storefront.objects.get() == storefront


def test_the_list_finds_by_name_and_leaves_sandboxes_out(
    storefront: Storefront, other_storefront: Storefront, lead: Client
) -> None:
    sandbox = storefronts.sandbox_of(storefront=storefront)
    everything = lead.get(reverse("moderation:storefronts")).content.decode()
    found = lead.get(reverse("moderation:storefronts"), {"q": "rival"}).content.decode()
    assert "Corner shop" in everything
    assert sandbox.slug not in everything
    assert "Corner shop" not in found
    assert "Rival shop" in found
    assert lead.get(address("storefront", sandbox)).url == address("storefront", storefront)


def test_a_key_is_shown_in_the_answer_and_nowhere_else(
    storefront: Storefront, lead: Client
) -> None:
    fields = {"name": "Nightly", "mode": "live", "scopes": ["search"], "lifetime": "30"}
    response = lead.post(address("key_make", storefront), fields)

    plaintext = secret_in(response.content.decode())
    key = keys.find(plaintext)
    assert key is not None
    assert (key.name, key.scopes, key.storefront) == ("Nightly", ["search"], storefront)
    assert key.expires_at is not None
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)
    assert key.created_by is not None
    assert "no-store" in response["Cache-Control"]
    assert plaintext not in lead.get(address("storefront", storefront)).content.decode()
    assert not any(plaintext in str(row.get_decoded()) for row in Session.objects.all())
    assert not storefront.events.filter(summary__contains=plaintext).exists()
    assert ApiClient(plaintext).get(IMAGES).status_code == 403


def test_a_test_key_makes_the_sandbox(storefront: Storefront, lead: Client) -> None:
    fields = {"name": "Try", "mode": "test", "scopes": list(Scope.values)}
    plaintext = secret_in(lead.post(address("key_make", storefront), fields).content.decode())
    assert plaintext.startswith("vt_test_")
    key = keys.find(plaintext)
    assert key is not None
    assert key.storefront.sandbox_of == storefront
    assert ApiClient(plaintext).get(IMAGES).json()["results"] == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Say what the key is for."),
        ({"scopes": []}, "Choose at least one thing the key may do."),
        ({"scopes": ["images:own"]}, "images:own is not one of the available choices"),
        ({"mode": "both"}, "both is not one of the available choices"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(
    fields: dict[str, Any], said: str, storefront: Storefront, lead: Client
) -> None:
    good = {"name": "Nightly", "mode": "live", "scopes": ["search"], "lifetime": ""}
    page = lead.post(address("key_make", storefront), good | fields)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not ApiKey.objects.exists()


def test_rotating_shows_the_new_key_and_both_work_meanwhile(
    storefront: Storefront, lead: Client
) -> None:
    old, old_text = keys.create_key(storefront=storefront, name="Import")
    page = lead.post(address("key_rotate", storefront, old.pk), {"hours": "24"}).content.decode()
    new_text = secret_in(page)
    assert {ApiClient(each).get(IMAGES).status_code for each in (old_text, new_text)} == {200}
    again = lead.post(address("key_rotate", storefront, old.pk), {"hours": "24"})
    assert again.status_code == 409
    assert "was rotated before" in again.content.decode()


def test_revoking_is_at_once(storefront: Storefront, lead: Client) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    page = lead.post(address("key_revoke", storefront, key.pk), follow=True).content.decode()
    assert ApiClient(plaintext).get(IMAGES).status_code == 401
    assert "1 no longer accepted" in page
    assert f"Revoked the key {key.prefix}…" in page


def test_another_storefronts_key_is_out_of_reach(
    storefront: Storefront, other_storefront: Storefront, key: ApiKey, lead: Client
) -> None:
    for name in ("key_rotate", "key_revoke"):
        path = address(name, other_storefront, key.pk)
        assert lead.post(path, {"hours": "0"}).status_code == 404
    key.refresh_from_db()
    assert (key.revoked_at, key.expires_at) == (None, None)


def test_settings_are_saved_recorded_and_hold(storefront: Storefront, lead: Client) -> None:
    _, plaintext = keys.create_key(storefront=storefront, name="Import")
    fields = {
        "name": "Corner & Co",
        "exposure": "2.5",
        "publish_before_review": "on",
        "points_per_minute": "",
        "key_points_per_minute": "30",
    }
    page = lead.post(address("storefront_change", storefront), fields, follow=True)
    storefront.refresh_from_db()
    assert storefront.name == "Corner & Co"
    assert (storefront.is_active, storefront.publish_before_review) == (False, True)
    assert (storefront.exposure, storefront.key_points_per_minute) == (2.5, 30)
    assert "active: yes → no" in page.content.decode()
    assert ApiClient(plaintext).get(IMAGES).status_code == 401


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Give the storefront a name."),
        ("exposure", "0", "above 0"),
        ("exposure", "nan", "such as 1 or 2.5"),
        ("points_per_minute", "-1", "0 or more"),
        ("points_per_minute", "9" * 30, "less than or equal to"),
        ("key_points_per_minute", "many", "whole number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(
    field: str, value: str, said: str, storefront: Storefront, lead: Client
) -> None:
    good = {"name": "Corner shop", "exposure": "1", "is_active": "on"}
    page = lead.post(address("storefront_change", storefront), good | {field: value})
    assert page.status_code == 422
    assert said in page.content.decode()
    before = Storefront.objects.get()
    assert (before.name, before.exposure, before.points_per_minute) == ("Corner shop", 1.0, None)


def test_policies_are_chosen_and_all_is_a_choice_too(
    storefront: Storefront, policy: Policy, lead: Client
) -> None:
    other = Policy.objects.create(slug="drugs", name="Drugs")
    path = address("storefront_policies", storefront)
    lead.post(path, {"which": "some", "policy": [policy.slug]})
    assert in_force.chosen_by(storefront) == {policy.pk}
    none = lead.post(path, {"which": "some"})
    assert none.status_code == 422
    assert "Choose at least one policy" in none.content.decode()
    assert in_force.chosen_by(storefront) == {policy.pk}
    lead.post(path, {"which": "all", "policy": [other.slug]})
    assert in_force.chosen_by(storefront) == frozenset()


def test_the_page_takes_as_many_queries_for_ten_keys_as_for_one(
    storefront: Storefront, lead: Client, django_assert_max_num_queries: Any
) -> None:
    keys.create_key(storefront=storefront, name="One")
    with django_assert_max_num_queries(40) as first:
        lead.get(address("storefront", storefront))
    for number in range(9):
        keys.create_key(storefront=storefront, name=f"Key {number}")
    with django_assert_max_num_queries(len(first)):
        lead.get(address("storefront", storefront))


def test_what_was_asked_and_sent_today_is_shown(
    storefront: Storefront, upload: Upload, picture: Picture, lead: Client
) -> None:
    upload(picture("mug"))
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    for _ in range(3):
        ApiClient(plaintext).get(IMAGES)
    page = lead.get(address("storefront", storefront))
    assert page.context["photos"] == 1
    (row,) = page.context["rows"]
    assert row["key"] == key
    assert row["today"].requests >= 3
