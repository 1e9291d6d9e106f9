"""Answering a request once, however often it is sent under the same key.

The first request takes a lock that expires; its answer, if final, replaces the lock and is
replayed for a day. Whoever outlives its lock stores nothing, and what it did is done once all the
same: sending a photo twice is safe by itself.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.models import IdempotentRequest, Storefront

KEPT = timedelta(days=1)
# Longer than any request takes that does not renew its lock: `wait` is at most half of it.
LOCKED = timedelta(minutes=1)
GONE = 410


class DigestMismatch(Exception):
    """The key came with something else before."""


class InProgress(Exception):
    """The same request is being answered just now; `seconds` until its lock would expire."""

    def __init__(self, seconds: int) -> None:
        super().__init__("The same request is being answered just now.")
        self.seconds = seconds


@dataclass(frozen=True)
class Answer:
    """What was answered, ready to be sent again."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Lock:
    """The right to answer a request, for a while."""

    pk: int
    token: uuid.UUID


def begin(*, storefront: Storefront, key: str, digest: str) -> Lock | Answer:
    """Take the lock of a request, or learn its answer.

    `digest` is over what was sent; an empty one is not known yet, see `compare`. Raises
    `DigestMismatch` and `InProgress`.
    """
    now = timezone.now()
    token = uuid.uuid4()
    row, is_new = IdempotentRequest.objects.get_or_create(
        storefront=storefront,
        key=key,
        defaults={
            "digest": digest,
            "token": token,
            "locked_until": now + LOCKED,
            "expires_at": now + KEPT,
        },
    )
    if is_new:
        return Lock(row.pk, token)
    if row.expires_at <= now:
        return _take_over(row, digest, Q(expires_at__lte=now), token, now)
    if digest and row.digest and row.digest != digest:
        raise DigestMismatch
    if row.status is not None:
        return Answer(row.status, row.headers, row.body)
    if row.locked_until and row.locked_until > now:
        raise InProgress(_seconds(row.locked_until, now))
    return _take_over(row, digest, Q(status__isnull=True, locked_until__lte=now), token, now)


def compare(*, storefront: Storefront, key: str, digest: str) -> None:
    """For requests whose digest is known only once they are read. Raises `DigestMismatch` when
    the key came with something else before."""
    known = IdempotentRequest.objects.filter(storefront=storefront, key=key).exclude(digest="")
    if known.exclude(digest=digest).exists():
        raise DigestMismatch


def renew(*, lock: Lock) -> None:
    """Keep the lock while the request takes its time."""
    _held(lock).update(locked_until=timezone.now() + LOCKED)


def finish(*, lock: Lock, digest: str, answer: Answer) -> None:
    """Keep the answer if it is final; a failure of ours is not, and gives the key back.

    Does nothing when the lock was lost meanwhile.
    """
    if answer.status >= 500:
        release(lock=lock)
        return
    _held(lock).update(
        digest=digest,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        locked_until=None,
    )


def release(*, lock: Lock) -> None:
    """Give the key back: the request was not answered, and may be sent again at once."""
    _held(lock).delete()


def forget_about(*, storefront_id: int, image_id: uuid.UUID) -> int:
    """Empty the kept answers that tell of an erased photo; returns how many.

    Their keys stay taken: sending such a request again says that it was answered, not that the
    photo should come back.
    """
    told = IdempotentRequest.objects.filter(
        storefront=storefront_id, status__isnull=False, body__contains=str(image_id)
    )
    return told.update(status=GONE, headers={}, body="")


def forget_old(*, now: datetime | None = None, limit: int = 5_000) -> int:
    """Delete what is older than a day; returns how many."""
    old = IdempotentRequest.objects.filter(expires_at__lte=now or timezone.now())
    chosen = old.order_by("expires_at").values("pk")[:limit]
    return IdempotentRequest.objects.filter(pk__in=chosen).delete()[0]


def _take_over(
    row: IdempotentRequest, digest: str, still: Q, token: uuid.UUID, now: datetime
) -> Lock:
    """The lock of a row that expired or whose holder is gone, unless somebody else was faster."""
    taken = IdempotentRequest.objects.filter(still, pk=row.pk, token=row.token).update(
        token=token,
        digest=digest,
        status=None,
        headers={},
        body="",
        locked_until=now + LOCKED,
        expires_at=now + KEPT,
    )
    if not taken:
        raise InProgress(_seconds(now + LOCKED, now))
    return Lock(row.pk, token)


def _held(lock: Lock) -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(pk=lock.pk, token=lock.token, status__isnull=True)


def _seconds(until: datetime, now: datetime) -> int:
    return max(1, int((until - now).total_seconds()))
