"""Files that arrive in pieces: begun, carried on after a lost connection, read, thrown away."""

import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from catalog.choices import ImportStatus
from catalog.models import Upload, UploadPart

CHUNK_BYTES = 4 * 1024 * 1024  # in memory, once per request that sends one


class UploadRefused(Exception):
    """The file or the piece cannot be taken; the message says why, and what to do."""


class WrongOffset(Exception):
    """The piece does not follow on what is here: go on at `offset`."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"The next byte is number {offset}.")
        self.offset = offset


def unfinished_of(user: AbstractBaseUser) -> QuerySet[Upload]:
    """What a person has sent, in whole or in part, and not begun to import: theirs alone."""
    return Upload.objects.filter(
        uploaded_by_id=user.pk, job__isnull=True, expires_at__gt=timezone.now()
    )


@transaction.atomic
def begin(
    *, user: AbstractBaseUser, name: str, size: int, modified: int = 0, digest: str = ""
) -> Upload:
    """The upload of this file, at whatever offset it is; made if new. Raises `UploadRefused`."""
    if size <= 0:
        raise UploadRefused(f"{name} is empty. Choose the file again.")
    if size > settings.VITRINE_IMPORT_MAX_BYTES:
        raise UploadRefused(
            f"{name} is larger than {_megabytes(settings.VITRINE_IMPORT_MAX_BYTES)} MB. "
            "Pack the photos into several archives."
        )
    same = {"name": name[-255:], "size": size, "modified": modified, "digest": digest[:64]}
    # One person's uploads one after another, so that two cannot both fit into what is left.
    User.objects.select_for_update().get(pk=user.pk)
    if known := unfinished_of(user).filter(**same).first():
        known.expires_at = _expiry()
        known.save(update_fields=["expires_at"])
        return known
    _discard(Upload.objects.filter(uploaded_by_id=user.pk, job__isnull=True, **same))  # expired
    over = (ImportStatus.DONE, ImportStatus.CANCELLED)
    here = Upload.objects.filter(uploaded_by_id=user.pk).exclude(job__status__in=over)
    taken = here.aggregate(total=Sum("size"))["total"] or 0
    if taken + size > settings.VITRINE_IMPORT_USER_BYTES:
        raise UploadRefused(
            f"With {name}, more than {_megabytes(settings.VITRINE_IMPORT_USER_BYTES)} MB of yours "
            "would be waiting here. Let your imports finish, or discard unfinished uploads."
        )
    return Upload.objects.create(uploaded_by_id=user.pk, expires_at=_expiry(), **same)


def append(*, upload: Upload, offset: int, data: bytes) -> Upload:
    """Add a piece. Raises `WrongOffset` unless it follows on what is here, or `UploadRefused`."""
    stored = ""
    try:
        with transaction.atomic():
            locked = Upload.objects.select_for_update().get(pk=upload.pk)
            if offset != locked.received or locked.job_id:
                raise WrongOffset(locked.received)
            if not data or offset + len(data) > locked.size:
                raise UploadRefused("This piece does not fit the file. Choose the file again.")
            part = UploadPart(upload=locked, offset=offset, size=len(data))
            part.content.save("part", ContentFile(data), save=False)
            stored = str(part.content.name)
            part.save()
            locked.received += len(data)
            locked.expires_at = _expiry()
            locked.save(update_fields=["received", "expires_at"])
    except BaseException:
        if stored:
            default_storage.delete(stored)
        raise
    return locked


def receive(*, user: AbstractBaseUser, name: str, size: int, chunks: Iterable[bytes]) -> Upload:
    """A whole file at once, as a browser without scripts sends it. Raises `UploadRefused`."""
    upload = begin(user=user, name=name, size=size)
    if upload.received:  # a stranger of the same name and size, given up halfway
        discard(upload=upload)
        upload = begin(user=user, name=name, size=size)
    for chunk in chunks:
        upload = append(upload=upload, offset=upload.received, data=chunk)
    return upload


@transaction.atomic
def discard(*, upload: Upload) -> None:
    _discard(Upload.objects.filter(pk=upload.pk, job__isnull=True))


@transaction.atomic
def forget_files(uploads: QuerySet[Upload]) -> None:
    """Delete the pieces of files whose import is over; what they were stays known."""
    _delete_parts(list(uploads.values_list("pk", flat=True)))


@transaction.atomic
def expire() -> None:
    """Throw away what nobody carried on with."""
    _discard(Upload.objects.filter(job__isnull=True, expires_at__lte=timezone.now()))


def is_whole() -> Q:
    return Q(received=F("size"))


def open_file(upload: Upload) -> BinaryIO:
    """The whole file, readable at any place."""
    return cast(BinaryIO, io.BufferedReader(Joined(list(upload.parts.all())), 64 * 1024))


class Joined(io.RawIOBase):
    """Pieces as one file; at most one of them is open."""

    def __init__(self, parts: list[UploadPart]) -> None:
        self.parts = parts
        self.size = sum(part.size for part in parts)
        self.at = 0
        self.current: tuple[UploadPart, BinaryIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = max(0, start + offset)
        return self.at

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        part = self._part()
        if part is None:
            return 0
        if self.current is None or self.current[0] is not part:
            self._release()
            self.current = (part, cast(BinaryIO, part.content.storage.open(str(part.content.name))))
        file = self.current[1]
        file.seek(self.at - part.offset)
        data = file.read(min(len(buffer), part.offset + part.size - self.at))
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    def _part(self) -> UploadPart | None:
        low, high = 0, len(self.parts)
        while low < high:
            middle = (low + high) // 2
            if self.parts[middle].offset + self.parts[middle].size <= self.at:
                low = middle + 1
            else:
                high = middle
        return self.parts[low] if low < len(self.parts) else None

    def _release(self) -> None:
        if self.current:
            self.current[1].close()
        self.current = None

    def close(self) -> None:
        self._release()
        super().close()


def _discard(uploads: QuerySet[Upload]) -> None:
    gone = list(uploads.select_for_update(skip_locked=True).values_list("pk", flat=True))
    _delete_parts(gone)
    Upload.objects.filter(pk__in=gone).delete()


def _delete_parts(uploads: list[UUID]) -> None:
    parts = UploadPart.objects.filter(upload__in=uploads)
    names = [str(name) for name in parts.values_list("content", flat=True)]
    parts.delete()
    transaction.on_commit(partial(_delete_files, names))


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.VITRINE_IMPORT_KEEP_HOURS)


def _megabytes(count: int) -> str:
    return f"{count // (1024 * 1024):,}"
