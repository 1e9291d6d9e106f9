"""How far an import is, in the numbers and words its page shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from catalog.choices import ImportStatus, ItemStatus, Status
from catalog.models import Import
from catalog.templatetags.console import span

ENOUGH = 2.0  # seconds a pace is measured over before it is shown


@dataclass(frozen=True)
class Progress:
    """Counts of entries and of their photos; `done` photos have their verdict.

    `pace` is in entries per second, None until it is known; `mark` is what the page sends along
    when it asks again, so that the pace is measured from when it was opened.
    """

    entries: int
    unpacked: int
    accepted: int
    duplicates: int
    refused: int
    skipped: int
    photos: dict[str, int]
    done: int
    percent: int
    pace: float | None
    left: str
    is_at_work: bool
    mark: str

    @property
    def pending(self) -> int:
        return self.photos.get(Status.PENDING, 0)


def progress_of(job: Import, params: QueryDict | None = None) -> Progress:
    items = dict(job.items.values_list("status").annotate(count=Count("pk")).order_by())
    photos = dict(
        job.items.exclude(image=None)
        .values_list("image__status")
        .annotate(count=Count("image", distinct=True))
        .order_by()
    )
    entries = sum(items.values())
    waiting = items.get(ItemStatus.WAITING, 0)
    pending = photos.get(Status.PENDING, 0)
    done = max(0, entries - waiting - pending)
    over = job.status not in (ImportStatus.RUNNING, ImportStatus.PAUSED, ImportStatus.FAILED)
    total = entries - waiting if over else entries  # a cancelled one takes no more
    at, before = _mark(params, done)
    seconds = (timezone.now() - at).total_seconds()
    pace = (done - before) / seconds if seconds >= ENOUGH and done > before else None
    is_at_work = job.status == ImportStatus.RUNNING or (
        pending > 0 and job.status in (ImportStatus.DONE, ImportStatus.CANCELLED)
    )
    left = ""
    if is_at_work and pace and total > done:
        rest = (total - done) / pace
        left = f"{span(rest)} left" if rest >= 60 else "less than a minute left"
    return Progress(
        entries=entries,
        unpacked=entries - waiting,
        accepted=items.get(ItemStatus.ACCEPTED, 0),
        duplicates=items.get(ItemStatus.DUPLICATE, 0),
        refused=items.get(ItemStatus.REFUSED, 0),
        skipped=items.get(ItemStatus.SKIPPED, 0),
        photos=photos,
        done=done,
        percent=min(100, 100 * done // total) if total else (100 if over else 0),
        pace=pace,
        left=left,
        is_at_work=is_at_work,
        mark=urlencode([("from", f"{at.timestamp():.3f}"), ("done", str(before))]),
    )


def _mark(params: QueryDict | None, done: int) -> tuple[datetime, int]:
    """Since when, and from how many on, the pace is measured: what the page sends, else now."""
    now = timezone.now()
    try:
        given = params or QueryDict()
        at = datetime.fromtimestamp(float(given.get("from", "")), tz=now.tzinfo)
        return min(at, now), max(0, int(given.get("done", "")))
    except (ValueError, OverflowError, OSError):
        return now, done
