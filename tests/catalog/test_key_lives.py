"""A key's life: made, used, rotated with an overlap, expired, revoked; and who did it."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from catalog import keys, storefronts
from catalog.choices import Scope, ShopEvent
from catalog.keys import KeyRefused
from catalog.models import ApiKey, Storefront, StorefrontEvent, StorefrontPrune
from tests.openapi import IMAGES, ApiClient

HOUR = timedelta(hours=1)


@pytest.fixture
def lea(make_user: object) -> User:
    return make_user("lea", "lead")  # type: ignore[operator]


def age(key: ApiKey, by: timedelta) -> None:
    """Move a key back in time."""
    row = ApiKey.objects.get(pk=key.pk)
    ApiKey.objects.filter(pk=key.pk).update(
        created_at=row.created_at - by, expires_at=row.expires_at and row.expires_at - by
    )


def test_a_key_expires_by_itself(storefront: Storefront) -> None:
    until = timezone.now() + 2 * HOUR
    key, plaintext = keys.create_key(storefront=storefront, name="Short", expires_at=until)
    assert keys.find(plaintext) == key
    age(key, 2 * HOUR)
    assert keys.find(plaintext) is None
    response = ApiClient(plaintext).get(IMAGES)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_api_key")


def test_after_rotating_both_work_and_then_only_the_new_one(
    storefront: Storefront, lea: User
) -> None:
    old, old_text = keys.create_key(
        storefront=storefront, name="Import", scopes=[Scope.SEARCH, Scope.APPEALS], by=lea
    )
    new, new_text = keys.rotate(key=old, overlap=HOUR, by=lea)

    assert (new.name, set(new.scopes), new.replaces) == (old.name, set(old.scopes), old)
    assert new.expires_at is None
    assert keys.find(old_text) == old
    assert keys.find(new_text) == new
    age(old, HOUR)
    assert keys.find(old_text) is None
    assert keys.find(new_text) == new


def test_without_an_overlap_the_old_one_is_refused_at_once(storefront: Storefront) -> None:
    old, old_text = keys.create_key(storefront=storefront, name="Leaked")
    _, new_text = keys.rotate(key=old, overlap=timedelta(0))
    assert keys.find(old_text) is None
    assert keys.find(new_text) is not None


def test_a_rotated_key_never_outlives_what_it_was_meant_to(storefront: Storefront) -> None:
    until = timezone.now() + HOUR
    old, _ = keys.create_key(storefront=storefront, name="Short", expires_at=until)
    new, _ = keys.rotate(key=old, overlap=timedelta(days=1))
    old.refresh_from_db()
    assert old.expires_at == until
    assert new.expires_at is not None
    assert timedelta(minutes=59) < new.expires_at - timezone.now() <= HOUR


@pytest.mark.parametrize("how", ["revoked", "expired", "rotated"])
def test_a_key_that_is_over_is_not_rotated(how: str, storefront: Storefront) -> None:
    until = timezone.now() + HOUR
    key, _ = keys.create_key(storefront=storefront, name="Old", expires_at=until)
    if how == "revoked":
        keys.revoke(key=key)
    elif how == "expired":
        age(key, HOUR)
    else:
        keys.rotate(key=key, overlap=HOUR)
    count = ApiKey.objects.count()
    with pytest.raises(KeyRefused):
        keys.rotate(key=key, overlap=HOUR)
    assert ApiKey.objects.count() == count


@pytest.mark.parametrize("overlap", [-HOUR, timedelta(days=31)])
def test_an_overlap_has_bounds(overlap: timedelta, storefront: Storefront) -> None:
    key, _ = keys.create_key(storefront=storefront, name="Import")
    with pytest.raises(KeyRefused, match="0 to 30 days"):
        keys.rotate(key=key, overlap=overlap)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_rotate_at_once_one_is_told() -> None:
    shop = Storefront.objects.create(name="Corner shop", slug="corner-shop")
    key, _ = keys.create_key(storefront=shop, name="Import")
    start = threading.Barrier(2)
    refused: list[str] = []

    def rotate() -> None:
        try:
            start.wait()
            keys.rotate(key=key, overlap=HOUR)
        except KeyRefused as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert ApiKey.objects.count() == 2


def test_who_made_rotated_and_revoked_a_key_stands(storefront: Storefront, lea: User) -> None:
    key, _ = keys.create_key(storefront=storefront, name="Import", by=lea)
    new, _ = keys.rotate(key=key, overlap=HOUR, by=lea)
    keys.revoke(key=new, by=lea)
    keys.revoke(key=new, by=lea)

    events = list(StorefrontEvent.objects.order_by("id"))
    assert [(each.kind, each.key, each.actor) for each in events] == [
        (ShopEvent.KEY_MADE, key, lea),
        (ShopEvent.KEY_ROTATED, key, lea),
        (ShopEvent.KEY_REVOKED, new, lea),
    ]
    for change in (
        lambda: StorefrontEvent.objects.update(summary="Nothing happened"),
        lambda: StorefrontEvent.objects.all().delete(),
    ):
        with pytest.raises((DatabaseError, InternalError, IntegrityError)), transaction.atomic():
            change()
    assert StorefrontEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("scopes", "said"), [([], "at least one"), (["images:own"], "no scope images:own")]
)
def test_scopes_are_some_of_those_there_are(
    scopes: list[str], said: str, storefront: Storefront
) -> None:
    with pytest.raises(KeyRefused, match=said):
        keys.create_key(storefront=storefront, name="Import", scopes=scopes)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(storefront=storefront, name="x", digest="x", scopes=[])


def test_a_sandbox_is_made_once_with_what_its_shop_decided(
    storefront: Storefront, starter: object, lea: User
) -> None:
    from catalog.models import Category, Taxonomy

    storefronts.choose_taxonomy(storefront=storefront, taxonomy=Taxonomy.objects.get())
    first, second = Category.objects.filter(parent=None)[:2]
    storefronts.prune(storefront=storefront, category=first, by=lea)
    sandbox = storefronts.sandbox_of(storefront=storefront, by=lea)
    assert storefronts.sandbox_of(storefront=storefront) == sandbox
    assert storefronts.sandbox_of(storefront=sandbox) == sandbox
    assert (sandbox.livemode, sandbox.taxonomy) == (False, Taxonomy.objects.get())

    def left_out() -> set[int]:
        rows = StorefrontPrune.objects.filter(storefront=sandbox)
        return set(rows.values_list("category_id", flat=True))

    assert left_out() == {first.pk}
    storefronts.prune(storefront=storefront, category=second, by=lea)
    storefronts.unprune(storefront=storefront, category=first)
    storefronts.choose_taxonomy(storefront=storefront, taxonomy=None)
    storefronts.change(storefront=storefront, values={"publish_before_review": True}, by=lea)
    sandbox.refresh_from_db()
    assert left_out() == {second.pk}
    assert (sandbox.taxonomy, sandbox.publish_before_review) == (None, True)


def test_a_sandbox_rests_with_its_shop(storefront: Storefront) -> None:
    sandbox = storefronts.sandbox_of(storefront=storefront)
    _, plaintext = keys.create_key(storefront=sandbox, name="Try")
    assert plaintext.startswith("vt_test_")
    Storefront.objects.filter(pk=storefront.pk).update(is_active=False)
    assert keys.find(plaintext) is None


def test_an_old_key_without_a_mode_in_its_name_is_a_live_one(storefront: Storefront) -> None:
    ApiKey.objects.create(
        storefront=storefront, name="Old", prefix="vt_AbCdEf", digest=keys.digest("vt_" + "x" * 43)
    )
    key = keys.find("vt_" + "x" * 43)
    assert key is not None
    assert key.storefront.livemode


def test_the_command_narrows_a_key(storefront: Storefront) -> None:
    out = StringIO()
    call_command(
        "create_api_key", storefront.slug, name="Try", test=True, days=7, scope=["search"],
        stdout=out, stderr=StringIO(),
    )  # fmt: skip
    key = keys.find(out.getvalue().strip())
    assert key is not None
    assert (key.scopes, key.storefront.sandbox_of) == (["search"], storefront)
    assert key.expires_at is not None
    with pytest.raises(CommandError, match="expired already"):
        call_command("create_api_key", storefront.slug, name="Late", days=-1)
