"""Every page: a strict policy in the header, nothing in the page that breaks it."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Image
from tests.conftest import Picture

pytestmark = pytest.mark.django_db

PAGES = [
    "/login/",
    "/photos/",
    "/photos/?status=held",
    "/upload/",
    "/review/",
    "/blind/",
    "/insights/",
    "/insights/me/",
    "/no/such/page/",
    "photo",
]


@pytest.fixture
def lead(client: Client, make_user: Callable[..., User]) -> Client:
    client.force_login(make_user("lea", "lead"))
    return client


@pytest.mark.parametrize("page", PAGES)
def test_pages_obey_a_strict_content_security_policy(
    page: str, lead: Client, client: Client, upload: Callable[..., Image], picture: Picture
) -> None:
    image = upload(picture("mug"))
    url = reverse("catalog:photo", args=[image.pk]) if page == "photo" else page
    response = (Client() if page == "/login/" else lead).get(url)
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert_nothing_inline(response.text)


def assert_nothing_inline(html: str) -> None:
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", html, re.DOTALL)
    assert scripts, "A page without its scripts would pass for the wrong reason."
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert "<style" not in html
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<[^>]+\son[a-z]+=", html)
    assert "javascript:" not in html


def test_every_address_a_page_names_is_there(
    lead: Client, upload: Callable[..., Image], picture: Picture
) -> None:
    upload(picture("mug"))
    for page in ("/photos/", "/upload/", "/review/"):
        html = lead.get(page).text
        for url in set(re.findall(r'(?:href|src)="(/[^"#]*)"', html)):
            found = lead.get(url)
            assert found.status_code in (200, 302), f"{page} names {url}: {found.status_code}"


def test_no_page_but_a_picture_or_an_asset_may_be_cached_by_others(lead: Client) -> None:
    for page in ("/photos/", "/upload/", "/review/"):
        assert "no-store" in lead.get(page)["Cache-Control"]


def test_signing_in_leads_where_the_work_is(make_user: Callable[..., User]) -> None:
    for role, landing in (
        ("staff", "/photos/"),
        ("moderator", "/review/"),
        ("lead", "/review/"),
    ):
        client = Client()
        make_user(f"a-{role}", role)
        form = {"username": f"a-{role}", "password": "a long password"}
        response = client.post(reverse("login"), form, follow=True)
        assert response.redirect_chain[-1][0] == landing


def test_a_wrong_password_says_so_without_saying_which(make_user: Callable[..., User]) -> None:
    make_user("ana", "staff")
    for name in ("ana", "nobody-here"):
        response = Client().post(reverse("login"), {"username": name, "password": "wrong"})
        assert response.status_code == 200
        assert "That name and password do not match." in response.text


def test_signing_out_needs_a_post(lead: Client) -> None:
    assert lead.get(reverse("logout")).status_code == 405
    lead.post(reverse("logout"))
    assert lead.get("/photos/").status_code == 302


def test_a_stranger_to_every_group_is_told_what_to_ask_for(
    client: Client, make_user: Callable[..., User]
) -> None:
    client.force_login(make_user("new"))
    response = client.get("/")
    assert response.status_code == 403
    assert "ask an administrator to give you a role" in response.text
