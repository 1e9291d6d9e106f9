"""Photos by address: fetched by a worker, through the guard of `outgoing.py`, then taken in like
any other upload. What an address leads to is as hostile as the address.
"""

import logging
import random
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog import addresses, doorbell, outgoing, webhooks
from catalog.addresses import AddressRefused, Rules
from catalog.choices import FetchStatus, Occurrence, Source
from catalog.ingest import ingest
from catalog.ml.rejection import ImageRejected
from catalog.models import Fetch, Storefront
from catalog.models.fetch import FetchQuerySet
from catalog.outgoing import OutgoingFailed
from catalog.products import upsert

log = logging.getLogger(__name__)

TASK = "catalog.tasks.fetch_photos"
REDIRECTS = 3
AT_ONCE = 16  # connections; their waiting costs nothing but a thread
AT_ONCE_PER_SHOP = 12
POLL_SECONDS = 0.5  # how late a new address may be noticed while others are under way
ATTEMPTS = 4
FIRST_PAUSE = 10.0  # seconds; each further one is six times as long
KEPT = timedelta(days=7)  # how long a storefront may ask what became of an address
MOVED = frozenset({301, 302, 303, 307, 308})
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Fetched:
    """What was at an address."""

    data: bytes
    filename: str


class FetchRefused(Exception):
    """There is no photo to be had. `code` is stable, the message is for people; `may_pass` says
    whether trying again may help."""

    def __init__(self, code: str, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.may_pass = may_pass


def rules() -> Rules:
    """Where photos may be fetched from, by settings."""
    return Rules(
        ports=frozenset(settings.VITRINE_FETCH_PORTS),
        hosts=tuple(settings.VITRINE_FETCH_HOSTS),
        networks=tuple(settings.VITRINE_FETCH_NETWORKS),
    )


def enqueue(*, storefront: Storefront, url: str, sku: str = "", title: str = "") -> Fetch:
    """Have an address fetched. Raises `AddressRefused` where its form alone forbids it; what its
    host's name means is asked when it is fetched, never before."""
    addresses.read(url, rules())
    row = Fetch.objects.create(storefront=storefront, url=url, sku=sku, title=title)
    transaction.on_commit(lambda: doorbell.ring(TASK))
    return row


def fetch(url: str) -> Fetched:
    """What is at an address, redirects followed and each checked. Raises `FetchRefused`.

    Over within VITRINE_FETCH_SECONDS; at most VITRINE_MAX_UPLOAD_BYTES are read.
    """
    within = rules()
    deadline = time.monotonic() + settings.VITRINE_FETCH_SECONDS
    try:
        for _ in range(REDIRECTS + 1):
            answer = outgoing.request(
                "GET",
                url,
                rules=within,
                seconds=max(0.0, deadline - time.monotonic()),
                limit=settings.VITRINE_MAX_UPLOAD_BYTES,
                headers={"Accept": "image/*"},
            )
            if answer.status not in MOVED or not answer.headers.get("location"):
                return _photo(answer, url)
            url = _moved(url, answer.headers["location"])
    except AddressRefused as refused:
        raise FetchRefused(refused.code, refused.message) from refused
    except OutgoingFailed as failed:
        may_pass = failed.code != "bad_certificate"
        raise FetchRefused(failed.code, failed.message, may_pass=may_pass) from failed
    raise FetchRefused("too_many_redirects", f"It redirects more than {REDIRECTS} times.")


def _moved(url: str, location: str) -> str:
    """Where a redirect leads; that it may be reached is checked like any address."""
    try:
        target = httpx.URL(url).join(location)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise AddressRefused("bad_url", "It redirects to what is not an address.") from error
    if httpx.URL(url).scheme == "https" and target.scheme == "http":
        raise AddressRefused("bad_scheme", "It redirects from https to http.")
    return str(target)


def _photo(answer: outgoing.Answer, url: str) -> Fetched:
    if answer.status != 200:
        raise FetchRefused(
            "bad_status",
            f"The other side answered {answer.status} instead of 200.",
            may_pass=answer.status in TRY_AGAIN,
        )
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchRefused("encoded_body", "The other side compressed the photo, unasked.")
    if not answer.is_whole:
        most = settings.VITRINE_MAX_UPLOAD_BYTES // 1024**2
        raise FetchRefused("file_too_large", f"The file is larger than {most} MB.")
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and len(answer.body) != int(declared):
        raise FetchRefused("broken_answer", "The file arrived only in part.", may_pass=True)
    name = PurePosixPath(unquote(httpx.URL(url).path)).name
    return Fetched(answer.body, name.replace("\x00", "")[:255] or "photo")


def run_turn(*, seconds: float) -> bool:
    """Fetch what is due, for a while; True when more is left. Threads only talk to the network;
    this one alone talks to the database, and takes photos in as they arrive."""
    until = time.monotonic() + seconds
    running: dict[Future[Fetched], Fetch] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as threads:
        while True:
            if time.monotonic() < until:
                busy = Counter(row.storefront_id for row in running.values())
                for row in _claim(now=timezone.now(), busy=busy):
                    running[threads.submit(fetch, row.url)] = row
            if not running:
                return Fetch.objects.due(timezone.now()).exists()
            arrived, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for each in arrived:
                _settle(running.pop(each), each)


def _settle(row: Fetch, arrived: Future[Fetched]) -> None:
    try:
        _take(row, arrived.result())
    except FetchRefused as refused:
        _give_up_or_wait(row, refused)
    except ImageRejected as refused:
        _fail(row, refused.code, refused.message)
    except Exception:  # ours; the lease runs out and it is tried again
        log.exception("Fetching %s failed", row.pk)


@transaction.atomic
def _claim(*, now: datetime, busy: Counter[int]) -> list[Fetch]:
    """Lease as many as there is room for. A worker that dies costs its lease, and one attempt.

    `busy` counts what is under way: a shop whose host is slow leaves room for the others.
    """
    room = AT_ONCE - busy.total()
    full = [shop for shop, count in busy.items() if count >= AT_ONCE_PER_SHOP]
    due = Fetch.objects.exclude(storefront__in=full).due(now)
    candidates = list(due.values_list("pk", "storefront_id")[:room])
    share = Counter(busy)
    chosen = []
    for pk, shop in candidates:
        if share[shop] < AT_ONCE_PER_SHOP:
            share[shop] += 1
            chosen.append(pk)
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
    locked = Fetch.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
        "storefront"
    )
    rows = list(locked.filter(free, pk__in=chosen, status=FetchStatus.WAITING))
    for row in [row for row in rows if row.attempts >= ATTEMPTS]:
        rows.remove(row)
        _fail(row, "gave_up", "Fetching it stopped the worker several times. Send the file itself.")
    token = uuid.uuid4()
    expires = now + timedelta(seconds=settings.VITRINE_FETCH_SECONDS + 60)
    Fetch.objects.filter(pk__in=[row.pk for row in rows]).update(
        lease_token=token, lease_expires_at=expires, attempts=F("attempts") + 1
    )
    for row in rows:
        row.lease_token, row.attempts = token, row.attempts + 1
    return rows


@transaction.atomic
def _take(row: Fetch, fetched: Fetched) -> None:
    """Take the photo in and finish the row, both or neither; nothing if the lease was lost."""
    if not _held(row).select_for_update().exists():
        return
    product = upsert(storefront=row.storefront, sku=row.sku, title=row.title) if row.sku else None
    received = ingest(
        storefront=row.storefront,
        data=fetched.data,
        filename=fetched.filename,
        source=Source.ADDRESS,
        product=product,
    )
    _finish(row, status=FetchStatus.DONE, image=received.image)


def _give_up_or_wait(row: Fetch, refused: FetchRefused) -> None:
    if not refused.may_pass or row.attempts >= ATTEMPTS:
        _fail(row, refused.code, refused.message)
        return
    pause = FIRST_PAUSE * 6 ** (row.attempts - 1) * random.uniform(0.8, 1.2)  # noqa: S311
    _held(row).update(
        next_attempt_at=timezone.now() + timedelta(seconds=pause),
        lease_token=None,
        lease_expires_at=None,
    )


@transaction.atomic
def _fail(row: Fetch, code: str, reason: str) -> None:
    log.warning(
        "Storefront %s: the photo at %s was not taken (%s): %s",
        row.storefront_id, _without_query(row.url), code, reason,
    )  # fmt: skip
    if not _finish(row, status=FetchStatus.FAILED, failure_code=code, failure_reason=reason):
        return
    failure = {"code": code, "reason": reason}
    data = {"id": str(row.pk), "sku": row.sku or None, "failure": failure}
    webhooks.tell(storefront=row.storefront, kind=Occurrence.FETCH_FAILED, data=data)


def _finish(row: Fetch, **values: object) -> int:
    return _held(row).update(
        **values, finished_at=timezone.now(), lease_token=None, lease_expires_at=None
    )


def _held(row: Fetch) -> FetchQuerySet:
    return Fetch.objects.filter(pk=row.pk, lease_token=row.lease_token)


def _without_query(url: str) -> str:
    """Signed addresses carry their secret in the query, and logs are kept."""
    return url.partition("?")[0]


def forget(*, now: datetime | None = None, limit: int = 5_000) -> int:
    """Delete rows that were over a week ago; returns how many."""
    over = Fetch.objects.filter(finished_at__lte=(now or timezone.now()) - KEPT)
    gone, _ = Fetch.objects.filter(
        pk__in=over.order_by("finished_at").values("pk")[:limit]
    ).delete()
    return gone
