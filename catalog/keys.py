"""API keys: made once, shown once, stored as a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from catalog.models import ApiKey, Storefront

SCHEME = "vt_"  # lets secret scanners and people recognise a leaked key
SECRET_BYTES = 32  # 43 URL-safe characters
SHOWN_CHARACTERS = 9
USE_RECORDED_EVERY = timedelta(minutes=1)


def create_key(*, storefront: Storefront, name: str) -> tuple[ApiKey, str]:
    """A new key and its plaintext, which is not kept and cannot be read again.

    The secret is 256 random bits, so a plain SHA-256 of it needs neither salt nor stretching.
    """
    plaintext = SCHEME + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey.objects.create(
        storefront=storefront,
        name=name,
        prefix=plaintext[:SHOWN_CHARACTERS],
        digest=digest(plaintext),
    )
    return key, plaintext


def digest(plaintext: str) -> str:
    """SHA-256 in hex: what is stored and looked up."""
    return hashlib.sha256(plaintext.encode("utf-8", "surrogateescape")).hexdigest()


def find(plaintext: str) -> ApiKey | None:
    """The usable key with this plaintext; None if unknown, revoked or of an inactive storefront.

    The look-up is by digest, so how long it takes says nothing about a stored key.
    """
    return (
        ApiKey.objects.select_related("storefront")
        .filter(digest=digest(plaintext), revoked_at__isnull=True, storefront__is_active=True)
        .first()
    )


def record_use(*, key: ApiKey, now: datetime | None = None) -> None:
    """Note that the key was used, with at most one write a minute however busy the shop."""
    now = now or timezone.now()
    if key.last_used_at and now - key.last_used_at < USE_RECORDED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_RECORDED_EVERY)
    if ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now):
        key.last_used_at = now


def revoke(*, key: ApiKey) -> None:
    """Refuse the key from the next request on. Revoking twice keeps the first time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    key.refresh_from_db(fields=["revoked_at"])
