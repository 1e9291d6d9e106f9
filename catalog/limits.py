"""How much a storefront may ask of the API: token buckets in Redis, one per key and one per shop.

A bucket holds what may be spent in a minute and fills evenly, so a shop may hurry for a moment.
All buckets of a request are asked in one script: either each of them pays, or none. The clock is
Redis's own, so that web processes need not agree on the time.

Redis away means no limits: they protect neighbours from a busy shop, not the data, and turning
every request of every shop down because of a broker would do the harm they are there to prevent.
"""

import logging
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import redis
from django.conf import settings

from catalog.models import ApiKey

log = logging.getLogger(__name__)

WINDOW = 60  # seconds in which an empty bucket is full again
PATIENCE = 0.5  # seconds a request waits for Redis
LOOK_AWAY = 5.0  # seconds for which Redis is not asked again after it did not answer

KEPT = 8 * 24 * 60 * 60  # seconds for which a day's usage can be looked up

# KEYS: where the day's usage is counted, then the buckets. ARGV: the cost, the window, how long
# usage is kept, the requests to count, then the size of each bucket. Returns whether it was paid,
# then of each bucket what is left and what it lacks, in thousandths.
SPEND = """
local cost, window, usage = tonumber(ARGV[1]), tonumber(ARGV[2]), KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local left, paid = {}, 1
for i = 2, #KEYS do
    local size = tonumber(ARGV[3 + i])
    local known = redis.call('HMGET', KEYS[i], 'left', 'at')
    local since = math.max(0, now - (tonumber(known[2]) or now))
    left[i] = math.min(size, (tonumber(known[1]) or size) + since * size / window)
    if left[i] < math.min(cost, size) then paid = 0 end
end
local answer = {paid}
for i = 2, #KEYS do
    local due = math.min(cost, tonumber(ARGV[3 + i]))
    local lacking = math.max(0, due - left[i])
    if paid == 1 then left[i] = left[i] - due end
    redis.call('HSET', KEYS[i], 'left', string.format('%.6f', left[i]),
        'at', string.format('%.6f', now))
    redis.call('EXPIRE', KEYS[i], 2 * window)
    answer[2 * i - 2] = math.floor(left[i] * 1000)
    answer[2 * i - 1] = math.ceil(lacking * 1000)
end
redis.call('HINCRBY', usage, 'requests', tonumber(ARGV[4]))
if paid == 1 then redis.call('HINCRBY', usage, 'points', cost)
else redis.call('HINCRBY', usage, 'refused', 1) end
redis.call('EXPIRE', usage, tonumber(ARGV[3]))
return answer
"""


@dataclass(frozen=True)
class Usage:
    """What a key asked for on one day (UTC)."""

    requests: int = 0
    refused: int = 0
    points: int = 0


@dataclass(frozen=True)
class Bucket:
    """Something that pays for requests.

    Attributes:
        name: what callers know it by: `key` or `storefront`.
        place: where it is in Redis.
        size: points it holds when full, which is what it gains in a minute.
    """

    name: str
    place: str
    size: int


@dataclass(frozen=True)
class Standing:
    """A bucket after a request.

    Attributes:
        left: points.
        full_in: seconds until it is full again.
        wait: seconds until it could have paid; 0 if it could.
    """

    bucket: Bucket
    left: int
    full_in: int
    wait: int


@dataclass(frozen=True)
class Spent:
    """Whether a request was paid for, and how its buckets stand: none where nothing is limited."""

    paid: bool
    standings: tuple[Standing, ...] = ()

    @property
    def wait(self) -> int:
        """Seconds until the same request could be paid for."""
        return max((standing.wait for standing in self.standings), default=0)


UNLIMITED = Spent(paid=True)
ANYBODY = "vitrine:usage:anybody"


def buckets_of(key: ApiKey) -> tuple[Bucket, ...]:
    """The key's and its storefront's. A sandbox has its own, as large as its shop's."""
    shop = key.storefront.sandbox_of or key.storefront
    own, together = shop.key_points_per_minute, shop.points_per_minute
    sizes = (
        ("key", key.pk, settings.VITRINE_API_KEY_POINTS if own is None else own),
        (
            "storefront",
            key.storefront_id,
            settings.VITRINE_API_STOREFRONT_POINTS if together is None else together,
        ),
    )
    return tuple(
        Bucket(name, f"vitrine:limit:{name}:{pk}", size) for name, pk, size in sizes if size
    )


def spend(
    *, buckets: Sequence[Bucket], cost: int, usage: str = ANYBODY, requests: int = 1
) -> Spent:
    """Take `cost` points from every bucket, or from none if one has too few; count it at
    `usage`, as so many `requests`.

    A cost beyond what a bucket can ever hold empties it. Without Redis everything is paid for.
    """
    if _looking_away():
        return UNLIMITED
    try:
        script = _client(settings.REDIS_URL).register_script(SPEND)
        answer = script(
            keys=[usage, *(bucket.place for bucket in buckets)],
            args=[cost, WINDOW, KEPT, requests, *(bucket.size for bucket in buckets)],
        )
    except (redis.RedisError, OSError) as error:
        _look_away()
        log.warning("Redis does not answer (%s): the API has no limits meanwhile.", error)
        return UNLIMITED
    paid, *numbers = answer
    return Spent(
        bool(paid),
        tuple(
            _standing(bucket, left / 1000, lacking / 1000)
            for bucket, left, lacking in zip(buckets, numbers[::2], numbers[1::2], strict=True)
        ),
    )


def usage_place(key_id: int, day: date) -> str:
    """Where a key's usage of a day is counted."""
    return f"vitrine:usage:{day:%Y-%m-%d}:{key_id}"


def usage_of(key_ids: Iterable[int], day: date) -> dict[int, Usage] | None:
    """What each key asked for that day; None when Redis does not answer."""
    keys = list(key_ids)
    try:
        pipe = _client(settings.REDIS_URL).pipeline(transaction=False)
        for key in keys:
            pipe.hgetall(usage_place(key, day))
        found = pipe.execute()
    except (redis.RedisError, OSError):
        return None
    return {
        key: Usage(**{name.decode(): int(count) for name, count in counts.items()})
        for key, counts in zip(keys, found, strict=True)
    }


def _standing(bucket: Bucket, left: float, lacking: float) -> Standing:
    a_point = WINDOW / bucket.size  # seconds
    return Standing(
        bucket,
        left=math.floor(left),
        full_in=math.ceil((bucket.size - left) * a_point),
        wait=math.ceil(lacking * a_point),
    )


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


_away = {"until": 0.0}


def _looking_away() -> bool:
    return time.monotonic() < _away["until"]


def _look_away() -> None:
    _away["until"] = time.monotonic() + LOOK_AWAY
