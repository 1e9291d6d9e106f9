"""Bulk imports: starting one, pausing, resuming, cancelling it. See `unpacking` for the work."""

from collections.abc import Collection, Sequence
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog import doorbell, uploads
from catalog.choices import ImportStatus
from catalog.models import Import, Storefront, Upload

IMPORT = "catalog.tasks.run_imports"  # by name: whoever rings needs none of the worker's code


class ImportRefused(Exception):
    """The import cannot be started or changed as asked; the message says why, and what to do."""


@transaction.atomic
def start(
    *,
    storefront: Storefront,
    files: Sequence[Upload],
    started_by: AbstractBaseUser,
    sku: str = "",
) -> Import:
    """Import whole uploads of one person together. It runs elsewhere. Raises `ImportRefused`."""
    keys = {upload.pk for upload in files}
    mine = uploads.unfinished_of(started_by).filter(uploads.is_whole(), pk__in=keys)
    found = list(mine.select_for_update())
    if not keys or len(found) != len(keys):
        raise ImportRefused("Not all files have arrived. Drop them again: only the rest is sent.")
    if len(found) > settings.VITRINE_IMPORT_MAX_ENTRIES:
        raise ImportRefused(
            f"These are more than {settings.VITRINE_IMPORT_MAX_ENTRIES:,} files. Send them in "
            "several imports."
        )
    job = Import.objects.create(storefront=storefront, sku=sku, started_by_id=started_by.pk)
    Upload.objects.filter(pk__in=keys).update(job=job)
    transaction.on_commit(_ring)
    return job


@transaction.atomic
def pause(*, import_id: int) -> Import:
    """Stop after the entry that is being taken. Raises `ImportRefused`."""
    return _change(import_id, (ImportStatus.RUNNING,), ImportStatus.PAUSED)


@transaction.atomic
def resume(*, import_id: int) -> Import:
    """Go on where it stopped. Raises `ImportRefused`."""
    stopped = (ImportStatus.PAUSED, ImportStatus.FAILED)
    job = _change(import_id, stopped, ImportStatus.RUNNING)
    transaction.on_commit(_ring)
    return job


@transaction.atomic
def cancel(*, import_id: int) -> Import:
    """Take nothing more; photos that are in stay in. Raises `ImportRefused`."""
    open_ones = (ImportStatus.RUNNING, ImportStatus.PAUSED, ImportStatus.FAILED)
    job = _change(import_id, open_ones, ImportStatus.CANCELLED)
    job.finished_at = timezone.now()
    job.save(update_fields=["finished_at"])
    uploads.forget_files(job.uploads.all())
    return job


def _change(import_id: int, before: Collection[ImportStatus], status: ImportStatus) -> Import:
    job = Import.objects.select_for_update().get(pk=import_id)
    if job.status not in before:
        stands = ImportStatus(job.status).label.lower()
        raise ImportRefused(f"That cannot be done now: this import is {stands}.")
    job.status = status
    job.error = ""
    job.save(update_fields=["status", "error"])
    return job


_ring = partial(doorbell.ring, IMPORT)
