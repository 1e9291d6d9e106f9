"""A lead looks after a storefront's webhooks."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from catalog import circuits, endpoints, outbox, webhooks
from catalog.choices import Occurrence
from catalog.circuits import Outcome
from catalog.models import DeliveryAttempt, Storefront, WebhookEndpoint
from tests.catalog.test_delivering import photo_of
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


@pytest.fixture
def busy(storefront: Storefront) -> WebhookEndpoint:
    """An endpoint that works and one that fails, with deliveries in every state."""
    made = endpoints.make(
        storefront=storefront, url="https://shop.example/hooks/vitrine", description="Order system"
    )
    failing = endpoints.make(
        storefront=storefront, url="https://legacy.shop.example/in?queue=photos",
        kinds=[Occurrence.IMAGE_LIVE, Occurrence.IMAGE_REMOVED],
    )  # fmt: skip
    for kind in (Occurrence.IMAGE_LIVE, Occurrence.IMAGE_HELD, Occurrence.IMAGE_REMOVED):
        webhooks.emit(image=photo_of(storefront), kind=kind)
    for claimed in outbox.claim(limit=50, busy={}):
        if claimed.endpoint == made.pk:
            outcome = Outcome(84, status=204)
        else:
            outcome = Outcome(
                1_204, status=503, answer="<h1>Service Unavailable</h1>",
                error="It answered 503 instead of 2xx.",
            )  # fmt: skip
        outbox.settle(claimed=claimed, outcome=outcome)
    WebhookEndpoint.objects.filter(pk=failing.pk).update(
        failures=7,
        failing_since=timezone.now() - timedelta(hours=2),
        open_until=timezone.now() + timedelta(minutes=4),
    )
    gone = endpoints.make(storefront=storefront, url="https://old.example/", description="Old app")
    circuits.disable(gone, "It answered 410 Gone.", timezone.now())
    return made


def test_a_lead_makes_tests_pauses_and_rotates_one_by_keyboard(
    open_page: SignIn, lea: User, storefront: Storefront
) -> None:
    page = open_page(lea)
    page.goto(f"/storefronts/{storefront.slug}/webhooks/")
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/webhooks/new/")
    page.get_by_role("textbox", name="Address").fill("ftp://shop.example")
    page.get_by_role("textbox", name="Address").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Only https addresses are reached.")
    page.get_by_role("textbox", name="Address").fill("https://shop.example/hooks")
    page.get_by_label("A photo went live").check()
    page.get_by_role("textbox", name="Address").press("Enter")

    secret = page.get_by_role("textbox", name="The secret").input_value()
    assert secret == WebhookEndpoint.objects.get().secret
    page.reload()
    expect(page.get_by_role("textbox", name="The secret")).to_have_count(0)

    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("heading", name="webhook.test")).to_be_visible()
    expect(page.get_by_label("Payload")).to_contain_text('"type": "webhook.test"')

    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Rotate").click()
    expect(page.get_by_role("textbox", name="The secret")).not_to_have_value(secret)
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the endpoint").click()
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_its_pages_are_accessible(
    dark: bool, width: int, open_page: SignIn, lea: User, busy: WebhookEndpoint
) -> None:
    page = open_page(lea, dark=dark, width=width)
    slug = busy.storefront.slug
    delivery = DeliveryAttempt.objects.exclude(error="").earliest("id").delivery_id
    found = []
    for path in ("", "new/", f"{busy.pk}/", f"deliveries/{delivery}/"):
        page.goto(f"/storefronts/{slug}/webhooks/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert found == []


def test_the_page_follows_what_happens(
    open_page: SignIn, lea: User, storefront: Storefront
) -> None:
    endpoints.make(storefront=storefront, url="https://shop.example/hooks")
    webhooks.emit(image=photo_of(storefront), kind=Occurrence.IMAGE_LIVE)
    page = open_page(lea)
    page.goto(f"/storefronts/{storefront.slug}/webhooks/")
    row = page.locator(".delivery")
    expect(row).to_contain_text("Waiting")
    (claimed,) = outbox.claim(limit=5, busy={})
    outbox.settle(claimed=claimed, outcome=Outcome(84, status=204))
    expect(row).to_contain_text("Delivered")
    expect(page.locator("#webhooks")).not_to_have_attribute("hx-get", re.compile("."))
