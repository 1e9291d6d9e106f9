"""Addresses that others give: what is refused, and what a request may cost at most.

Each row of the table is a known way around a guard of this kind.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network

import httpcore
import pytest

from catalog import addresses, outgoing
from catalog.addresses import AddressRefused, Rules

PUBLIC = "93.184.215.14"
LOCAL = (ip_network("127.0.0.0/8"),)


def says(*answers: str) -> Callable[[str, int], list[str]]:
    """A name server that always gives these."""
    return lambda host, port: list(answers)


REFUSED_FORMS = [
    ("ftp://example.com/x.jpg", "bad_scheme"),
    ("file:///etc/passwd", "bad_scheme"),
    ("gopher://127.0.0.1:70/_x", "bad_scheme"),
    ("//example.com/x.jpg", "bad_scheme"),
    ("jar:http://example.com!/x", "bad_scheme"),
    ("http://", "bad_url"),
    ("http:///x.jpg", "bad_url"),
    ("", "bad_scheme"),
    ("http://shop@example.com/x.jpg", "bad_url"),
    ("http://example.com@127.0.0.1/", "bad_url"),
    ("http://example.com:80@127.0.0.1/", "bad_url"),
    ("http://127.0.0.1\\@example.com/", "bad_url"),
    ("http://example.com\\.internal/", "bad_url"),
    ("http://exam ple.com/", "bad_url"),
    ("http://example.com/\r\nX-Injected: 1", "bad_url"),
    ("http://example.com/\x00", "bad_url"),
    ("http://%6c%6f%63alhost/", "bad_url"),
    ("http://127.0.0.1%00.example.com/", "bad_url"),
    ("http://[fe80::1%25eth0]/", "bad_url"),
    ("http://１２７.0.0.1/", "bad_url"),  # noqa: RUF001  full-width digits
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "bad_url"),
    ("http://example.com:22/", "bad_port"),
    ("http://example.com:6379/", "bad_port"),
    ("http://example.com:99999/", "bad_port"),
    ("http://2130706433/", "odd_host"),  # decimal
    ("http://017700000001/", "odd_host"),  # octal
    ("http://0177.0.0.1/", "bad_url"),
    ("http://0x7f000001/", "odd_host"),  # hexadecimal
    ("http://0x7f.0.0.1/", "odd_host"),
    ("http://127.1/", "odd_host"),  # short
    ("http://0/", "odd_host"),
    ("http://127.0.0.1./", "odd_host"),
    ("http://example.com/" + "x" * 2048, "bad_url"),
]


@pytest.mark.parametrize(("url", "code"), REFUSED_FORMS, ids=[r[0][:40] for r in REFUSED_FORMS])
def test_an_address_of_a_bad_form_is_refused(url: str, code: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        addresses.read(url, Rules())
    assert refused.value.code == code


NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo around 127.0.0.1
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_refused_by_number_and_by_name(address: str) -> None:
    for host, resolver in ((address, says(PUBLIC)), ("example.com", says(address))):
        with pytest.raises(AddressRefused) as refused:
            addresses.approve(host, 80, Rules(resolver=resolver))
        assert refused.value.code == "private_address"
        assert address not in refused.value.message


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "64:ff9b::808:808", "8.8.8.8"])
def test_public_addresses_are_reached(address: str) -> None:
    assert addresses.is_public(ip_address(address))
    assert addresses.approve("example.com", 443, Rules(resolver=says(address))) == [address]


def test_one_bad_answer_among_good_ones_refuses_them_all() -> None:
    with pytest.raises(AddressRefused, match="public internet"):
        addresses.approve("example.com", 80, Rules(resolver=says(PUBLIC, "10.0.0.1")))


def test_a_name_that_means_nothing_is_said_to() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolver in (fails, says()):
        with pytest.raises(AddressRefused) as refused:
            addresses.approve("nowhere.example", 80, Rules(resolver=resolver))
        assert refused.value.code == "unknown_host"


@pytest.mark.parametrize(
    ("host", "listed"),
    [
        ("cdn.example.com", True),
        ("a.b.shop.example", True),
        ("CDN.example.com", True),
        ("shop.example", False),
        ("evilshop.example", False),
        ("cdn.example.com.evil.example", False),
    ],
)
def test_a_closed_list_of_hosts(host: str, listed: bool) -> None:
    rules = Rules(hosts=("cdn.example.com", "*.shop.example"))
    if listed:
        assert addresses.read(f"https://{host}/x.jpg", rules).host == host.lower()
        return
    with pytest.raises(AddressRefused) as refused:
        addresses.read(f"https://{host}/x.jpg", rules)
    assert refused.value.code == "host_not_listed"


class Site(BaseHTTPRequestHandler):
    """A web server with manners good and bad."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        match self.path:
            case "/drip":
                self.send_response(200)
                self.end_headers()
                for _ in range(200):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.05)
            case "/large":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"x" * 5000)
            case "/declared":
                self.send_response(200)
                self.send_header("Content-Length", str(10**12))
                self.end_headers()
                self.wfile.write(b"x")
            case "/away":
                self.send_response(302)
                self.send_header("Location", "http://169.254.169.254/latest/meta-data")
                self.end_headers()
            case "/garbage":
                self.wfile.write(b"220 smtp ready\r\n")
            case _:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with closing(server.socket):
        yield server
        server.shutdown()


def ask(
    site: ThreadingHTTPServer,
    path: str,
    *,
    host: str = "127.0.0.1",
    seconds: float = 5,
    **more: object,
) -> outgoing.Answer:
    port = site.server_address[1]
    rules = Rules(ports=frozenset({port}), networks=LOCAL, **more)  # type: ignore[arg-type]
    url = f"http://{host}:{port}{path}"
    return outgoing.request("GET", url, rules=rules, seconds=seconds, limit=1000)


def test_an_answer(site: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # never asked
    answer = ask(site, "/x?y=1", host="shop.example", resolver=says("127.0.0.1"))
    assert (answer.status, answer.body, answer.is_whole) == (200, b"hello", True)
    [(path, headers)] = site.seen  # type: ignore[attr-defined]
    assert path == "/x?y=1"
    assert headers["Host"] == f"shop.example:{site.server_address[1]}"
    assert headers["Accept-Encoding"] == "identity"


def test_without_the_operators_word_nothing_local_is_reached(site: ThreadingHTTPServer) -> None:
    port = site.server_address[1]
    rules = Rules(ports=frozenset({port}))
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(AddressRefused):
            outgoing.request("GET", f"http://{host}:{port}/", rules=rules, seconds=5, limit=1000)
    assert site.seen == []  # type: ignore[attr-defined]


def test_a_name_that_changes_its_answer_is_looked_up_once(site: ThreadingHTTPServer) -> None:
    """DNS rebinding: public when it is checked, local when it is connected to."""
    answers = iter([["203.0.114.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinds(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    port = site.server_address[1]
    rules = Rules(ports=frozenset({port}), resolver=rebinds)
    connected: list[str] = []

    class Notes(httpcore.SyncBackend):
        def connect_tcp(self, host: str, *args: object, **kwargs: object) -> httpcore.NetworkStream:
            connected.append(host)
            raise httpcore.ConnectError

    guard = outgoing.Guard(rules, time.monotonic() + 5, Notes())
    with pytest.raises(httpcore.ConnectError):
        guard.connect_tcp("rebind.example", port)
    assert (asked, connected) == (["rebind.example"], ["203.0.114.1"])
    with pytest.raises(AddressRefused):  # and the next connection is checked afresh
        guard.connect_tcp("rebind.example", port)
    assert connected == ["203.0.114.1"]


def test_redirects_are_answers_not_orders(site: ThreadingHTTPServer) -> None:
    answer = ask(site, "/away")
    assert (answer.status, answer.headers["location"]) == (
        302,
        "http://169.254.169.254/latest/meta-data",
    )


def test_no_more_is_read_than_the_limit(site: ThreadingHTTPServer) -> None:
    large = ask(site, "/large")
    assert (len(large.body), large.is_whole) == (1000, False)
    declared = ask(site, "/declared")
    assert (declared.body, declared.is_whole) == (b"", False)


def test_who_drips_is_left_at_the_deadline(site: ThreadingHTTPServer) -> None:
    with pytest.raises(outgoing.OutgoingFailed) as failed:
        ask(site, "/drip", seconds=0.5)
    assert failed.value.code == "timeout"


def test_what_is_not_http_is_a_broken_answer(site: ThreadingHTTPServer) -> None:
    with pytest.raises(outgoing.OutgoingFailed) as failed:
        ask(site, "/garbage")
    assert failed.value.code == "broken_answer"


def test_nobody_there(unused_tcp_port: int) -> None:
    rules = Rules(ports=frozenset({unused_tcp_port}), networks=LOCAL)
    with pytest.raises(outgoing.OutgoingFailed) as failed:
        outgoing.request(
            "GET", f"http://127.0.0.1:{unused_tcp_port}/", rules=rules, seconds=5, limit=1
        )
    assert failed.value.code == "unreachable"


def test_a_certificate_must_be_for_the_name(site: ThreadingHTTPServer) -> None:
    port = site.server_address[1]
    rules = Rules(ports=frozenset({port}), networks=LOCAL)
    with pytest.raises(outgoing.OutgoingFailed) as failed:
        outgoing.request("GET", f"https://127.0.0.1:{port}/", rules=rules, seconds=5, limit=1)
    assert failed.value.code in {"bad_certificate", "broken_answer"}
