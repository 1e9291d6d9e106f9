"""API keys: made once, shown once, stored as a digest."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog import shop_history
from catalog.choices import Scope, ShopEvent
from catalog.models import ApiKey, Storefront

# Lets secret scanners and people recognise a leaked key, and what it would open.
LIVE_SCHEME = "vt_live_"
TEST_SCHEME = "vt_test_"
SECRET_BYTES = 32  # 43 URL-safe characters
SHOWN_OF_SECRET = 6
USE_RECORDED_EVERY = timedelta(minutes=1)
LONGEST_OVERLAP = timedelta(days=30)


class KeyRefused(ValueError):
    """What was asked of a key cannot be done; the message says why and what can."""


@transaction.atomic
def create_key(
    *,
    storefront: Storefront,
    name: str,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    by: AbstractBaseUser | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its plaintext, which is not kept and cannot be read again.

    It may do everything unless `scopes` says less. A sandbox's key is a test key. Raises
    `KeyRefused` for scopes there are not, none at all, or a time that has passed.
    """
    key, plaintext = _new(storefront, name, scopes, expires_at, by)
    key.save(force_insert=True)
    until = f", until {expires_at:%d %b %Y %H:%M} UTC" if expires_at else ""
    shop_history.record(
        storefront=storefront,
        kind=ShopEvent.KEY_MADE,
        summary=f"Made the key {key.prefix}… ({name}) for {', '.join(key.scopes)}{until}",
        by=by,
        key=key,
    )
    return key, plaintext


@transaction.atomic
def rotate(
    *, key: ApiKey, overlap: timedelta, by: AbstractBaseUser | None = None
) -> tuple[ApiKey, str]:
    """A key that follows this one, and its plaintext; both work for `overlap`, then only the new
    one does. It may do the same, and lives as long as the old one was meant to. Raises
    `KeyRefused`.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise KeyRefused(f"Both keys may work for 0 to {LONGEST_OVERLAP.days} days.")
    now = timezone.now()
    old = ApiKey.objects.select_for_update(of=("self",)).select_related("storefront").get(pk=key.pk)
    if not usable(old, now):
        raise KeyRefused("This key is no longer accepted, so there is nothing to rotate. Make one.")
    if ApiKey.objects.filter(replaces=old).exists():
        raise KeyRefused("This key was rotated before. Rotate the one that follows it.")
    lifetime = old.expires_at - old.created_at if old.expires_at else None
    until = now + lifetime if lifetime else None
    new, plaintext = _new(old.storefront, old.name, old.scopes, until, by)
    new.replaces = old
    new.save(force_insert=True)
    old.expires_at = min(now + overlap, old.expires_at or now + overlap)
    old.save(update_fields=["expires_at"])
    shop_history.record(
        storefront=old.storefront,
        kind=ShopEvent.KEY_ROTATED,
        summary=f"Rotated the key {old.prefix}… ({old.name}): {new.prefix}… follows it, and it is "
        f"refused from {old.expires_at:%d %b %Y %H:%M} UTC on",
        by=by,
        key=old,
    )
    return new, plaintext


@transaction.atomic
def revoke(*, key: ApiKey, by: AbstractBaseUser | None = None) -> None:
    """Refuse the key from the next request on. Revoking twice keeps the first time."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        shop_history.record(
            storefront=key.storefront,
            kind=ShopEvent.KEY_REVOKED,
            summary=f"Revoked the key {key.prefix}… ({key.name})",
            by=by,
            key=key,
        )
    key.refresh_from_db(fields=["revoked_at"])


def digest(plaintext: str) -> str:
    """SHA-256 in hex: what is stored and looked up."""
    return hashlib.sha256(plaintext.encode("utf-8", "surrogateescape")).hexdigest()


def find(plaintext: str) -> ApiKey | None:
    """The usable key with this plaintext; None if unknown, revoked, expired or of an inactive
    storefront; a sandbox is inactive with its shop.

    The look-up is by digest, so how long it takes says nothing about a stored key.
    """
    return (
        ApiKey.objects.select_related("storefront__sandbox_of")
        .filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()),
            Q(storefront__sandbox_of__isnull=True) | Q(storefront__sandbox_of__is_active=True),
            digest=digest(plaintext),
            revoked_at__isnull=True,
            storefront__is_active=True,
        )
        .first()
    )


def usable(key: ApiKey, now: datetime) -> bool:
    """Whether it is accepted at `now`, as far as the key itself is asked."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def record_use(*, key: ApiKey, now: datetime | None = None) -> None:
    """Note that the key was used, with at most one write a minute however busy the shop."""
    now = now or timezone.now()
    if key.last_used_at and now - key.last_used_at < USE_RECORDED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_RECORDED_EVERY)
    if ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now):
        key.last_used_at = now


def _new(
    storefront: Storefront,
    name: str,
    scopes: Iterable[str] | None,
    expires_at: datetime | None,
    by: AbstractBaseUser | None,
) -> tuple[ApiKey, str]:
    """A key not yet saved. The secret is 256 random bits, so a plain SHA-256 of it needs neither
    salt nor stretching."""
    asked = set(Scope.values if scopes is None else scopes)
    if unknown := asked - set(Scope.values):
        raise KeyRefused(
            f"There is no scope {', '.join(sorted(unknown))}. Scopes: {', '.join(Scope.values)}."
        )
    if not asked:
        raise KeyRefused("Choose at least one thing the key may do.")
    if expires_at and expires_at <= timezone.now():
        raise KeyRefused("The key would have expired already. Choose a later time.")
    scheme = LIVE_SCHEME if storefront.livemode else TEST_SCHEME
    plaintext = scheme + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(
        storefront=storefront,
        name=name,
        prefix=plaintext[: len(scheme) + SHOWN_OF_SECRET],
        digest=digest(plaintext),
        scopes=[scope for scope in Scope.values if scope in asked],
        expires_at=expires_at,
        created_by_id=by.pk if by else None,
    )
    return key, plaintext
