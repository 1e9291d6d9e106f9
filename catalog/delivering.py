"""Sending webhooks: one process, a thread per request, so that nobody waits for a dead shop.

Threads only talk to the network; this thread alone talks to the database.
"""

import logging
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache

from django.conf import settings

from catalog import outbox, outgoing, signing
from catalog.addresses import AddressRefused, Rules
from catalog.circuits import Outcome
from catalog.outbox import Claimed
from catalog.outgoing import OutgoingFailed

log = logging.getLogger(__name__)

THREADS = 64
REQUEST_SECONDS = 10.0
ANSWER_BYTES = 4_096
POLL_SECONDS = 0.5  # how late a new event may be noticed while others are under way
LONGEST_RETRY_AFTER = 3600.0
ASKS_FOR_PATIENCE = frozenset({429, 503})


def rules() -> Rules:
    """Where webhooks may be sent, by settings."""
    return Rules(
        ports=frozenset(settings.VITRINE_WEBHOOK_PORTS),
        networks=tuple(settings.VITRINE_WEBHOOK_NETWORKS),
        schemes=frozenset(settings.VITRINE_WEBHOOK_SCHEMES),
    )


class Deliverer:
    """What is under way. It outlives a turn: a turn does not wait for slow endpoints, the next
    one learns what became of them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self._running: dict[Future[Outcome], Claimed] = {}

    def run(self, *, seconds: float) -> bool:
        """Send what is due, for a while; True if there is more to do."""
        until = time.monotonic() + seconds
        while True:
            self._settle()
            found = self._start()
            if not self._running:
                return False
            if time.monotonic() >= until:
                return True
            if not found:
                wait(self._running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)

    def finish(self) -> None:
        """Wait for what is under way and write it down, before the process ends."""
        wait(self._running, timeout=REQUEST_SECONDS + 5)
        self._settle()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> int:
        room = THREADS - len(self._running)
        if not room:
            return 0
        busy: Counter[uuid.UUID] = Counter(each.endpoint for each in self._running.values())
        claimed = outbox.claim(limit=room, busy=busy)
        before = time.monotonic() + outbox.LEASE.total_seconds() - REQUEST_SECONDS
        for each in claimed:
            self._running[self._threads.submit(send, each, before=before)] = each
        return len(claimed)

    def _settle(self) -> None:
        results = []
        for future in [future for future in self._running if future.done()]:
            claimed = self._running.pop(future)
            try:
                results.append((claimed, future.result()))
            except Exception:  # ours; the lease runs out and it is sent again
                log.exception("Delivery %s could not be sent", claimed.delivery)
        if results:
            outbox.settle_all(results=results)


@cache
def deliverer() -> Deliverer:
    """This process's own."""
    return Deliverer()


def finish() -> None:
    """Before this process ends."""
    if deliverer.cache_info().currsize:
        deliverer().finish()


def send(claimed: Claimed, *, before: float) -> Outcome:
    """One signed request. Not begun after `before` (of time.monotonic()): the lease could end on
    the way, and another worker could send what comes next first."""
    started = time.monotonic()
    if started > before:
        raise TimeoutError("Its turn came too late.")
    timestamp = int(time.time())
    headers = signing.headers(
        active=claimed.secrets, message=claimed.message, timestamp=timestamp, body=claimed.body
    )
    try:
        answer = outgoing.request(
            "POST",
            claimed.url,
            rules=rules(),
            seconds=REQUEST_SECONDS,
            limit=ANSWER_BYTES,
            headers={"Content-Type": "application/json", **headers},
            content=claimed.body,
        )
    except (AddressRefused, OutgoingFailed) as failed:
        return Outcome(_since(started), error=failed.message)
    return Outcome(
        _since(started),
        status=answer.status,
        answer=answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        error=_error(answer.status),
        retry_after=_retry_after(answer),
    )


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _error(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}. Redirects are not followed: register the final address."
    return f"It answered {status} instead of 2xx."


def _retry_after(answer: outgoing.Answer) -> float:
    """Seconds, where an endpoint that is overloaded names them; dates are not read."""
    asked = answer.headers.get("retry-after", "")
    if answer.status not in ASKS_FOR_PATIENCE or not asked.isdecimal():
        return 0.0
    return min(float(asked[:6]), LONGEST_RETRY_AFTER)
