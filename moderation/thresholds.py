"""Setting a bank's thresholds. Every change is a new row, so that each can be taken back."""

from __future__ import annotations

import math

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Encoder
from moderation import banks
from moderation.banks import Limits
from moderation.choices import BankKind
from moderation.models import Bank, BankThreshold

NOTE_LENGTH = 300


class ThresholdRefused(ValueError):
    """Thresholds that make no sense, as a sentence that names the problem and the remedy."""


def checked(hold: float, remove: float | None) -> Limits:
    """Both as limits of a violating bank. Raises `ThresholdRefused`."""
    for name, value in (("hold", hold), ("remove", remove)):
        if value is not None and not (math.isfinite(value) and 0 < value <= 1):
            raise ThresholdRefused(
                f"The threshold to {name} must be above 0 and at most 1, not {value:g}."
            )
    if remove is not None and remove < hold:
        raise ThresholdRefused(
            f"Photos would be removed from {remove:.3f} but held only from {hold:.3f}. "
            f"Remove from {hold:.3f} or more, or hold from {remove:.3f} or less."
        )
    return Limits(hold, remove)


@transaction.atomic
def save(
    *,
    bank: Bank,
    encoder: Encoder,
    hold: float,
    remove: float | None,
    author: AbstractBaseUser,
    note: str,
    reverts: BankThreshold | None = None,
) -> BankThreshold:
    """Make these the bank's thresholds for `encoder` from the next batch on.

    Raises `ThresholdRefused`.
    """
    limits = checked(hold, remove)
    if bank.kind == BankKind.SAFE and remove is not None:
        raise ThresholdRefused("A safe bank only vetoes; it has no threshold to remove.")
    if len(note) > NOTE_LENGTH:
        raise ThresholdRefused(f"The note has {len(note)} characters; {NOTE_LENGTH} fit.")
    row = BankThreshold.objects.create(
        bank=bank,
        encoder=encoder,
        hold=limits.hold,
        remove=limits.remove,
        author_id=author.pk,
        note=note,
        reverts=reverts,
    )
    banks.touch(bank)
    return row


@transaction.atomic
def revert(*, threshold: BankThreshold, author: AbstractBaseUser, note: str = "") -> BankThreshold:
    """Take a change back: what counted before it counts again, in a new row that names it.

    Only the latest change can be taken back, so that none in between is lost unseen. The bank is
    locked meanwhile: of two leads who take back the same change, one is told.
    Raises `ThresholdRefused`.
    """
    bank = Bank.objects.select_for_update(no_key=True).get(pk=threshold.bank_id)
    rows = list(history(bank, threshold.encoder)[:2])
    if not rows or rows[0].pk != threshold.pk:
        raise ThresholdRefused(
            "The thresholds were changed again since then. Look at the latest change first."
        )
    before = (
        Limits(rows[1].hold, rows[1].remove)
        if len(rows) > 1
        else Limits(bank.hold_threshold, bank.remove_threshold)
    )
    return save(
        bank=bank,
        encoder=threshold.encoder,
        hold=before.hold,
        remove=before.remove,
        author=author,
        note=note,
        reverts=threshold,
    )


def history(bank: Bank, encoder: Encoder) -> QuerySet[BankThreshold]:
    """Every change of the bank's thresholds for one encoder, the latest first."""
    return (
        BankThreshold.objects.filter(bank=bank, encoder=encoder)
        .select_related("author", "reverts")
        .order_by("-created_at", "-id")
    )
