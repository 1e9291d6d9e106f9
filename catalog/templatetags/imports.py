"""What the pages of imports say in a word or a line."""

from django import template

from catalog.choices import ImportStatus, Status
from catalog.models import Import
from catalog.views.import_progress import Progress

register = template.Library()

CHIPS = {
    ImportStatus.RUNNING: "running",
    ImportStatus.PAUSED: Status.HELD,
    ImportStatus.DONE: Status.LIVE,
    ImportStatus.CANCELLED: Status.FAILED,
    ImportStatus.FAILED: Status.REMOVED,
}


@register.filter
def grouped(number: float) -> str:
    """12345 → "12,345", 0.42 → "0.4"."""
    return f"{number:,.1f}" if isinstance(number, float) and number < 10 else f"{number:,.0f}"


@register.filter
def files_of(job: Import) -> str:
    """The first file by name, an archive if there is one, and how many more came with it."""
    names = [upload.name for upload in job.uploads.all()]
    if not names:
        return str(job)
    first = next((name for name in names if name.lower().endswith(".zip")), names[0])
    return f"{first} and {len(names) - 1} more" if len(names) > 1 else first


@register.filter
def import_chip(job: Import, progress: Progress) -> str:
    """The class that colours the chip of an import's state."""
    tagging = job.status == ImportStatus.DONE and progress.pending
    return str(CHIPS[ImportStatus.RUNNING if tagging else ImportStatus(job.status)])


@register.filter
def import_state(job: Import, progress: Progress) -> str:
    if job.status == ImportStatus.DONE:
        return "Being tagged" if progress.pending else "Done"
    return str(ImportStatus(job.status).label)


@register.filter
def by_status(progress: Progress) -> list[tuple[str, str, int]]:
    """Status, its label and how many photos have it; those that occur, and always live ones."""
    return [
        (status, Status(status).label, progress.photos.get(status, 0))
        for status in Status.values
        if progress.photos.get(status) or status == Status.LIVE
    ]
