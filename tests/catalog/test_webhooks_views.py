"""The console's pages of webhooks: for leads alone, each storefront's own."""

from typing import Any

import pytest
from django.urls import reverse

from catalog import endpoints, webhooks
from catalog.choices import DeliveryState, EndpointState, Occurrence
from catalog.models import Delivery, DeliveryAttempt, Storefront, StorefrontEvent, WebhookEndpoint
from tests.catalog.test_delivering import photo_of
from tests.pages import SignIn

pytestmark = pytest.mark.django_db
URL = "https://shop.example/hooks"


@pytest.fixture
def endpoint(storefront: Storefront) -> WebhookEndpoint:
    return endpoints.make(storefront=storefront, url=URL)


@pytest.fixture
def delivery(endpoint: WebhookEndpoint) -> Delivery:
    webhooks.emit(image=photo_of(endpoint.storefront), kind=Occurrence.IMAGE_LIVE)
    return Delivery.objects.get()


def page(name: str, *args: object) -> str:
    return reverse(f"catalog:{name}", args=["corner-shop", *args])


def act(endpoint: WebhookEndpoint, action: str) -> str:
    return page("webhook_act", endpoint.pk, action)


@pytest.mark.parametrize(
    ("role", "status"), [(None, 302), ("nobody", 403), ("moderator", 403), ("staff", 403)]
)
def test_only_leads_may(
    role: str | None, status: int, sign_in: SignIn, endpoint: WebhookEndpoint, delivery: Delivery
) -> None:
    client = sign_in(role)
    for path in (
        page("webhooks"),
        page("webhook_new"),
        page("webhook", endpoint.pk),
        page("delivery", delivery.pk),
    ):
        assert client.get(path).status_code == status, path
    for path in (
        page("webhook_new"),
        page("webhook", endpoint.pk),
        page("delivery_replay", delivery.pk),
        *(act(endpoint, each) for each in ("pause", "test", "rotate", "delete", "replay")),
    ):
        assert client.post(path, {"url": "https://evil.example/"}).status_code == status, path
    row = WebhookEndpoint.objects.get()
    assert (row.url, row.state, row.secret) == (URL, EndpointState.ACTIVE, endpoint.secret)
    assert row.deleted_at is None
    assert Delivery.objects.count() == 1


def test_a_lead_makes_one_and_sees_its_secret_once(sign_in: SignIn, storefront: Storefront) -> None:
    client = sign_in("lead")
    fields = {"url": URL, "description": "Orders", "kinds": ["image.live"]}
    response = client.post(page("webhook_new"), fields)
    row = WebhookEndpoint.objects.get()
    assert response.headers["Location"] == page("webhook", row.pk)
    assert (row.url, row.description, row.kinds) == (URL, "Orders", ["image.live"])
    assert row.secret in client.get(page("webhook", row.pk)).content.decode()
    assert row.secret not in client.get(page("webhook", row.pk)).content.decode()
    assert row.secret not in client.get(page("webhooks")).content.decode()
    event = StorefrontEvent.objects.get(kind="webhook_made")
    assert (event.summary, str(event.actor)) == (f"Made the webhook to {URL}", "the-lead")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Say where to send to"),
        ({"url": "http://shop.example/"}, "Only https addresses are reached."),
        ({"url": "https://shop.example:22/"}, "Port 22 is not reached"),
        ({"url": "https://a@shop.example/"}, "carries a user name"),
        ({"url": URL, "kinds": ["image.eaten"]}, "not one of the available choices"),
        ({"url": URL, "description": "x" * 300}, "at most 200 characters"),
    ],
)
def test_what_is_wrong_is_said(
    fields: dict[str, Any], said: str, sign_in: SignIn, storefront: Storefront
) -> None:
    response = sign_in("lead").post(page("webhook_new"), fields)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_buttons_do_what_they_say(
    sign_in: SignIn, endpoint: WebhookEndpoint, delivery: Delivery
) -> None:
    client = sign_in("lead")
    client.post(act(endpoint, "pause"))
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.PAUSED
    client.post(act(endpoint, "resume"))
    client.post(act(endpoint, "rotate"), {"overlap": "1"})
    rotated = WebhookEndpoint.objects.get()
    assert (rotated.state, rotated.previous_secret) == ("active", endpoint.secret)
    Delivery.objects.update(state=DeliveryState.FAILED)
    client.post(act(endpoint, "replay"))
    assert Delivery.objects.get().state == DeliveryState.WAITING
    Delivery.objects.update(state=DeliveryState.DELIVERED)
    client.post(page("delivery_replay", delivery.pk))
    assert Delivery.objects.get().state == DeliveryState.WAITING
    response = client.post(act(endpoint, "test"))
    assert response.headers["Location"] == page("delivery", Delivery.objects.latest("id").pk)
    assert client.post(act(endpoint, "explode")).status_code == 404
    client.post(act(endpoint, "delete"))
    assert not WebhookEndpoint.objects.there().exists()
    assert client.get(page("delivery", delivery.pk)).status_code == 404


def test_a_disabled_one_refuses_with_a_sentence(sign_in: SignIn, endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(state=EndpointState.DISABLED, state_reason="It is gone.")
    client = sign_in("lead")
    for action in ("pause", "test", "replay"):
        said = client.post(act(endpoint, action), follow=True).content.decode()
        assert "This endpoint is disabled" in said, action
    assert "It is gone." in client.get(page("webhooks")).content.decode()


def test_the_log_is_narrowed_and_nonsense_is_left_out(
    sign_in: SignIn, endpoint: WebhookEndpoint, delivery: Delivery
) -> None:
    client = sign_in("lead")

    def shown(query: str) -> int:
        return client.get(page("webhooks") + query).content.decode().count('class="delivery"')

    other = endpoints.make(storefront=endpoint.storefront, url=URL)
    assert shown("") == 1
    assert shown("?state=failed") == 0
    assert shown("?state=waiting&kind=image.live") == 1
    assert shown(f"?endpoint={other.pk}") == 0
    assert shown(f"?photo={delivery.image_id}") == 1
    assert shown(f"?photo={endpoint.pk}") == 0
    assert shown(f"?before={delivery.pk}") == 0
    for nonsense in ("state=x", "endpoint=x", "photo=%00", "before=x", f"before={10**30}"):
        assert shown(f"?{nonsense}") == 1, nonsense


def test_a_delivery_shows_what_was_answered_as_text(sign_in: SignIn, delivery: Delivery) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery, status=500, milliseconds=12, answer="<script>x</script>", error="No."
    )
    shown = sign_in("lead").get(page("delivery", delivery.pk)).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in shown
    assert "<script>x" not in shown
    assert "&quot;type&quot;: &quot;image.live&quot;" in shown


def test_storefronts_do_not_meet(
    sign_in: SignIn, endpoint: WebhookEndpoint, delivery: Delivery, other_storefront: Storefront
) -> None:
    client = sign_in("lead")
    slug = other_storefront.slug
    for name, args in (("webhook", [endpoint.pk]), ("delivery", [delivery.pk])):
        assert client.get(reverse(f"catalog:{name}", args=[slug, *args])).status_code == 404
    assert URL not in client.get(reverse("catalog:webhooks", args=[slug])).content.decode()
    path = reverse("catalog:webhook_act", args=[slug, endpoint.pk, "delete"])
    assert client.post(path).status_code == 404
    assert WebhookEndpoint.objects.there().exists()
    assert client.get(reverse("catalog:webhooks", args=["no-such-shop"])).status_code == 404


def test_the_page_costs_the_same_however_long_the_log(
    sign_in: SignIn, endpoint: WebhookEndpoint, django_assert_max_num_queries: Any
) -> None:
    client = sign_in("lead")
    for _ in range(20):
        webhooks.emit(image=photo_of(endpoint.storefront), kind=Occurrence.IMAGE_LIVE)
    client.get(page("webhooks"))
    with django_assert_max_num_queries(14):
        client.get(page("webhooks"))
