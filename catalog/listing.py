"""The first step of an import: what its files hold becomes items, each with its product."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import entry_names, product_tables, uploads
from catalog.archives import Archive, ArchiveRefused, EntryRefused, Limits
from catalog.choices import ItemStatus
from catalog.known_photos import KnownPhotos
from catalog.models import Import, ImportItem, Storefront, Upload
from catalog.product_tables import TableRefused, Wanted

TABLE_BYTES = 16 * 1024 * 1024
ZIP = (b"PK\x03\x04", b"PK\x05\x06")

LITTER = "Left behind by the system that packed the archive: not a photo."
OVERLAPS = "It shares its bytes with another entry, as in a bomb. Pack it again."
TWICE_NAMED = "Row {row} names a file that is here more than once. Give its whole path."
TWICE = "Another entry of this name comes first, so it is unclear which one is meant. Rename one."


def archive_limits() -> Limits:
    return Limits(
        entry_bytes=settings.VITRINE_MAX_UPLOAD_BYTES,
        ratio=settings.VITRINE_IMPORT_MAX_RATIO,
        entries=settings.VITRINE_IMPORT_MAX_ENTRIES,
    )


def is_archive(upload: Upload) -> bool:
    """By content; by name for one that does not begin as it should, so that it is explained."""
    with uploads.open_file(upload) as file:
        return file.read(4).startswith(ZIP) or entry_names.last_part(upload.name).lower().endswith(
            ".zip"
        )


@dataclass
class _Listed:
    photos: list[ImportItem] = field(default_factory=list)
    others: list[ImportItem] = field(default_factory=list)  # refused, or passed over
    tables: list[tuple[str, bytes]] = field(default_factory=list)  # name, content

    @property
    def table_bytes_left(self) -> int:
        """Tables are read into memory, all of them together."""
        return TABLE_BYTES - sum(len(content) for _, content in self.tables)

    def refuse(self, name: str, reason: str, *, sku: str = "") -> None:
        self.others.append(_item(name, status=ItemStatus.REFUSED, reason=reason[:400], sku=sku))

    def refuse_row(self, table: str, wanted: Wanted, reason: str) -> None:
        self.refuse(_row_name(table, wanted), reason, sku=wanted.sku)


@transaction.atomic
def list_items(*, import_id: int) -> None:
    """Make the items, once. Raises `TableRefused`; then nothing is made."""
    job = Import.objects.select_for_update().select_related("storefront").get(pk=import_id)
    if job.listed_at:
        return
    listed = _Listed()
    for upload in job.uploads.all():
        if entry_names.TABLE.search(upload.name):
            listed.tables.append((upload.name, _table_of(upload, listed.table_bytes_left)))
        elif is_archive(upload):
            _list_archive(listed, upload)
        else:
            listed.photos.append(_item(upload.name, upload=upload))
    items = [*_with_products(listed, job.storefront, job.sku), *listed.others]
    for position, item in enumerate(items):
        item.job, item.position = job, position
    ImportItem.objects.bulk_create(items, batch_size=1_000)
    job.listed_at = timezone.now()
    job.save(update_fields=["listed_at"])


def _item(name: str, **values: object) -> ImportItem:
    return ImportItem(name=entry_names.shown(name), **values)


def _table_of(upload: Upload, most: int) -> bytes:
    if upload.size > most:
        raise TableRefused("Tables of more than 16 MB cannot be read. Split the import.")
    with uploads.open_file(upload) as file:
        return file.read()


def _list_archive(listed: _Listed, upload: Upload) -> None:
    with uploads.open_file(upload) as file:
        try:
            archive = Archive(file, size=upload.size, limits=archive_limits())
        except ArchiveRefused as refused:
            listed.refuse(upload.name, str(refused))
            return
        overlapping = archive.overlapping()
        seen: set[str] = set()
        for entry in archive.entries:
            key = entry_names.key_of(entry.name)
            if entry_names.leads_outside(entry.name):
                listed.refuse(entry.name, entry_names.OUTSIDE)
            elif entry.is_folder:
                continue
            elif entry_names.is_litter(entry.name):
                listed.others.append(_item(entry.name, status=ItemStatus.SKIPPED, reason=LITTER))
            elif entry.problem:
                listed.refuse(entry.name, entry.problem)
            elif entry_names.ARCHIVES.search(entry.name):
                listed.refuse(entry.name, entry_names.NESTED)
            elif entry.index in overlapping:
                listed.refuse(entry.name, OVERLAPS)
            elif key in seen:
                listed.refuse(entry.name, TWICE)
            elif entry_names.TABLE.search(entry.name):
                try:
                    listed.tables.append(
                        (entry.name, archive.read(entry, most=listed.table_bytes_left))
                    )
                except EntryRefused as problem:
                    raise TableRefused(f"{entry_names.shown(entry.name)}: {problem}") from problem
            else:
                listed.photos.append(_item(entry.name, upload=upload, entry=entry.index))
            seen.add(key)


def _with_products(listed: _Listed, storefront: Storefront, sku: str) -> Iterable[ImportItem]:
    """The photos in their order, once for each product that a table gives them to; then those that
    are here already and that a table gives to a product."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for at, photo in enumerate(listed.photos):
        path = entry_names.key_of(photo.name)
        for name in {path, entry_names.last_part(path)}:
            by_name[name].append(at)
    products: dict[int, dict[str, str]] = defaultdict(dict)
    elsewhere: list[tuple[str, Wanted]] = []  # the table's name, a row about no file of the upload
    for table, wanted in _rows(listed):
        match [] if wanted.problem else by_name.get(entry_names.key_of(wanted.file), []):
            case []:
                elsewhere.append((table, wanted))
            case [at]:
                products[at][wanted.sku] = wanted.title
            case _:
                listed.refuse_row(table, wanted, TWICE_NAMED.format(row=wanted.row))
    for at, photo in enumerate(listed.photos):
        for number, title in (products.get(at) or {sku: ""}).items():
            yield _item(photo.name, upload=photo.upload, entry=photo.entry, sku=number, title=title)
    yield from _known(listed, storefront, elsewhere)


def _rows(listed: _Listed) -> Iterable[tuple[str, Wanted]]:
    left = settings.VITRINE_IMPORT_MAX_ENTRIES
    for table, content in listed.tables:
        rows = product_tables.read(content, name=entry_names.shown(table), most=left)
        left -= len(rows)
        for wanted in rows:
            yield table, wanted


def _known(
    listed: _Listed, storefront: Storefront, rows: Sequence[tuple[str, Wanted]]
) -> Iterable[ImportItem]:
    """Items of photos that are here already; a row that names none is refused with a reason."""
    here = KnownPhotos(storefront, [wanted.file for _, wanted in rows if not wanted.problem])
    refused = {entry_names.key_of(item.name) for item in listed.others if item.reason}
    refused |= {entry_names.last_part(name) for name in refused}
    for table, wanted in rows:
        problem = wanted.problem
        if not problem and entry_names.key_of(wanted.file) in refused:
            problem = f"Row {wanted.row} names a file of this upload that was refused."
        if not problem:
            image, problem = here.find(wanted)
        if problem:
            listed.refuse_row(table, wanted, problem)
        else:
            yield _item(_row_name(table, wanted), image=image, sku=wanted.sku, title=wanted.title)


def _row_name(table: str, wanted: Wanted) -> str:
    return f"{entry_names.last_part(table)} ▸ {wanted.file or f'row {wanted.row}'}"
