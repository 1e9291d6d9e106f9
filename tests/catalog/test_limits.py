"""Limits: buckets pay together or not at all, whoever asks at once, and Redis may be away."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from catalog import keys, limits, storefronts
from catalog.choices import Scope
from catalog.limits import Bucket, Usage
from catalog.models import Image, Storefront
from tests.openapi import IMAGES, PROBLEM, ApiClient

Upload = Callable[..., Image]
Picture = Callable[..., bytes]


@pytest.fixture(autouse=True)
def empty(settings: Any) -> Iterator[redis.Redis]:
    client = redis.from_url(settings.REDIS_URL)
    client.delete(*client.keys("vitrine:limit:*"), *client.keys("vitrine:usage:*"), "nothing")
    limits._away["until"] = 0.0
    yield client
    limits._away["until"] = 0.0


def bucket(size: int, name: str = "key") -> Bucket:
    return Bucket(name, f"vitrine:limit:test:{name}", size)


def test_a_full_bucket_pays_until_it_is_empty_and_says_when_it_can_again() -> None:
    full = bucket(60)  # a point a second
    first = limits.spend(buckets=[full], cost=50)
    second = limits.spend(buckets=[full], cost=20)

    assert first.paid
    assert first.standings[0].left == 10
    assert first.standings[0].full_in == 50
    assert not second.paid
    assert second.standings[0].left == 10
    assert second.wait == 10
    assert limits.spend(buckets=[full], cost=10).paid


def test_a_bucket_fills_evenly(empty: redis.Redis) -> None:
    full = bucket(60)
    limits.spend(buckets=[full], cost=60)
    seconds, _ = empty.time()
    empty.hset(full.place, mapping={"left": 0, "at": seconds - 30})

    later = limits.spend(buckets=[full], cost=1)
    assert later.paid
    assert later.standings[0].left in (29, 30)


def test_either_every_bucket_pays_or_none() -> None:
    small, large = bucket(5, "key"), bucket(600, "storefront")
    assert limits.spend(buckets=[small, large], cost=5).paid

    refused = limits.spend(buckets=[small, large], cost=5)

    assert not refused.paid
    assert [standing.left for standing in refused.standings] == [0, 595]
    assert [standing.wait > 0 for standing in refused.standings] == [True, False]


def test_what_costs_more_than_a_bucket_holds_empties_it() -> None:
    assert limits.spend(buckets=[bucket(10)], cost=5_000).standings[0].left == 0


def test_no_two_requests_spend_the_same_point() -> None:
    shared = bucket(6_000)
    limits.spend(buckets=[shared], cost=1)
    start = threading.Barrier(16)
    paid: list[int] = []

    def hurry() -> None:
        start.wait()
        paid.append(sum(limits.spend(buckets=[shared], cost=25).paid for _ in range(40)))

    threads = [threading.Thread(target=hurry) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    left = limits.spend(buckets=[shared], cost=0).standings[0]
    gained = sum(paid) * 25 + left.left - 5_999
    assert sum(paid) >= 239
    # What it gained while they hurried, at a hundred points a second, and nothing beside.
    assert 0 <= gained <= 100 * 60
    assert sum(paid) < 16 * 40 or gained >= 16 * 40 * 25 - 5_999


@pytest.fixture
def limited(storefront: Storefront, settings: Any) -> Storefront:
    settings.VITRINE_API_KEY_POINTS = 12
    settings.VITRINE_API_STOREFRONT_POINTS = 1_000
    return storefront


def test_answers_say_what_is_left_and_the_last_one_when_to_come_back(
    limited: Storefront, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    api = ApiClient(keys.create_key(storefront=limited, name="Test")[1])

    looked = api.get(f"{IMAGES}/{photo.pk}")
    assert looked["RateLimit-Policy"] == '"key";q=12;w=60, "storefront";q=1000;w=60'
    assert re.fullmatch(r'"key";r=11;t=5, "storefront";r=999;t=1', looked["RateLimit"])

    searched = [api.get(f"{IMAGES}/{photo.pk}/duplicates") for _ in range(3)]
    assert [response.status_code for response in searched] == [200, 200, 429]
    refused = searched[-1]
    assert refused["Content-Type"] == PROBLEM
    assert refused.json()["code"] == "rate_limited"
    assert "This key may spend 12 points a minute" in refused.json()["detail"]
    assert 15 <= int(refused["Retry-After"]) <= 20
    assert refused["RateLimit"].startswith('"key";r=1;')


def test_a_storefronts_keys_share_its_bucket(storefront: Storefront, settings: Any) -> None:
    settings.VITRINE_API_KEY_POINTS = 100
    settings.VITRINE_API_STOREFRONT_POINTS = 3
    clients = [
        ApiClient(keys.create_key(storefront=storefront, name=name)[1]) for name in ("a", "b")
    ]
    codes = [clients[n % 2].get(IMAGES).status_code for n in range(4)]
    assert codes == [200, 200, 200, 429]


def test_a_storefront_may_have_limits_of_its_own(
    limited: Storefront, other_storefront: Storefront
) -> None:
    Storefront.objects.filter(pk=limited.pk).update(key_points_per_minute=2, points_per_minute=0)
    limited.refresh_from_db()
    sandbox = storefronts.sandbox_of(storefront=limited)
    for shop, q in ((limited, 2), (sandbox, 2), (other_storefront, 12)):
        api = ApiClient(keys.create_key(storefront=shop, name="Test")[1])
        policy = api.get(IMAGES)["RateLimit-Policy"]
        assert policy.startswith(f'"key";q={q};')
        assert ("storefront" in policy) == (shop == other_storefront)


def test_a_refused_upload_stores_nothing(
    limited: Storefront, upload: Upload, picture: Picture, settings: Any
) -> None:
    settings.VITRINE_API_KEY_POINTS = 1
    api = ApiClient(keys.create_key(storefront=limited, name="T", scopes=[Scope.IMAGES_WRITE])[1])
    api.post(IMAGES)  # costs more than there can be, so it empties the bucket
    response = api.post(IMAGES)
    assert (response.status_code, Image.objects.count()) == (429, 0)


def test_without_redis_requests_are_answered_and_it_is_logged_once(
    limited: Storefront, settings: Any, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{unused_tcp_port}/0"
    api = ApiClient(keys.create_key(storefront=limited, name="Test")[1])

    answers = [api.get(IMAGES) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert not any(answer.has_header("RateLimit") for answer in answers)
    assert caplog.text.count("Redis does not answer") == 1


def test_what_a_key_asked_for_today_is_counted_even_without_a_limit(
    storefront: Storefront, upload: Upload, picture: Picture, settings: Any
) -> None:
    photo = upload(picture("mug"))
    key, plaintext = keys.create_key(storefront=storefront, name="Test")
    api = ApiClient(plaintext)
    api.get(IMAGES)
    api.get(f"{IMAGES}/{photo.pk}/duplicates")
    settings.VITRINE_API_KEY_POINTS = 1
    assert [api.get(IMAGES).status_code for _ in range(2)] == [200, 429]

    today = datetime.now(UTC).date()
    assert limits.usage_of([key.pk], today) == {key.pk: Usage(requests=4, refused=1, points=7)}
