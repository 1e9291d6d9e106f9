"""How far a sweep is, in the numbers and words its page shows."""

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from catalog.templatetags.console import span
from moderation.choices import SweepStatus
from moderation.chunks import AT_WORK
from moderation.models import Sweep

ENOUGH = 2.0  # seconds a pace is measured over before it is shown


@dataclass(frozen=True)
class Mark:
    """How far the sweep was when somebody opened the page: the pace is measured from there."""

    at: datetime
    done: int

    @classmethod
    def read(cls, params: QueryDict, sweep: Sweep) -> "Mark":
        """What an earlier answer told the page to send, else now."""
        now = timezone.now()
        try:
            at = datetime.fromtimestamp(float(params.get("from", "")), tz=now.tzinfo)
            done = int(params.get("done", ""))
        except (ValueError, OverflowError, OSError):
            return cls(now, done_of(sweep))
        return cls(min(at, now), max(0, done))

    def __str__(self) -> str:
        return urlencode([("from", f"{self.at.timestamp():.3f}"), ("done", str(self.done))])


@dataclass(frozen=True)
class Progress:
    """A bar, the pace (photos per second, None until it is known) and the time left in words."""

    done: int
    total: int
    percent: int
    pace: float | None
    left: str
    is_at_work: bool
    mark: Mark


def done_of(sweep: Sweep) -> int:
    """Photos behind it: looked at, or while it is taken back, put right."""
    if sweep.status not in (SweepStatus.REVERTING, SweepStatus.REVERTED):
        return sweep.scanned
    if sweep.status == SweepStatus.REVERTED:
        return sweep.matched
    return sweep.hits.filter(image_id__lte=sweep.cursor).count() if sweep.cursor else 0


def progress_of(sweep: Sweep, mark: Mark) -> Progress:
    done = done_of(sweep)
    reverting = sweep.status in (SweepStatus.REVERTING, SweepStatus.REVERTED)
    # Photos that came after the start are looked at too, those erased since are not.
    total = sweep.matched if reverting else max(sweep.total, sweep.scanned)
    if sweep.status == SweepStatus.DONE:
        total = max(1, sweep.scanned)
    seconds = (timezone.now() - mark.at).total_seconds()
    pace = (done - mark.done) / seconds if seconds >= ENOUGH and done > mark.done else None
    left = ""
    if sweep.status == SweepStatus.RUNNING and not sweep.error:
        rest = (total - done) / (pace or sweep.rate)
        left = f"{span(rest)} left" if rest >= 60 else "less than a minute left"
    return Progress(
        done=done,
        total=total,
        percent=min(100, 100 * done // total) if total else 100,
        pace=pace,
        left=left,
        is_at_work=sweep.status in AT_WORK,
        mark=mark,
    )
