"""A sweep takes exemplars, a hash list or a threshold to everything that is already there.

The row of a sweep is the job and Celery its doorbell. See `chunks` for how the work is done.
"""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog import doorbell
from catalog.models import Encoder
from moderation import candidates, judging
from moderation.banks import EMBED
from moderation.choices import BankKind, SweepStatus
from moderation.chunks import AT_WORK, exemplars_of
from moderation.models import Bank, Exemplar, Sweep

SWEEP = "moderation.tasks.sweep"  # by name: whoever rings needs none of the worker's code
GRACE = timedelta(seconds=20)  # for vectors, when a sweep that gave up on them is resumed


class SweepRefused(Exception):
    """The sweep cannot be started or changed as asked; the message says why, and what to do."""


@transaction.atomic
def start(
    *,
    bank: Bank,
    exemplars: Collection[Exemplar] = (),
    started_by: AbstractBaseUser | None,
    rate: int | None = None,
    note: str = "",
) -> Sweep:
    """Start a sweep by these exemplars of a bank, or by all its enabled ones. It runs elsewhere.

    `rate` is in photos per second, by default `VITRINE_SWEEP_RATE`. Raises `SweepRefused`.
    """
    encoder = encoder_for(bank, exemplars)
    sweep = Sweep.objects.create(
        bank=bank,
        encoder=encoder,
        rate=rate or settings.VITRINE_SWEEP_RATE,
        total=candidates.swept().count(),
        next_chunk_at=timezone.now(),
        started_by_id=started_by.pk if started_by else None,
        note=note,
    )
    sweep.exemplars.set(exemplars)
    transaction.on_commit(_ring)
    return sweep


def encoder_for(bank: Bank, exemplars: Collection[Exemplar] = ()) -> Encoder:
    """The encoder a sweep of this bank would go by. Raises `SweepRefused` when it cannot be."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        raise SweepRefused(
            "No photo has been embedded yet, so there is nothing to sweep. Start a worker first."
        )
    if bank.kind == BankKind.SAFE:
        raise SweepRefused(
            f"{bank.name} is a safe bank: it lets photos through and holds none. Sweep a "
            "violating bank of the policy."
        )
    if not Bank.objects.active(timezone.now()).filter(pk=bank.pk).exists():
        raise SweepRefused(f"{bank.name} or its policy is switched off. Switch it on first.")
    enabled = bank.exemplars.filter(is_enabled=True)
    if not enabled.exists():
        raise SweepRefused(
            f"{bank.name} has no enabled exemplar to sweep by. Add one, or enable one again."
        )
    keys = {exemplar.pk for exemplar in exemplars}
    if keys and enabled.filter(pk__in=keys).count() != len(keys):
        raise SweepRefused(f"Some of these exemplars are retired, or not in {bank.name}.")
    return encoder


@transaction.atomic
def pause(*, sweep_id: int) -> Sweep:
    """Stop after the chunk that is being done. Raises `SweepRefused`."""
    sweep = _locked(sweep_id)
    _refuse_unless(sweep, (SweepStatus.RUNNING,), "is not running, so it cannot be paused")
    return _change(sweep, SweepStatus.PAUSED)


@transaction.atomic
def resume(*, sweep_id: int) -> Sweep:
    """Go on where it stopped or failed. Raises `SweepRefused`."""
    sweep = _locked(sweep_id)
    stopped = (SweepStatus.PAUSED, SweepStatus.FAILED)
    _refuse_unless(sweep, stopped, "is not paused, so it cannot be resumed")
    failed = sweep.status == SweepStatus.FAILED
    status = SweepStatus.REVERTING if sweep.reverted_by_id else SweepStatus.RUNNING
    sweep = _change(sweep, status)
    if failed and judging.without_vector(exemplars_of(sweep), sweep.encoder).exists():
        transaction.on_commit(partial(doorbell.ring, EMBED))
        Sweep.objects.filter(pk=sweep.pk).update(next_chunk_at=timezone.now() + GRACE)
    return sweep


@transaction.atomic
def revert(*, sweep_id: int, actor: AbstractBaseUser) -> Sweep:
    """Take back, as a whole, what it did to photos nobody has decided on since.

    Raises `SweepRefused`.
    """
    sweep = _locked(sweep_id)
    done = (SweepStatus.REVERTING, SweepStatus.REVERTED)
    if sweep.status in done or sweep.reverted_by_id:
        raise SweepRefused("This sweep is being taken back, or was, already.")
    sweep.reverted_by_id = actor.pk
    sweep.cursor = None
    sweep.save(update_fields=["reverted_by", "cursor"])
    return _change(sweep, SweepStatus.REVERTING)


def _locked(sweep_id: int) -> Sweep:
    return (
        Sweep.objects.select_for_update(of=("self",))
        .select_related("bank", "encoder")
        .get(pk=sweep_id)
    )


def _refuse_unless(sweep: Sweep, statuses: Collection[SweepStatus], why: str) -> None:
    if sweep.status not in statuses:
        raise SweepRefused(f"This sweep {why}: {sweep.get_status_display().lower()}.")


def _change(sweep: Sweep, status: SweepStatus) -> Sweep:
    sweep.status = status
    sweep.error = ""
    sweep.finished_at = None
    at_work = status in AT_WORK
    sweep.next_chunk_at = timezone.now() if at_work else None
    sweep.save(update_fields=["status", "error", "finished_at", "next_chunk_at"])
    if at_work:
        transaction.on_commit(_ring)
    return sweep


def _ring() -> None:
    doorbell.ring(SWEEP)
