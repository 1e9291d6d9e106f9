"""The work of imports, an entry at a time.

An entry is claimed by counting an attempt, and taken under a lock on its row, in one transaction
with its photo: whatever is killed, its lock goes with its connection, nothing is lost and nothing
done twice. Several workers may share an import.
"""

import logging
import time
from contextlib import ExitStack
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from catalog import entry_names, listing, uploads
from catalog.archives import MEGABYTE, Archive, ArchiveRefused, EntryRefused
from catalog.choices import ImportStatus, ItemStatus, Source
from catalog.ingest import Ingested, ingest
from catalog.ml.rejection import ImageRejected
from catalog.models import Image, Import, ImportItem, Product, Upload
from catalog.product_tables import TableRefused
from catalog.products import ProductRefused, assign, upsert

log = logging.getLogger(__name__)

SECONDS = 2.0  # decisions that are due wait in the same queue
LOT = 100
ATTEMPTS = 3
ARCHIVE_MAGIC = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh")
FATAL = (
    "Unpacking it stopped the worker three times, so it is left out. Open the photo in an image "
    "editor, save it again and send the new file."
)


def run_turn(*, seconds: float = SECONDS) -> bool:
    """Go on with the import whose turn it is, for a while; True when more is left to do.

    An import that cannot go on stops and says why; resuming it tries again.
    """
    running = Import.objects.filter(status=ImportStatus.RUNNING)
    job = running.order_by(F("turn_at").asc(nulls_first=True), "pk").first()
    if job is None:
        return False
    Import.objects.filter(pk=job.pk).update(turn_at=timezone.now())
    try:
        if job.listed_at is None:
            listing.list_items(import_id=job.pk)
        with Files() as files:
            end = time.monotonic() + seconds
            while time.monotonic() < end and _take_some(job, files, end):
                pass
        _finish(job)
    except (OperationalError, InterfaceError):
        raise
    except TableRefused as refused:
        _stop(job, f"{refused} Nothing was taken. Correct it and upload again.")
    except OSError as error:
        log.exception("Import %s cannot read or store files", job.pk)
        _stop(
            job, f"A file could not be read or stored ({error.strerror or error}). Resume to go on."
        )
    except Exception as error:
        log.exception("Import %s stopped", job.pk)
        _stop(job, f"It stopped unexpectedly ({type(error).__name__}). Resume to go on.")
    return running.exists()


class Files:
    """The files of an import, each opened once per turn."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.archives: dict[UUID, Archive] = {}

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def read(self, item: ImportItem) -> bytes:
        """The item's bytes. Raises `EntryRefused`."""
        upload = item.upload
        if upload is None:
            raise EntryRefused("Its file is not here any more. Send it again.")
        if item.entry is None:
            return self._read_whole(upload)
        if upload.pk not in self.archives:
            file = self.stack.enter_context(uploads.open_file(upload))
            try:
                self.archives[upload.pk] = Archive(
                    file, size=upload.size, limits=listing.archive_limits()
                )
            except ArchiveRefused as refused:
                raise EntryRefused(str(refused)) from refused
        archive = self.archives[upload.pk]
        return archive.read(archive.entries[item.entry])

    def _read_whole(self, upload: Upload) -> bytes:
        most = settings.VITRINE_MAX_UPLOAD_BYTES
        if upload.size > most:
            raise EntryRefused(f"It is larger than {most // MEGABYTE} MB.")
        with uploads.open_file(upload) as file:
            return file.read()


def _take_some(job: Import, files: Files, until: float) -> bool:
    """Take the next entries until then, on the monotonic clock; False when there are none left,
    or the import does not run any more."""
    waiting = ImportItem.objects.filter(job=job, status=ItemStatus.WAITING)
    # In lots: asking for the very next one of twenty thousand, each time, costs more than a photo.
    lot = list(waiting.order_by("position").values_list("pk", flat=True)[:LOT])
    for pk in lot:
        if time.monotonic() >= until:
            return True
        if not Import.objects.filter(pk=job.pk, status=ImportStatus.RUNNING).exists():
            return False
        _take_one(pk, files)
    return bool(lot)


def _take_one(pk: int, files: Files) -> None:
    """Take this entry, unless another worker has it or the import was stopped."""
    found = (
        ImportItem.objects.filter(
            pk=pk, status=ItemStatus.WAITING, job__status=ImportStatus.RUNNING
        )
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("upload", "image", "job__storefront", "job__started_by")
    )
    with transaction.atomic():
        item = found.first()
        if item is None:
            return
        # Committed before the work begins: what kills the worker is counted.
        ImportItem.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
    with transaction.atomic():
        item = found.first()
        if item is not None:
            _take(item, files)
            item.save(update_fields=["status", "reason", "image"])


def _take(item: ImportItem, files: Files) -> None:
    """What becomes of the entry is written to `item`, which the caller saves."""
    spent = 0
    try:
        if item.attempts > ATTEMPTS:
            raise EntryRefused(FATAL)
        if item.image:
            item.status = _give(item, item.image)
            return
        total = Import.objects.values_list("unpacked_bytes", flat=True).get(pk=item.job_id)
        if total >= settings.VITRINE_IMPORT_UNPACKED_BYTES:
            limit = settings.VITRINE_IMPORT_UNPACKED_BYTES // MEGABYTE
            raise EntryRefused(f"What came before it unpacked to {limit:,} MB, the most allowed.")
        data = files.read(item)
        spent = len(data)
        if data.startswith(ARCHIVE_MAGIC):
            raise EntryRefused(entry_names.NESTED)
        taken = _ingest(item, data)
    except (EntryRefused, ImageRejected, ProductRefused) as refused:
        item.status, item.reason = ItemStatus.REFUSED, str(refused)[:400]
        spent = getattr(refused, "unpacked", 0) or spent
    except (OSError, MemoryError, OperationalError, InterfaceError):
        raise
    except Exception as error:
        # One bad entry never stops the others.
        log.exception("Entry %s of import %s", item.pk, item.job_id)
        item.status = ItemStatus.REFUSED
        item.reason = f"It could not be taken ({type(error).__name__}); the log says more."
    else:
        item.status = ItemStatus.ACCEPTED if taken.created else ItemStatus.DUPLICATE
        item.image = taken.image
    if spent:
        Import.objects.filter(pk=item.job_id).update(unpacked_bytes=F("unpacked_bytes") + spent)


@transaction.atomic
def _give(item: ImportItem, image: Image) -> ItemStatus:
    """Give a photo that is here already to the product its row names."""
    storefront = item.job.storefront
    known = Product.objects.filter(storefront=storefront, sku=item.sku).first()
    renamed = bool(known and item.title and known.title != item.title)
    product = upsert(storefront=storefront, sku=item.sku, title=item.title)
    moved = assign(image_id=image.pk, product=product, by=item.job.started_by)
    return ItemStatus.ACCEPTED if moved or renamed else ItemStatus.DUPLICATE


@transaction.atomic
def _ingest(item: ImportItem, data: bytes) -> Ingested:
    storefront = item.job.storefront
    product = None
    if item.sku:  # a refused photo leaves no empty product behind
        product = upsert(storefront=storefront, sku=item.sku, title=item.title)
    return ingest(
        storefront=storefront,
        data=data,
        filename=entry_names.last_part(item.name),
        source=Source.STAFF,
        product=product,
        uploaded_by=item.job.started_by,
    )


@transaction.atomic
def _finish(job: Import) -> None:
    locked = Import.objects.select_for_update().get(pk=job.pk)
    if locked.status != ImportStatus.RUNNING:
        return
    if locked.items.filter(status=ItemStatus.WAITING).exists():
        return
    locked.status = ImportStatus.DONE
    locked.finished_at = timezone.now()
    locked.save(update_fields=["status", "finished_at"])
    uploads.forget_files(locked.uploads.all())


def _stop(job: Import, error: str) -> None:
    # The fault is ours: it counts against no entry.
    job.items.filter(status=ItemStatus.WAITING, attempts__gt=0).update(attempts=0)
    Import.objects.filter(pk=job.pk, status=ImportStatus.RUNNING).update(
        status=ImportStatus.FAILED, error=error[:400]
    )
