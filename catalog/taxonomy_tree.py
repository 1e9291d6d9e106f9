"""Reading a taxonomy as a tree for people: a level at a time, down to a category, by words."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Length

from catalog.models import Category, Storefront, StorefrontPrune, Taxonomy

FOUND = 60  # categories that a search shows


@dataclass
class Branch:
    """A category on the page; `below` is filled where the tree is shown open."""

    category: Category
    children: int
    is_pruned: bool = False  # by itself
    is_out: bool = False  # by itself or by one above
    is_here: bool = False  # the one the page is about
    below: list["Branch"] = field(default_factory=list)


def line_of(category: Category) -> list[Category]:
    """The category and all above it, the root first."""
    line = [category]
    while line[-1].parent_id:
        line.append(Category.objects.get(pk=line[-1].parent_id))
    return line[::-1]


def pruned_by(storefront: Storefront | None, taxonomy: Taxonomy) -> frozenset[int]:
    """Keys of the categories that a storefront leaves out by name."""
    prunes = StorefrontPrune.objects.filter(storefront=storefront, category__taxonomy=taxonomy)
    return frozenset(prunes.values_list("category_id", flat=True)) if storefront else frozenset()


def level(
    *, taxonomy: Taxonomy, parent: Category | None = None, pruned: Collection[int] = ()
) -> list[Branch]:
    """The categories right below `parent`, or the roots."""
    above_is_out = parent is not None and any(each.pk in pruned for each in line_of(parent))
    return _level(taxonomy, parent, pruned, above_is_out)


def _level(
    taxonomy: Taxonomy, parent: Category | None, pruned: Collection[int], out: bool
) -> list[Branch]:
    rows = Category.objects.filter(taxonomy=taxonomy, parent=parent, is_retired=False).annotate(
        child_count=Count("children", filter=Q(children__is_retired=False))
    )
    return [
        Branch(
            category=row,
            children=row.child_count,
            is_pruned=row.pk in pruned,
            is_out=out or row.pk in pruned,
        )
        for row in rows.order_by("position")
    ]


def open_to(
    *, taxonomy: Taxonomy, category: Category | None, pruned: Collection[int] = ()
) -> list[Branch]:
    """The roots, open along the way to `category`, which is marked and open itself."""
    roots = _level(taxonomy, None, pruned, False)
    here = roots
    for step in line_of(category) if category else ():
        branch = next((each for each in here if each.category.pk == step.pk), None)
        if branch is None:  # retired: the tree shows where it was
            break
        branch.is_here = category is not None and step.pk == category.pk
        branch.below = here = _level(taxonomy, step, pruned, branch.is_out)
    return roots


def branch_of(*, category: Category, pruned: Collection[int] = ()) -> Branch:
    """One category as it stands in the tree, closed."""
    siblings = level(taxonomy=category.taxonomy, parent=category.parent, pruned=pruned)
    return next(each for each in siblings if each.category.pk == category.pk)


def search(*, taxonomy: Taxonomy, words: str) -> QuerySet[Category]:
    """Categories whose path or synonyms contain every word; those named so come first."""
    found = Category.objects.filter(taxonomy=taxonomy, is_retired=False)
    for word in words.split()[:8]:
        found = found.filter(Q(path__icontains=word) | Q(synonyms__icontains=word))
    rank = Case(
        When(name__iexact=words, then=Value(0)),
        When(name__istartswith=words, then=Value(1)),
        When(name__icontains=words, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return found.order_by(rank, Length("path"), F("position"))
