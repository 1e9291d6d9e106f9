"""API keys: shown once, found by digest, refused once revoked."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog import keys
from catalog.models import ApiKey, Storefront


def test_a_key_is_random_and_stored_only_as_its_digest(storefront: Storefront) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    _, other = keys.create_key(storefront=storefront, name="Import")

    assert re.fullmatch(r"vt_live_[A-Za-z0-9_-]{32,}", plaintext)
    assert plaintext != other
    key.refresh_from_db()
    assert key.digest == keys.digest(plaintext)
    assert len(key.digest) == 64
    assert key.prefix == plaintext[: len("vt_live_") + 6]
    stored = [str(getattr(key, field.attname)) for field in ApiKey._meta.concrete_fields]
    assert not [value for value in stored if plaintext[14:] in value]


def test_a_key_is_found_by_its_plaintext_alone(storefront: Storefront) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")

    assert keys.find(plaintext) == key
    for guess in (plaintext[:-1], plaintext.upper(), key.digest, key.prefix, "", "vt_\udcff"):
        assert keys.find(guess) is None


def test_a_revoked_key_is_not_found_and_keeps_its_first_time(storefront: Storefront) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    keys.revoke(key=key)
    first = key.revoked_at

    keys.revoke(key=key)

    assert keys.find(plaintext) is None
    assert first is not None
    assert key.revoked_at == first


def test_keys_of_an_inactive_storefront_rest_until_it_is_active(storefront: Storefront) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    Storefront.objects.update(is_active=False)
    assert keys.find(plaintext) is None

    Storefront.objects.update(is_active=True)
    assert keys.find(plaintext) == key


def test_use_is_recorded_at_most_once_a_minute(
    storefront: Storefront, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    key, _ = keys.create_key(storefront=storefront, name="Import")
    now = timezone.now()
    keys.record_use(key=key, now=now)
    assert key.last_used_at == now

    with django_assert_num_queries(0):
        keys.record_use(key=key, now=now + timedelta(seconds=59))
    keys.record_use(key=key, now=now + timedelta(seconds=60))

    key.refresh_from_db()
    assert key.last_used_at == now + timedelta(seconds=60)


def test_a_stale_copy_does_not_turn_the_time_of_use_back(storefront: Storefront) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    stale = keys.find(plaintext)
    assert stale is not None
    now = timezone.now()
    keys.record_use(key=key, now=now)

    keys.record_use(key=stale, now=now - timedelta(seconds=5))

    key.refresh_from_db()
    assert key.last_used_at == now


def test_the_command_prints_a_working_key_and_nothing_else(storefront: Storefront) -> None:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", storefront.slug, name="Nightly", stdout=out, stderr=err)

    key = keys.find(out.getvalue().strip())
    assert key is not None
    assert (key.storefront, key.name) == (storefront, "Nightly")
    assert "cannot be shown again" in err.getvalue()


def test_the_command_names_the_storefronts_there_are(storefront: Storefront) -> None:
    with pytest.raises(CommandError, match="corner-shop"):
        call_command("create_api_key", "korner-shop", name="Nightly")
    assert not ApiKey.objects.exists()
