"""A lead plugs a storefront in: the shop, its key, what holds for it. By keyboard, and by axe."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog import keys, storefronts
from catalog.models import ApiKey, Storefront
from moderation import in_force
from moderation.models import Policy
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("VITRINE_SHOTS", "")


def shoot(page: Page, name: str) -> None:
    """Pictures for whoever wants to look: VITRINE_SHOTS names a folder."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


def ready(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-storefront", "ready")


def test_from_nothing_to_a_key_that_works(lea: User, open_page: SignIn) -> None:
    page = open_page(lea)
    page.goto("/storefronts/")
    assert violations(page) == []
    shoot(page, "empty")
    page.keyboard.press("n")
    page.get_by_label("Name", exact=True).fill("Attic and Sons")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Attic and Sons")
    ready(page)

    page.keyboard.press("n")
    page.get_by_label("What is it for?").fill("Nightly import")
    shoot(page, "new-key")
    assert violations(page) == []
    page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label("The key", exact=True)
    expect(secret).to_be_visible()
    ready(page)
    found = keys.find(secret.input_value())
    assert found is not None
    assert found.created_by == lea
    page.keyboard.press("c")
    expect(page.locator("[data-copy-label]")).not_to_have_text("Copy")
    assert violations(page) == []
    shoot(page, "made")

    page.get_by_text("Rotate", exact=False).first.click()
    page.get_by_label("stops working").select_option("1")
    page.get_by_role("button", name="Rotate").click()
    expect(page.locator(".new-secret")).to_contain_text("goes on until")
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_full_page_is_clean_and_fits(
    theme: str,
    width: int,
    lea: User,
    storefront: Storefront,
    other_storefront: Storefront,
    open_page: SignIn,
) -> None:
    Storefront.objects.filter(pk=other_storefront.pk).update(is_active=False)
    policies = [
        Policy.objects.create(slug=name.lower(), name=name)
        for name in ("Weapons", "Drugs", "Alcohol to minors", "Recalled products")
    ]
    in_force.choose(storefront=storefront, policies=policies[:2], by=lea)
    first, _ = keys.create_key(storefront=storefront, name="Nightly import", by=lea)
    keys.rotate(key=first, overlap=keys.LONGEST_OVERLAP / 30, by=lea)
    keys.create_key(storefront=storefront, name="Shop window", scopes=["search"], by=lea)
    sandbox = storefronts.sandbox_of(storefront=storefront, by=lea)
    keys.create_key(storefront=sandbox, name="Ana tries things out", by=lea)
    gone, _ = keys.create_key(storefront=storefront, name="The old warehouse", by=lea)
    keys.revoke(key=gone, by=lea)
    page = open_page(lea, dark=theme == "dark", width=width)
    for name, path in (("list", "/storefronts/"), ("page", f"/storefronts/{storefront.slug}/")):
        page.goto(path)
        page.wait_for_load_state()
        shoot(page, f"{name}-{width}-{theme}")
        assert violations(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
