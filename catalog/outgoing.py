"""Requests to addresses that others gave: guarded, bounded in time and size, never through a
proxy, never decompressed.

The guard sits where connections are made: names are resolved once, every answer is checked, and
what was checked is what is connected to. There is no second look-up for an attacker to win.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpcore
import httpx

from catalog.addresses import AddressRefused, Rules, approve, read

AGENT = "Vitrine"


class OutgoingFailed(Exception):
    """The other side could not be reached, or not in time. Trying again may help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Answer:
    """What the other side said; at most `limit` bytes of body are ever held."""

    status: int
    headers: dict[str, str]  # names in lower case; of repeated ones, the last
    body: bytes
    is_whole: bool  # False: there was more than the limit


@dataclass
class Guard(httpcore.NetworkBackend):
    """Connects to approved addresses only, and gives up at the deadline, however slowly the
    other side drips."""

    rules: Rules
    deadline: float  # of time.monotonic()
    _backend: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = approve(host, port, self.rules)
        failure: Exception = httpcore.ConnectError("There is no address to connect to.")
        for position, address in enumerate(addresses):
            share = _left(self.deadline) / (len(addresses) - position)
            try:
                stream = self._backend.connect_tcp(address, port, timeout=share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Bounded(stream, self.deadline)
        raise failure

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise AddressRefused("bad_url", "This is not an address on the web.")

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Bounded(httpcore.NetworkStream):
    """A stream whose every operation ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Bounded(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def request(
    method: str,
    url: str,
    *,
    rules: Rules,
    seconds: float,
    limit: int,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
) -> Answer:
    """One request, redirects not followed, over within `seconds`, at most `limit` bytes read.

    Raises `AddressRefused` for addresses that may not be reached and `OutgoingFailed` when
    nobody answers in time. Any status is an answer.
    """
    parsed = read(url, rules)
    deadline = time.monotonic() + seconds
    sent = {
        "Host": parsed.netloc.decode("ascii"),
        "User-Agent": AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
        **(headers or {}),
    }
    if content is not None:
        sent["Content-Length"] = str(len(content))
    with (
        _explained(),
        httpcore.ConnectionPool(
            ssl_context=_trust(), network_backend=Guard(rules, deadline), retries=0
        ) as pool,
        pool.stream(method, _target(parsed), headers=list(sent.items()), content=content) as answer,
    ):
        names = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in answer.headers
        }
        body, is_whole = _read(answer.iter_stream(), limit, names.get("content-length", ""))
        return Answer(answer.status, names, body, is_whole)


def _read(stream: Iterator[bytes], limit: int, declared: str) -> tuple[bytes, bool]:
    """Up to `limit` bytes, and whether that was all; nothing of what declares itself larger."""
    if declared.isdigit() and int(declared) > limit:
        return b"", False
    body = bytearray()
    for piece in stream:
        body += piece
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), True


def _target(parsed: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=parsed.raw_scheme,
        host=parsed.raw_host,
        port=parsed.port,
        target=parsed.raw_path,
    )


@contextmanager
def _explained() -> Iterator[None]:
    """The network's many errors as one, with a sentence."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise OutgoingFailed("timeout", "The other side did not answer in time.") from error
    except httpcore.ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error):
            message = "The other side's certificate is not accepted."
            raise OutgoingFailed("bad_certificate", message) from error
        raise OutgoingFailed("unreachable", "The other side cannot be reached.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        message = "The other side broke the connection off or does not speak HTTP."
        raise OutgoingFailed("broken_answer", message) from error


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises httpcore's time-out once there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The time for this request is over.")
    return left
