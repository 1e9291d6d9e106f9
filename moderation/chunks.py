"""The work of sweeps, a chunk of photos at a time.

A chunk is judged, and the sweep moved on, in one transaction, so that whatever is killed, nothing
is lost and nothing done twice.
"""

import logging
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import acting, candidates, judging, reverting
from moderation.choices import SweepStatus
from moderation.models import Bank, Exemplar, Sweep

log = logging.getLogger(__name__)

AT_WORK = (SweepStatus.RUNNING, SweepStatus.REVERTING)

CHUNK = 4_000  # photos in one transaction, at most
# While photos wait for a worker, every other turn is left to them: a fresh upload meets one chunk
# at most, and a worker that is away slows a sweep down but does not stop it.
CHUNK_BESIDE_UPLOADS = 500
YIELD = 3.0  # seconds a turn is
LOOK_AGAIN = 2.0  # seconds between two looks for vectors that are still missing
PATIENCE = timedelta(minutes=10)  # for the vectors of new exemplars


def run_chunk() -> float | None:
    """Do the next chunk that is due; the seconds until another is, None when this did nothing.

    A chunk that fails changes nothing but its sweep, which says why; one that could not reach
    the database is tried again at the next ring.
    """
    sweep = None
    try:
        with transaction.atomic():
            sweep = _due()
            if sweep is None:
                return None
            _advance(sweep)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if sweep is None:
            raise
        log.exception("A chunk of sweep %s failed", sweep.pk)
        Sweep.objects.filter(pk=sweep.pk, status__in=AT_WORK).update(
            status=SweepStatus.FAILED,
            error=f"A chunk failed ({type(error).__name__}: {error})"[:220]
            + ". Nothing of it was kept. Resume to try it again.",
        )
    return _until_next()


def _due() -> Sweep | None:
    now = timezone.now()
    return (
        Sweep.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(status__in=AT_WORK, next_chunk_at__lte=now)
        .select_related("bank__policy", "encoder", "started_by", "reverted_by")
        .order_by("next_chunk_at", "pk")
        .first()
    )


def _until_next() -> float | None:
    soonest: datetime | None = Sweep.objects.filter(status__in=AT_WORK).aggregate(
        soonest=Min("next_chunk_at")
    )["soonest"]
    if soonest is None:
        return None
    return max(0.0, (soonest - timezone.now()).total_seconds())


def _advance(sweep: Sweep) -> None:
    began = timezone.now()
    if sweep.status == SweepStatus.REVERTING:
        if reverting.take_back_some(sweep):
            sweep.next_chunk_at = began
        else:
            _finish(sweep, SweepStatus.REVERTED)
    elif not Bank.objects.active(began).filter(pk=sweep.bank_id).exists():
        sweep.status = SweepStatus.PAUSED
        sweep.error = "The bank or its policy was switched off. Switch it on again, then resume."
    elif not (chosen := exemplars_of(sweep)).exists():
        sweep.status = SweepStatus.PAUSED
        sweep.error = "Its exemplars were all retired. Enable one again, then resume."
    elif missing := list(judging.without_vector(chosen, sweep.encoder)):
        _wait(sweep, missing, began)
    else:
        _scan(sweep, began)
    sweep.save()


def _scan(sweep: Sweep, now: datetime) -> None:
    busy = Image.objects.filter(status=Status.PENDING).exists()
    if busy and not sweep.yielded:
        sweep.yielded = True
        sweep.next_chunk_at = now + timedelta(seconds=YIELD)
        return
    size = min(CHUNK_BESIDE_UPLOADS if busy else CHUNK, sweep.rate)
    photos = candidates.swept().order_by("pk")
    if sweep.cursor:
        photos = photos.filter(pk__gt=sweep.cursor)
    ids = list(photos.values_list("pk", flat=True)[:size])
    if ids:
        acting.act(sweep=sweep, by=exemplars_of(sweep), ids=ids)
        sweep.cursor = ids[-1]
        sweep.scanned += len(ids)
    sweep.yielded = False
    sweep.error = ""
    sweep.next_chunk_at = now + timedelta(seconds=len(ids) / sweep.rate)
    if len(ids) < size:
        _finish(sweep, SweepStatus.DONE)


def _wait(sweep: Sweep, missing: list[Exemplar], now: datetime) -> None:
    those = "One exemplar has" if len(missing) == 1 else f"{len(missing)} exemplars have"
    since = max(sweep.created_at, *(exemplar.created_at for exemplar in missing))
    if now - since > PATIENCE:
        sweep.status = SweepStatus.FAILED
        sweep.error = (
            f"{those} not been encoded. Check that the interactive worker runs and that the "
            "pictures can be read, then resume."
        )
        return
    sweep.error = f"{those} yet to be encoded, within seconds as a rule. Then it begins."
    sweep.next_chunk_at = now + timedelta(seconds=LOOK_AGAIN)


def exemplars_of(sweep: Sweep) -> QuerySet[Exemplar]:
    """The enabled exemplars it goes by."""
    if named := list(sweep.exemplars.values_list("pk", flat=True)):
        return Exemplar.objects.filter(pk__in=named, is_enabled=True)
    return sweep.bank.exemplars.filter(is_enabled=True)


def _finish(sweep: Sweep, status: SweepStatus) -> None:
    sweep.status = status
    sweep.next_chunk_at = None
    sweep.finished_at = timezone.now()
    sweep.error = ""
