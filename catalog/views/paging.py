"""Keyset pages: a page starts after a row, not at an offset, so that new rows never shift it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from catalog.models import Image, Product

PAGE_SIZE = 60
LARGEST_KEY = 2**63 - 1

Row = TypeVar("Row", Image, Product)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page, newest first, with the cursors of its neighbours (None where there is none)."""

    rows: Sequence[Row]
    older: str | None
    newer: str | None

    @property
    def images(self) -> Sequence[Row]:
        """What pages of photos call them."""
        return self.rows


def cursor_of(row: Image | Product) -> str:
    return f"{row.created_at.isoformat()}~{row.pk}"


def _parse(cursor: str, rows: QuerySet[Row]) -> tuple[datetime, object] | None:
    """A cursor someone mangled counts as none: the list starts from the top."""
    at, _, key = cursor.partition("~")
    try:
        moment, row = datetime.fromisoformat(at), rows.model._meta.pk.to_python(key)
    except (ValueError, ValidationError):
        return None
    if moment.tzinfo is None or (isinstance(row, int) and not 0 <= row <= LARGEST_KEY):
        return None
    return moment, row


def page_of(
    images: QuerySet[Row], *, before: str = "", after: str = "", size: int = PAGE_SIZE
) -> Page[Row]:
    """The `size` rows older than `before`, or the `size` nearest that are newer than `after`."""
    if start := _parse(after, images):
        at, row = start
        newer_rows = images.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=row))
        found = list(newer_rows.order_by("created_at", "id")[: size + 1])
        page = found[:size][::-1]
        if not page:
            return page_of(images, size=size)
        return Page(page, cursor_of(page[-1]), cursor_of(page[0]) if len(found) > size else None)
    newer = None
    if start := _parse(before, images):
        at, row = start
        images = images.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=row))
        newer = before
    found = list(images.order_by("-created_at", "-id")[: size + 1])
    page = found[:size]
    if newer and page:
        newer = cursor_of(page[0])
    return Page(page, cursor_of(page[-1]) if len(found) > size else None, newer)
