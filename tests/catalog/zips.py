"""Archives, honest and hostile, and imports of them."""

import io
import struct
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User

from catalog import importing, unpacking, uploads
from catalog.choices import ItemStatus
from catalog.models import Import, ImportItem, Storefront, Upload

Entries = Mapping[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]]


def zip_of(entries: Entries, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two entries of one name are meant
        for name, data in pairs:
            archive.writestr(name, data)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


def patched(data: bytes, entry: int, field: int, format: str, value: int) -> bytes:
    """The archive with a field of one directory entry overwritten, `field` bytes into it."""
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    changed = bytearray(data)
    struct.pack_into(format, changed, at + field, value)
    return bytes(changed)


def bomb(size: int) -> bytes:
    """Zeros: a thousand to one."""
    return bytes(size)


def sent(user: User, name: str, data: bytes) -> Upload:
    return uploads.receive(user=user, name=name, size=len(data), chunks=[data])


def import_of(
    user: User, storefront: Storefront, files: Mapping[str, bytes], **values: Any
) -> Import:
    """Start an import of these files and do its work here."""
    whole = [sent(user, name, data) for name, data in files.items()]
    job = importing.start(storefront=storefront, files=whole, started_by=user, **values)
    while unpacking.run_turn():
        pass
    job.refresh_from_db()
    return job


def fates(job: Import) -> dict[str, tuple[ItemStatus, str]]:
    """What became of each entry, by name; of two of one name, the last."""
    return {item.name: (ItemStatus(item.status), item.reason) for item in job.items.all()}


def refused(job: Import) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in ImportItem.objects.filter(job=job, status=ItemStatus.REFUSED):
        found[item.name] = item.reason
    return found
