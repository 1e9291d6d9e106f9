"""Verbs on banks: every change that alters what matches passes here and bumps the version."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from catalog import doorbell
from catalog.ingest import limits
from catalog.ml import pdq_text
from catalog.ml.images import check, renditions
from catalog.models import Encoder, Image
from moderation import hashes
from moderation.choices import BankKind
from moderation.models import Bank, BankThreshold, Decision, Exemplar, Policy

EXEMPLAR_SIDE = 1280
EMBED = "moderation.tasks.embed_exemplars"  # by name: whoever rings needs none of its code


@dataclass(frozen=True)
class Limits:
    """From which cosine a bank holds a photo, and from which it removes one, if it ever does."""

    hold: float
    remove: float | None = None


def thresholds_of(bank: Bank, encoder: Encoder) -> Limits:
    """A bank's limits for one encoder: the latest that were set for it, else the bank's own."""
    return thresholds([bank], encoder)[bank.pk]


def thresholds(banks: Iterable[Bank], encoder: Encoder) -> dict[int, Limits]:
    """`thresholds_of` for many banks, by their key, in one query."""
    known = {bank.pk: bank for bank in banks}
    latest = {
        row.bank_id: row
        for row in BankThreshold.objects.filter(bank__in=known, encoder=encoder)
        .order_by("bank_id", "-created_at", "-id")
        .distinct("bank_id")
    }
    found = {}
    for key, bank in known.items():
        own = latest.get(key)
        hold, remove = (
            (own.hold, own.remove) if own else (bank.hold_threshold, bank.remove_threshold)
        )
        found[key] = Limits(hold, None if bank.kind == BankKind.SAFE else remove)
    return found


def hold_still() -> None:
    """Let no bank change until this transaction ends; changes under way are waited for.

    What is screened in the transaction is then screened with what the banks are when it commits:
    once `touch` has committed, no photo is published that was matched with less.
    """
    with connection.cursor() as cursor:
        # The rows first: flags need a key-share lock on their bank, and somebody who has locked
        # a bank FOR UPDATE may be about to change it, which the second lock makes them wait for.
        cursor.execute("SELECT 1 FROM moderation_bank ORDER BY id FOR KEY SHARE")
        # The table, for banks that are added; and its waiters queue up, where a waiting UPDATE is
        # passed by every later FOR SHARE of the same row, for as long as such locks overlap.
        cursor.execute("LOCK TABLE moderation_bank IN SHARE MODE")


def touch(bank: Bank) -> None:
    """Note that the bank changed, so that workers rebuild their matcher before the next batch.

    Waits for batches that are being committed, see `hold_still`.
    """
    Bank.objects.filter(pk=bank.pk).update(version=F("version") + 1)
    bank.refresh_from_db(fields=["version"])


@transaction.atomic
def touch_policy(policy: Policy) -> None:
    """Note that a policy or its prompts changed: its version grows, and so do its banks'."""
    Policy.objects.filter(pk=policy.pk).update(version=F("version") + 1)
    policy.refresh_from_db(fields=["version"])
    Bank.objects.filter(policy_id=policy.pk).update(version=F("version") + 1)
    transaction.on_commit(ring)


def ring() -> None:
    """Have exemplars and prompts that are new embedded at once."""
    doorbell.ring(EMBED)


def add_exemplar(
    *,
    bank: Bank,
    data: bytes,
    note: str = "",
    source: str = "",
    added_by: AbstractBaseUser | None = None,
    taken_from: Image | None = None,
    taught_by: Decision | None = None,
) -> Exemplar:
    """Add a known image to a bank, keeping a metadata-free copy of it.

    The same bytes again return the exemplar that is there, enabled. Raises `ImageRejected`.
    """
    digest = hashlib.sha256(data).hexdigest()
    if existing := bank.exemplars.filter(sha256=digest).first():
        enable_exemplar(exemplar=existing)
        return existing
    check(data, limits())
    (picture,) = renditions(data, (EXEMPLAR_SIDE,))
    exemplar = Exemplar(
        bank=bank,
        sha256=digest,
        note=note,
        source=source,
        taken_from=taken_from,
        taught_by=taught_by,
        added_by_id=added_by.pk if added_by else None,
    )
    exemplar.picture.save("picture.jpg", ContentFile(picture), save=False)
    try:
        with transaction.atomic():
            exemplar.save(force_insert=True)
            touch(bank)
    except BaseException as error:
        exemplar.picture.delete(save=False)
        if isinstance(error, IntegrityError):
            return bank.exemplars.get(sha256=digest)
        raise
    transaction.on_commit(ring)
    return exemplar


def add_hash(
    *,
    bank: Bank,
    pdq_hex: str,
    quality: int = 100,
    note: str = "",
    source: str = "",
    added_by: AbstractBaseUser | None = None,
) -> Exemplar:
    """Add a picture that is known by its PDQ hash only, 64 hexadecimal digits.

    The same hash again returns the exemplar that is there, enabled. Raises `hashes.BadHash`.
    """
    bits = hashes.check(pdq_hex=pdq_hex, quality=quality, note=note, source=source)
    with transaction.atomic():
        found, created = Exemplar.objects.get_or_create(
            bank=bank,
            sha256=pdq_hex.lower(),  # the digits are a digest already
            defaults={
                "pdq": pdq_text.bits(bits),
                "pdq_quality": quality,
                "note": note,
                "source": source,
                "added_by_id": added_by.pk if added_by else None,
            },
        )
        if created:
            touch(bank)
    enable_exemplar(exemplar=found)
    return found


def enable_exemplar(*, exemplar: Exemplar) -> None:
    """Match against it again; nothing happens when it is enabled."""
    switch_exemplars(ids=[exemplar.pk], on=True)
    exemplar.is_enabled = True


def disable_exemplar(*, exemplar: Exemplar) -> None:
    """Match against it no longer; what it flagged stays flagged."""
    switch_exemplars(ids=[exemplar.pk], on=False)
    exemplar.is_enabled = False


@transaction.atomic
def switch_exemplars(*, ids: Iterable[UUID], on: bool) -> int:
    """Enable or disable exemplars; returns how many changed. Banks of others are not touched."""
    changed = Exemplar.objects.filter(pk__in=list(ids), is_enabled=not on)
    banks = set(changed.values_list("bank_id", flat=True))
    count = changed.update(is_enabled=on)
    if count:
        Bank.objects.filter(pk__in=banks).update(version=F("version") + 1)
        transaction.on_commit(ring)
    return count
