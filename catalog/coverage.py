"""What staff have confirmed of a taxonomy, and where a further photo would teach the most."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from catalog.models import Category, Encoder, Tag, TagVerdict, Taxonomy

FEW = 8  # confirmed photos a category learns well from: docs/tagging.md


@dataclass(frozen=True)
class Taught:
    """A category: photos confirmed to show it, and photos whose first tag it is now."""

    category: Category
    confirmed: int
    tagged: int


@dataclass(frozen=True)
class Coverage:
    """Categories that somebody confirmed, or that photos are tagged with; the most photos first."""

    rows: Sequence[Taught]
    photos: int  # confirmed, each once

    @property
    def confirmed(self) -> list[Taught]:
        return sorted((row for row in self.rows if row.confirmed), key=lambda r: -r.confirmed)

    @property
    def without(self) -> list[Taught]:
        """Photos are tagged with them, and nobody has confirmed one."""
        return [row for row in self.rows if not row.confirmed]

    @property
    def with_one(self) -> list[Taught]:
        return [row for row in self.rows if row.confirmed == 1]

    @property
    def with_few(self) -> list[Taught]:
        return [row for row in self.rows if 1 < row.confirmed < FEW]


def coverage(*, taxonomy: Taxonomy, encoder: Encoder | None) -> Coverage:
    """Counted anew from what stands now."""
    standing = TagVerdict.objects.filter(category__taxonomy=taxonomy).standing()
    accepted = standing.filter(accepted=True)
    confirmed = _counted(accepted.values_list("category"), "image")
    first = Tag.objects.filter(encoder=encoder, rank=1, category__taxonomy=taxonomy)
    tagged = _counted(first.values_list("category"), "pk")
    known = taxonomy.categories.filter(is_retired=False).in_bulk({*confirmed, *tagged})
    rows = [
        Taught(category, confirmed.get(key, 0), tagged.get(key, 0))
        for key, category in known.items()
    ]
    rows.sort(key=lambda row: (-row.tagged, row.category.position))
    return Coverage(rows, accepted.values("image").distinct().count())


def _counted(rows: object, what: str) -> dict[int, int]:
    return dict(rows.order_by().annotate(count=Count(what)))  # type: ignore[attr-defined]
