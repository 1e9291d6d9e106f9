"""What the grid of photos is asked for, what it could be asked for instead, and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.http import QueryDict

from catalog.attributes import filtering
from catalog.choices import Status
from catalog.models import Attribute, Category, Encoder, Image, ImportItem, Storefront, Tag
from catalog.models.image import ImageQuerySet
from catalog.search import at_or_below
from catalog.tag_changes import PROCESSED
from catalog.views.paging import PAGE_SIZE, Page, page_of
from catalog.views.params import text
from catalog.views.search_asked import category_named

FACETS = 14  # categories named with their counts
LEAST_SURE = "least-sure"


@dataclass
class Asked:
    """The filters of an address that were understood, and the category that one of them names."""

    encoder: Encoder | None
    chosen: dict[str, str] = field(default_factory=dict)
    category: Category | None = None
    attributes: filtering.Values = ()
    problem: str = ""

    @property
    def is_least_sure_first(self) -> bool:
        return self.chosen.get("order") == LEAST_SURE

    def address(self, *without: str, **other: str) -> str:
        """The query string with some filters left out and others put in."""
        kept = {name: value for name, value in self.chosen.items() if name not in without}
        return urlencode(kept | other)

    def toggled(self, name: str, value: str) -> str:
        """The query string with a filter set that is not, or left out if it is."""
        return self.address(name) if name in self.chosen else self.address(**{name: value})

    def by_attribute(self, written: str) -> str:
        """The query string with another filter of attributes."""
        return self.address("attribute", **({"attribute": written} if written else {}))

    def photos(self, *without: str) -> ImageQuerySet:
        """The photos asked for, as if some of the filters had not been set. Sandboxes are shown to
        those who ask for one."""
        asked = {name: value for name, value in self.chosen.items() if name not in without}
        images = Image.objects.all()
        if "storefront" in asked:
            images = images.filter(storefront__slug=asked["storefront"])
        else:
            images = images.filter(storefront__sandbox_of__isnull=True)
        if "status" in asked:
            images = images.filter(status=asked["status"])
        if "import" in asked:
            items = ImportItem.objects.filter(job_id=int(asked["import"]), image=OuterRef("pk"))
            images = images.filter(Exists(items))
        if "q" in asked:
            words = asked["q"]
            images = images.filter(Q(filename__icontains=words) | Q(product__sku__icontains=words))
        if "category" in asked and self.category:
            first = self.first_tags().filter(
                image=OuterRef("pk"), category__in=at_or_below(self.category)
            )
            images = images.filter(Exists(first))
        if "attribute" in asked:
            images = filtering.narrowed(images, self.attributes, self.encoder)
        if "unconfirmed" in asked:
            sure = Tag.objects.filter(image=OuterRef("pk"), is_confirmed=True)
            images = images.filter(~Exists(sure.filter(encoder=self.encoder)), status__in=PROCESSED)
        return images

    def first_tags(self) -> Any:
        return Tag.objects.filter(encoder=self.encoder, rank=1)


def read(params: QueryDict) -> Asked:
    asked = Asked(Encoder.objects.filter(is_active=True).first())
    chosen = asked.chosen
    if (status := params.get("status", "")) in Status.values:
        chosen["status"] = status
    if storefront := text(params, "storefront"):
        chosen["storefront"] = storefront
    job = text(params, "import")
    if job.isascii() and job.isdigit() and len(job) < 19:
        chosen["import"] = job
    if words := text(params, "q"):
        chosen["q"] = words
    if named := text(params, "category", limit=1000):
        asked.category = category_named(named)
        if asked.category:
            chosen["category"] = asked.category.path
        else:
            asked.problem = f"No category is called “{named}”, so photos of every one are shown."
    asked.attributes, unknown = filtering.parse(text(params, "attribute", limit=2000))
    if asked.attributes:
        chosen["attribute"] = filtering.written(asked.attributes)
    if unknown:
        asked.problem += f" No attribute is called “{unknown[0]}”, so it was left out."
    if params.get("unconfirmed"):
        chosen["unconfirmed"] = "1"
    if params.get("order") == LEAST_SURE:
        chosen["order"] = LEAST_SURE
    return asked


def page(asked: Asked, *, before: str, after: str) -> Page[Image]:
    """One page: the newest first, or those whose first tag is the least sure, as long as nobody
    confirmed it."""
    if not asked.is_least_sure_first:
        return page_of(with_tags(asked.photos()), before=before, after=after)
    tags = asked.first_tags().filter(is_confirmed=False, image__in=asked.photos())
    start, backwards = _place(after), True
    if start is None:
        start, backwards = _place(before), False
    if start:
        score, key = start
        beyond = Q(score__lt=score) if backwards else Q(score__gt=score)
        tie = Q(image_id__lt=key) if backwards else Q(image_id__gt=key)
        tags = tags.filter(beyond | Q(score=score) & tie)
    order = ("-score", "-image_id") if backwards and start else ("score", "image_id")
    found = list(tags.order_by(*order).values_list("score", "image_id")[: PAGE_SIZE + 1])
    rows, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    if backwards and start:
        rows = rows[::-1]
        if not rows:
            return page(asked, before="", after="")
    images = with_tags(Image.objects.all()).in_bulk([key for _, key in rows])
    has_older, has_newer = (True, more) if backwards and start else (more, start is not None)
    return Page(
        [images[key] for _, key in rows if key in images],
        f"{rows[-1][0]!r}~{rows[-1][1]}" if rows and has_older else None,
        f"{rows[0][0]!r}~{rows[0][1]}" if rows and has_newer else None,
    )


def _place(cursor: str) -> tuple[float, UUID] | None:
    score, _, key = cursor.partition("~")
    try:
        return float(score), UUID(key)
    except ValueError:
        return None


def with_tags(images: ImageQuerySet) -> ImageQuerySet:
    """With what a card shows; `best_tags` are the active encoder's first."""
    best_first = Tag.objects.select_related("category", "encoder").order_by(
        "-encoder__is_active", "rank"
    )
    return images.select_related("storefront", "product").prefetch_related(
        Prefetch("tags", queryset=best_first, to_attr="best_tags")
    )


@dataclass(frozen=True)
class Facet:
    """A value one could filter by: how many photos that would show, and under which address."""

    value: str
    label: str
    count: int
    address: str
    is_chosen: bool
    hint: str = ""


def statuses(asked: Asked) -> list[Facet]:
    counted = _counts(asked.photos("status"), "status")
    chosen = asked.chosen.get("status", "")
    rows = [("", "All", sum(counted.values()))]
    rows += [(value, str(label), counted.get(value, 0)) for value, label in Status.choices]
    return [
        Facet(
            value,
            label,
            count,
            asked.address("status", **({"status": value} if value else {})),
            value == chosen,
        )
        for value, label, count in rows
    ]


def storefronts(asked: Asked) -> list[tuple[Storefront, int]]:
    """Every storefront with its photos; a sandbox only if it is the one asked for."""
    chosen = asked.chosen.get("storefront", "")
    shops = Storefront.objects.filter(Q(sandbox_of__isnull=True) | Q(slug=chosen))
    counted = _counts(asked.photos("storefront"), "storefront")
    if chosen:
        counted |= _counts(asked.photos(), "storefront")
    return [(shop, counted.get(shop.pk, 0)) for shop in shops]


def categories(asked: Asked) -> Sequence[Facet]:
    """First tags of these photos, the most frequent first; within a category that is chosen."""
    tags = asked.first_tags().filter(image__in=asked.photos())
    counted = tags.values("category__path", "category__name").annotate(count=Count("pk"))
    return [
        Facet(
            row["category__path"],
            row["category__name"],
            row["count"],
            asked.address("category", category=row["category__path"]),
            asked.chosen.get("category") == row["category__path"],
            row["category__path"],
        )
        for row in counted.order_by("-count", "category__path")[:FACETS]
    ]


def attribute_counts(asked: Asked, attribute: Attribute) -> filtering.Facet:
    """How many of these photos have each value, with the address of that filter."""
    images = asked.photos("attribute")
    return filtering.counted(attribute, images, asked.attributes, asked.encoder, asked.by_attribute)


def _counts(images: ImageQuerySet, name: str) -> dict[Any, int]:
    return dict(images.order_by().values_list(name).annotate(count=Count("pk")))
