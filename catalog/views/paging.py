"""Keyset pages: a page starts after a row, not at an offset, so that new rows never shift it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from catalog.models import Image

PAGE_SIZE = 60


@dataclass(frozen=True)
class Page:
    """One page, newest first, with the cursors of its neighbours (None where there is none)."""

    images: Sequence[Image]
    older: str | None
    newer: str | None


def cursor_of(image: Image) -> str:
    return f"{image.created_at.isoformat()}~{image.pk}"


def _parse(cursor: str) -> tuple[datetime, UUID] | None:
    """A cursor someone mangled counts as none: the list starts from the top."""
    at, _, key = cursor.partition("~")
    try:
        moment, row = datetime.fromisoformat(at), UUID(key)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment, row)


def page_of(
    images: QuerySet[Image], *, before: str = "", after: str = "", size: int = PAGE_SIZE
) -> Page:
    """The `size` photos older than `before`, or the `size` nearest that are newer than `after`."""
    if start := _parse(after):
        at, row = start
        newer_rows = images.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=row))
        found = list(newer_rows.order_by("created_at", "id")[: size + 1])
        page = found[:size][::-1]
        if not page:
            return page_of(images, size=size)
        return Page(page, cursor_of(page[-1]), cursor_of(page[0]) if len(found) > size else None)
    newer = None
    if start := _parse(before):
        at, row = start
        images = images.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=row))
        newer = before
    found = list(images.order_by("-created_at", "-id")[: size + 1])
    page = found[:size]
    if newer and page:
        newer = cursor_of(page[0])
    return Page(page, cursor_of(page[-1]) if len(found) > size else None, newer)
