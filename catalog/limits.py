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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings

from catalog.models import ApiKey

log = logging.getLogger(__name__)

WINDOW = 60  # seconds in which an empty bucket is full again
PATIENCE = 0.5  # seconds a request waits for Redis
LOOK_AWAY = 5.0  # seconds for which Redis is not asked again after it did not answer

# KEYS: the buckets. ARGV: the cost, the window, then the size of each bucket. Returns whether it
# was paid, then of each bucket what is left and what it lacks, in thousandths.
SPEND = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local window = tonumber(ARGV[2])
local left, paid = {}, 1
for i, name in ipairs(KEYS) do
    local size = tonumber(ARGV[2 + i])
    local known = redis.call('HMGET', name, 'left', 'at')
    local here = tonumber(known[1]) or size
    local since = math.max(0, now - (tonumber(known[2]) or now))
    left[i] = math.min(size, here + since * size / window)
    if left[i] < math.min(tonumber(ARGV[1]), size) then paid = 0 end
end
local answer = {paid}
for i, name in ipairs(KEYS) do
    local size = tonumber(ARGV[2 + i])
    local cost = math.min(tonumber(ARGV[1]), size)
    local lacking = math.max(0, cost - left[i])
    if paid == 1 then left[i] = left[i] - cost end
    redis.call('HSET', name, 'left', string.format('%.6f', left[i]),
        'at', string.format('%.6f', now))
    redis.call('EXPIRE', name, 2 * window)
    answer[2 * i] = math.floor(left[i] * 1000)
    answer[2 * i + 1] = math.ceil(lacking * 1000)
end
return answer
"""


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


def spend(*, buckets: Sequence[Bucket], cost: int) -> Spent:
    """Take `cost` points from every bucket, or from none if one has too few.

    A cost beyond what a bucket can ever hold empties it. Without Redis everything is paid for.
    """
    if not buckets or _looking_away():
        return UNLIMITED
    try:
        script = _client(settings.REDIS_URL).register_script(SPEND)
        answer = script(
            keys=[bucket.place for bucket in buckets],
            args=[cost, WINDOW, *(bucket.size for bucket in buckets)],
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
