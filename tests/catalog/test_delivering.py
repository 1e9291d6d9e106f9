"""Deliveries to a real server that fails, hangs, redirects or is gone: every event arrives at
least once, signed, in order per photo, and nobody waits for somebody else's server."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from catalog import circuits, delivering, endpoints, outbox, webhooks
from catalog.choices import DeliveryState, EndpointState, Occurrence, Source
from catalog.delivering import Deliverer
from catalog.endpoints import WebhookRefused
from catalog.models import (
    Delivery,
    DeliveryAttempt,
    Image,
    Storefront,
    StorefrontEvent,
    WebhookEndpoint,
    WebhookEvent,
)
from tests.receiver import Received, Receiver, is_signed, receiving

pytestmark = pytest.mark.django_db

Emit = Callable[..., str]


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def open_rules(settings: Any, shop: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VITRINE_WEBHOOK_SCHEMES = ["http"]
    settings.VITRINE_WEBHOOK_PORTS = [shop.port]
    settings.VITRINE_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(delivering, "REQUEST_SECONDS", 1.0)


@pytest.fixture
def endpoint(storefront: Storefront, shop: Receiver) -> WebhookEndpoint:
    return endpoints.make(storefront=storefront, url=shop.url())


def photo_of(storefront: Storefront) -> Image:
    """A row without files, which is all that an event needs."""
    count = Image.objects.count()
    return Image.objects.create(
        storefront=storefront, source=Source.API, sha256=f"{count:064}", format="JPEG",
        width=1, height=1, size_bytes=1,
    )  # fmt: skip


def emit(image: Image, kind: Occurrence = Occurrence.IMAGE_HELD) -> str:
    webhooks.emit(image=image, kind=kind)
    return str(WebhookEvent.objects.order_by("-sequence").first().pk)  # type: ignore[union-attr]


def deliver(seconds: float = 20) -> None:
    """Send whatever is due, until nothing is under way."""
    Deliverer().run(seconds=seconds)


def time_passes(**more: object) -> None:
    """As if every pause were over."""
    now = timezone.now()
    Delivery.objects.filter(state=DeliveryState.WAITING).update(next_attempt_at=now)
    WebhookEndpoint.objects.update(open_until=None)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_an_event_arrives_signed_and_once(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: (200, b"thank you", {})
    image = photo_of(storefront)
    message = emit(image)

    deliver()
    deliver()

    (received,) = shop.got
    assert received.id == message
    assert is_signed(received, endpoint.secret)
    assert not is_signed(received, endpoints.signing.new_secret())
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 60
    assert received.headers["content-type"] == "application/json"
    assert received.headers["host"] == f"127.0.0.1:{shop.port}"
    assert received.event["type"] == "image.held"
    assert received.event["data"] == {
        "id": str(image.pk), "status": "pending", "sku": None, "tags": [],
    }  # fmt: skip
    assert received.event["livemode"] is True
    (attempt,) = DeliveryAttempt.objects.all()
    assert (attempt.status, attempt.answer, attempt.error) == (200, "thank you", "")
    assert states() == ["delivered"]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_what_is_refused_comes_again_with_the_same_id_and_bytes(
    status: int, storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: 204 if number > 2 else status
    message = emit(photo_of(storefront))

    deliver()
    deliver()
    assert len(shop.got) == 1, "not before its pause is over"
    for _ in range(3):
        time_passes()
        deliver()

    assert [each.id for each in shop.got] == [message] * 3
    assert len({each.body for each in shop.got}) == 1
    assert all(is_signed(each, endpoint.secret) for each in shop.got)
    assert states() == ["delivered"]
    assert [a.status for a in DeliveryAttempt.objects.order_by("id")] == [status, status, 204]
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_a_redirect_is_not_followed(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: (302, b"", {"Location": shop.url("/elsewhere")})
    emit(photo_of(storefront))
    deliver()
    assert [each.path for each in shop.got] == ["/hooks"]
    assert "Redirects are not followed" in DeliveryAttempt.objects.get().error
    assert states() == ["waiting"]


def test_a_private_address_is_not_reached_unless_it_was_opened(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver, settings: Any
) -> None:
    settings.VITRINE_WEBHOOK_NETWORKS = []
    emit(photo_of(storefront))
    deliver()
    assert shop.got == []
    assert DeliveryAttempt.objects.get().error == "The address is not on the public internet."


def test_an_endpoint_that_is_gone_is_disabled_with_a_notice(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: 410
    image = photo_of(storefront)
    emit(image)
    emit(image)
    deliver()
    time_passes()
    deliver()

    assert len(shop.got) == 1
    assert states() == ["failed", "dropped"]
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason) == ("disabled", "It answered 410 Gone.")
    notice = StorefrontEvent.objects.get(kind="webhook_disabled")
    assert notice.summary == f"Webhooks to {shop.url()} were disabled: It answered 410 Gone."
    webhooks.emit(image=image, kind=Occurrence.IMAGE_LIVE)
    assert Delivery.objects.count() == 2, "nothing more is written for it"

    shop.answer = lambda received, number: 204
    with pytest.raises(WebhookRefused, match="Switch it on first"):
        endpoints.replay_failed(endpoint=endpoint)
    endpoints.resume(endpoint=endpoint)
    assert endpoints.replay_failed(endpoint=endpoint) == 2
    deliver()
    assert states() == ["delivered", "delivered"]
    assert len(shop.got) == 3


def test_events_of_a_photo_arrive_in_order_and_wait_for_the_one_before(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    stuck, other = photo_of(storefront), photo_of(storefront)
    first = emit(stuck)

    def answer(received: Received, number: int) -> int:
        return 500 if received.id == first and number < 6 else 204

    shop.answer = answer
    for kind in (Occurrence.IMAGE_LIVE, Occurrence.IMAGE_REMOVED):
        emit(stuck, kind)
        emit(other, kind)
    deliver()
    of_other = [each.event["type"] for each in shop.got if str(other.pk) in each.body.decode()]
    assert of_other == ["image.live", "image.removed"]
    assert {each.id for each in shop.got if str(stuck.pk) in each.body.decode()} == {first}
    for _ in range(6):
        time_passes()
        deliver()
    order = [each.event for each in shop.got if str(stuck.pk) in each.body.decode()]
    assert [event["type"] for event in order][-3:] == ["image.held", "image.live", "image.removed"]
    assert [e["sequence"] for e in order] == sorted(e["sequence"] for e in order)
    assert set(states()) == {"delivered"}


def test_the_next_event_goes_on_once_the_one_before_is_given_up(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    image = photo_of(storefront)
    first = emit(image)
    emit(image, Occurrence.IMAGE_LIVE)
    shop.answer = lambda received, number: 500 if received.id == first else 204
    Delivery.objects.filter(event=first).update(give_up_at=timezone.now())
    deliver()
    assert [each.event["type"] for each in shop.got] == ["image.held", "image.live"]
    assert states() == ["failed", "delivered"]


def test_a_dead_shop_delays_no_other(
    storefront: Storefront, other_storefront: Storefront, shop: Receiver, monkeypatch: Any
) -> None:
    """While one shop hangs, all of the other's events arrive; only then is it let go."""
    dead = endpoints.make(storefront=storefront, url=shop.url("/dead"))
    endpoints.make(storefront=other_storefront, url=shop.url("/well"))
    for _ in range(40):
        emit(photo_of(storefront))
    for _ in range(20):
        emit(photo_of(other_storefront))
    arrived = threading.Event()

    def answer(received: Received, number: int) -> int | None:
        if received.path == "/dead":
            return None
        if len(shop.at("/well")) == 20:
            arrived.set()
        return 204

    shop.answer = answer
    monkeypatch.setattr(delivering, "REQUEST_SECONDS", 25.0)
    sender = Deliverer()
    for _ in range(40):
        assert sender.run(seconds=0.2) is True, "the dead one is under way"
        if arrived.is_set():
            break

    assert arrived.is_set()
    assert len(shop.at("/dead")) == outbox.AT_ONCE, "it holds a few connections, not all"
    shop.let_go.set()
    sender.finish()
    dead.refresh_from_db()
    assert dead.failures == outbox.AT_ONCE


def test_an_endpoint_that_hangs_is_asked_ever_more_rarely(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivering, "REQUEST_SECONDS", 0.1)
    shop.answer = lambda received, number: None
    for _ in range(20):
        emit(photo_of(storefront))
    deliver()
    endpoint.refresh_from_db()
    asked = len(shop.got)
    assert circuits.OPENS_AFTER <= asked <= circuits.OPENS_AFTER + outbox.AT_ONCE
    assert endpoint.open_until is not None
    assert endpoint.open_until > timezone.now() + timedelta(seconds=20)
    assert "did not answer in time" in DeliveryAttempt.objects.all()[0].error

    WebhookEndpoint.objects.update(open_until=timezone.now())
    deliver()
    assert len(shop.got) == asked + 1, "one probe, then it is left alone for twice as long"

    shop.answer = lambda received, number: 204
    WebhookEndpoint.objects.update(open_until=timezone.now())
    deliver()
    assert set(states()) == {"delivered"}, "it answers, and gets all that waited at once"


def test_days_of_failures_disable_it(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: 500
    emit(photo_of(storefront))
    deliver()
    since = timezone.now() - timedelta(days=3)
    WebhookEndpoint.objects.update(failing_since=since)
    time_passes()
    deliver()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.DISABLED
    assert endpoint.state_reason.startswith(f"Nothing was accepted since {since:%d %b %Y %H:%M}")
    assert states() == ["dropped"]


def test_it_is_asked_when_it_wants_to_be(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: (429, b"", {"Retry-After": "600"})
    emit(photo_of(storefront))
    before = timezone.now()
    deliver()
    endpoint.refresh_from_db()
    assert endpoint.open_until is not None
    assert endpoint.open_until >= before + timedelta(seconds=600)


def test_a_long_answer_is_cut(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    shop.answer = lambda received, number: (200, b"\0" + b"x" * 3_000, {})
    emit(photo_of(storefront))
    deliver()
    assert len(DeliveryAttempt.objects.get().answer) == 500


def test_while_a_secret_is_rotated_both_sign(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    old = endpoint.secret
    new = endpoints.rotate(endpoint=endpoint, overlap=timedelta(hours=1)).secret
    image = photo_of(storefront)
    emit(image)
    deliver()
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    emit(image)
    deliver()

    both, one = shop.got
    assert len(both.signatures) == 2
    assert is_signed(both, old)
    assert is_signed(both, new)
    assert is_signed(one, new)
    assert not is_signed(one, old)


def test_a_paused_endpoint_misses_nothing(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    endpoints.pause(endpoint=endpoint)
    message = emit(photo_of(storefront))
    deliver()
    assert shop.got == []
    endpoints.resume(endpoint=endpoint)
    deliver()
    assert [each.id for each in shop.got] == [message]


def test_a_worker_that_lost_its_lease_changes_nothing_and_the_event_arrives(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    message = emit(photo_of(storefront))
    (dead,) = outbox.claim(limit=10, busy={})
    assert outbox.claim(limit=10, busy={}) == [], "it is leased"
    later = timezone.now() + outbox.LEASE
    (claimed,) = outbox.claim(limit=10, busy={}, now=later)

    assert outbox.settle(claimed=dead, outcome=circuits.Outcome(5, status=204)) is False
    assert states() == ["waiting"]
    assert not DeliveryAttempt.objects.exists()
    sent = delivering.send(claimed, before=time.monotonic() + 5)
    assert outbox.settle(claimed=claimed, outcome=sent)
    assert [each.id for each in shop.got] == [message]
    assert states() == ["delivered"]
    with pytest.raises(TimeoutError):
        delivering.send(claimed, before=time.monotonic() - 1)
    assert len(shop.got) == 1


def test_a_replay_is_the_same_message_again(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    emit(photo_of(storefront))
    deliver()
    endpoints.replay(delivery=Delivery.objects.get())
    deliver()
    first, second = shop.got
    assert (first.id, first.body) == (second.id, second.body)
    assert Delivery.objects.get().log.count() == 2


def test_a_test_event_goes_to_one_endpoint(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver
) -> None:
    other = endpoints.make(
        storefront=storefront, url=shop.url("/other"), kinds=[Occurrence.IMAGE_LIVE]
    )
    webhooks.send_test(endpoint=other)
    deliver()
    (received,) = shop.got
    assert (received.path, received.event["type"]) == ("/other", "webhook.test")


def test_old_events_and_deleted_endpoints_are_forgotten(
    storefront: Storefront, endpoint: WebhookEndpoint, shop: Receiver, settings: Any
) -> None:
    old, new = emit(photo_of(storefront)), emit(photo_of(storefront))
    deliver()
    settings.VITRINE_WEBHOOK_KEEP_DAYS = 7
    WebhookEvent.objects.filter(pk=old).update(created_at=timezone.now() - timedelta(days=8))
    endpoints.forget()
    assert [str(event.pk) for event in WebhookEvent.objects.all()] == [new]
    assert Delivery.objects.count() == DeliveryAttempt.objects.count() == 1

    endpoints.delete(endpoint=endpoint)
    emit(photo_of(storefront))
    deliver()
    assert len(shop.got) == 2, "nothing after it was deleted"
    endpoints.forget()
    assert WebhookEndpoint.objects.count() == 1, "a transaction under way may still refer to it"
    endpoints.forget(now=timezone.now() + timedelta(hours=2))
    assert not WebhookEndpoint.objects.exists()
    assert not Delivery.objects.exists()


def test_pauses_grow_and_three_days_are_filled() -> None:
    elapsed, attempts = 0.0, 0
    while elapsed < timedelta(days=3).total_seconds():
        attempts += 1
        elapsed += outbox.pause(attempts)
    assert 13 <= attempts <= 20
    assert 4 <= outbox.pause(1) <= 6
    assert outbox.pause(1) != outbox.pause(1), "what failed together does not return together"
    assert outbox.pause(10_000) <= 1.2 * 8 * 3600


def test_several_results_that_say_gone_are_one_notice(
    storefront: Storefront, endpoint: WebhookEndpoint
) -> None:
    for _ in range(3):
        emit(photo_of(storefront))
    claimed = outbox.claim(limit=10, busy={})
    outcome = circuits.Outcome(5, status=410, error="It answered 410 instead of 2xx.")
    assert outbox.settle_all(results=[(each, outcome) for each in claimed]) == 3
    assert StorefrontEvent.objects.filter(kind="webhook_disabled").count() == 1
    assert states() == ["failed"] * 3
