"""Photos by address: what is fetched, what is refused, and that each comes exactly once."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from catalog import addresses, fetching
from catalog.addresses import AddressRefused
from catalog.choices import FetchStatus, Source
from catalog.fetching import FetchRefused
from catalog.models import Fetch, Image, Product, Storefront
from tests.conftest import Picture, picture_of

pytestmark = pytest.mark.django_db(transaction=True)


class Cdn(BaseHTTPRequestHandler):
    """A shop's content network. `/redirect?to` goes there, `/status/N` answers so."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append(self.path)
        path, _, query = self.path.partition("?")
        if path == "/redirect":
            self.answer(302, location=query)
        elif path.startswith("/status/"):
            self.answer(int(path.removeprefix("/status/")))
        elif path == "/page.jpg":
            self.answer(200, b"<html>no photo</html>", kind="image/jpeg")
        elif path == "/packed.jpg":
            self.answer(200, b"\x1f\x8b", encoding="gzip")
        elif path == "/short.jpg":
            self.answer(200, b"\xff\xd8\xff", length=50)
        else:
            self.answer(200, server.photo)

    def answer(
        self,
        status: int,
        body: bytes = b"",
        *,
        location: str = "",
        kind: str = "image/jpeg",
        encoding: str = "",
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if location:
            self.send_header("Location", location)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cdn(settings: Any) -> Iterator[Any]:
    """A server here, which the operator opened; nothing else that is not public is reached."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Cdn)
    server.daemon_threads = True
    server.seen, server.photo = [], picture_of("mug", 3)
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    settings.VITRINE_FETCH_NETWORKS = [ip_network("127.0.0.1/32")]
    settings.VITRINE_FETCH_PORTS = [80, 443, server.server_address[1]]
    settings.VITRINE_FETCH_SECONDS = 10
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(storefront: Storefront, cdn: Any) -> Callable[..., Fetch]:
    """Have an address of the server fetched, and wait for it."""

    def run(path: str, **wanted: str) -> Fetch:
        row = fetching.enqueue(storefront=storefront, url=cdn.url + path, **wanted)
        fetching.run_turn(seconds=20)
        row.refresh_from_db()
        return row

    return run


def test_a_photo_comes_in_like_any_upload(
    ask: Callable[..., Fetch], storefront: Storefront
) -> None:
    row = ask("/photos/blue%20mug.jpg?size=large", sku="MUG-1", title="Blue mug")
    assert (row.status, row.failure_reason, row.lease_token) == (FetchStatus.DONE, "", None)
    assert row.finished_at is not None
    image = Image.objects.get()
    assert row.image == image
    assert (image.storefront, image.filename, image.source, image.status) == (
        storefront,
        "blue mug.jpg",
        Source.ADDRESS,
        "pending",
    )
    assert image.product == Product.objects.get(sku="MUG-1", title="Blue mug")


def test_the_same_photo_again_is_the_same_photo(ask: Callable[..., Fetch]) -> None:
    assert ask("/a.jpg").image == ask("/b.jpg").image
    assert Image.objects.count() == 1


def test_redirects_are_followed_three_times(ask: Callable[..., Fetch], cdn: Any) -> None:
    assert ask("/redirect?/redirect?/redirect?/mug.jpg").status == FetchStatus.DONE
    row = ask("/redirect?/redirect?/redirect?/redirect?/mug.jpg")
    assert row.failure_code == "too_many_redirects"
    assert cdn.seen.count("/mug.jpg") == 1


LED_ASTRAY = [
    ("http://169.254.169.254/latest/meta-data/", "private_address"),
    ("http://[::1]/", "private_address"),
    ("http://[::ffff:10.0.0.1]/", "private_address"),
    ("http://10.0.0.1/x.jpg", "private_address"),
    ("//10.0.0.1/x.jpg", "private_address"),
    ("http://2130706433/", "odd_host"),
    ("http://127.0.0.1:22/", "bad_port"),
    ("file:///etc/passwd", "bad_scheme"),
    ("ftp://127.0.0.1/", "bad_scheme"),
    ("http://shop@127.0.0.1/", "bad_url"),
    ("http://[not-an-address/", "bad_url"),
]


@pytest.mark.parametrize(("target", "code"), LED_ASTRAY, ids=[row[0] for row in LED_ASTRAY])
def test_a_redirect_is_checked_like_any_address(
    target: str,
    code: str,
    ask: Callable[..., Fetch],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, logger="catalog.fetching"):
        row = ask(f"/redirect?{target}")
    assert (row.status, row.failure_code, row.attempts) == (FetchStatus.FAILED, code, 1)
    assert row.failure_reason in caplog.text
    assert "10.0.0.1" not in row.failure_reason
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/status/404", "bad_status"),
        ("/status/403", "bad_status"),
        ("/status/302", "bad_status"),  # a redirect to nowhere
        ("/page.jpg", "unsupported_format"),
        ("/packed.jpg", "encoded_body"),
    ],
)
def test_what_is_no_photo_is_refused_at_once(
    path: str, code: str, ask: Callable[..., Fetch]
) -> None:
    row = ask(path, sku="MUG-1")
    assert (row.status, row.failure_code, row.attempts) == (FetchStatus.FAILED, code, 1)
    assert row.failure_reason
    assert not Image.objects.exists()
    assert not Product.objects.exists()


def test_a_file_over_the_limit_is_refused(
    ask: Callable[..., Fetch], cdn: Any, settings: Any
) -> None:
    settings.VITRINE_MAX_UPLOAD_BYTES = len(cdn.photo) - 1
    assert ask("/mug.jpg").failure_code == "file_too_large"


@pytest.mark.parametrize("path", ["/status/503", "/status/429", "/short.jpg"])
def test_what_may_pass_is_tried_four_times_ever_later(
    path: str, ask: Callable[..., Fetch], cdn: Any
) -> None:
    row = ask(path)
    pauses = []
    while row.status == FetchStatus.WAITING:
        assert not fetching.run_turn(seconds=5)  # not due yet
        pauses.append((row.next_attempt_at - timezone.now()).total_seconds())
        Fetch.objects.update(next_attempt_at=timezone.now())
        fetching.run_turn(seconds=5)
        row.refresh_from_db()
    assert (row.status, row.attempts, len(cdn.seen)) == (FetchStatus.FAILED, 4, 4)
    assert len(pauses) == 3
    assert 5 < pauses[0] < 13 < pauses[1] < 73 < pauses[2] < 433


def test_a_worker_that_died_costs_its_lease(
    ask: Callable[..., Fetch], storefront: Storefront, cdn: Any
) -> None:
    row = fetching.enqueue(storefront=storefront, url=f"{cdn.url}/mug.jpg")
    [lost] = fetching._claim(now=timezone.now(), busy=Counter())
    fetching.run_turn(seconds=5)
    row.refresh_from_db()
    assert row.status == FetchStatus.WAITING  # leased
    Fetch.objects.update(lease_expires_at=timezone.now())
    fetching.run_turn(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.attempts) == (FetchStatus.DONE, 2)
    # The one that was thought dead is fenced off: it writes nothing.
    fetching._fail(lost, "x", "Late.")
    fetching._take(lost, fetching.Fetched(picture_of("vase"), "vase.jpg"))
    row.refresh_from_db()
    assert (row.status, Image.objects.count()) == (FetchStatus.DONE, 1)


def test_an_address_that_keeps_killing_workers_is_given_up(
    storefront: Storefront, cdn: Any
) -> None:
    row = fetching.enqueue(storefront=storefront, url=f"{cdn.url}/mug.jpg")
    for _ in range(fetching.ATTEMPTS):
        assert fetching._claim(now=timezone.now(), busy=Counter())
        Fetch.objects.update(lease_expires_at=timezone.now())
    fetching.run_turn(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.failure_code, cdn.seen) == (FetchStatus.FAILED, "gave_up", [])


def test_a_long_list_delays_nobody_elses_photo(
    storefront: Storefront, other_storefront: Storefront
) -> None:
    for n in range(50):
        fetching.enqueue(storefront=storefront, url=f"http://a.example/{n}.jpg")
    fetching.enqueue(storefront=other_storefront, url="http://b.example/1.jpg")
    claimed = fetching._claim(now=timezone.now(), busy=Counter())
    assert "http://b.example/1.jpg" in [row.url for row in claimed]
    assert len(claimed) == fetching.AT_ONCE_PER_SHOP + 1


def test_a_shop_with_a_slow_host_leaves_room_for_others(
    storefront: Storefront, other_storefront: Storefront
) -> None:
    for n in range(50):
        fetching.enqueue(storefront=storefront, url=f"http://a.example/{n}.jpg")
    busy = Counter({storefront.pk: fetching.AT_ONCE_PER_SHOP})
    assert fetching._claim(now=timezone.now(), busy=busy) == []
    fetching.enqueue(storefront=other_storefront, url="http://b.example/1.jpg")
    [row] = fetching._claim(now=timezone.now(), busy=busy)
    assert row.storefront == other_storefront


def test_a_name_for_a_private_address_is_refused_and_logged_without_its_secret(
    storefront: Storefront, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rules = addresses.Rules(resolver=lambda host, port: ["10.0.0.7"])
    monkeypatch.setattr(fetching, "rules", lambda: rules)
    row = fetching.enqueue(
        storefront=storefront, url="https://intranet.example/x.jpg?signature=hush"
    )
    with caplog.at_level(logging.WARNING, logger="catalog.fetching"):
        fetching.run_turn(seconds=5)
    row.refresh_from_db()
    assert row.failure_code == "private_address"
    assert "https://intranet.example/x.jpg" in caplog.text
    assert "hush" not in caplog.text
    assert "10.0.0.7" not in caplog.text + row.failure_reason


def test_https_is_not_left_for_http(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = fetching.outgoing.Answer(301, {"location": "http://cdn.example/x.jpg"}, b"", True)
    monkeypatch.setattr(fetching.outgoing, "request", lambda *args, **kwargs: moved)
    with pytest.raises(FetchRefused) as refused:
        fetching.fetch("https://cdn.example/x.jpg")
    assert refused.value.code == "bad_scheme"


def test_an_address_of_a_bad_form_makes_no_row(storefront: Storefront) -> None:
    with pytest.raises(AddressRefused):
        fetching.enqueue(storefront=storefront, url="file:///etc/passwd")
    assert not Fetch.objects.exists()


def test_what_is_over_is_forgotten_after_a_week(
    storefront: Storefront, ask: Callable[..., Fetch]
) -> None:
    row = ask("/mug.jpg")
    waiting = fetching.enqueue(storefront=storefront, url="http://a.example/1.jpg")
    assert row.finished_at is not None
    week = row.finished_at + fetching.KEPT
    assert fetching.forget(now=week - timedelta(seconds=1)) == 0
    assert fetching.forget(now=week) == 1
    assert list(Fetch.objects.all()) == [waiting]
    assert Image.objects.count() == 1


def test_photos_of_the_cdn_are_what_they_seem(cdn: Any, picture: Picture) -> None:
    fetched = fetching.fetch(f"{cdn.url}/a/")
    assert (fetched.data, fetched.filename) == (cdn.photo, "a")
    assert fetching.fetch(cdn.url).filename == "photo"
