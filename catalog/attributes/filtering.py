"""Photos by their attributes: filters, and how many photos each value would leave.

A filter is written `colour:red,colour:blue,pattern:striped`: values of one attribute are
alternatives, and every attribute that is named has to apply.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, Exists, OuterRef, Prefetch

from catalog.models import Attribute, AttributeValue, Encoder, Image, ImageAttribute
from catalog.models.image import ImageQuerySet

Values = tuple[AttributeValue, ...]
MOST = 24  # values in one filter


@dataclass(frozen=True)
class Option:
    """A value one could filter by, or no more: how many photos have it, and the address then."""

    value: AttributeValue
    count: int
    is_chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """An attribute and its values that photos have."""

    attribute: Attribute
    options: list[Option]

    @property
    def chosen(self) -> list[Option]:
        return [option for option in self.options if option.is_chosen]


def parse(written: str) -> tuple[Values, list[str]]:
    """The values a filter names, and what in it cannot be understood."""
    found: dict[int, AttributeValue] = {}
    unknown: list[str] = []
    named = dict.fromkeys(part.strip() for part in written.split(",") if part.strip())
    known = {
        said_of(value): value
        for value in AttributeValue.objects.filter(
            slug__in=[part.partition(":")[2] for part in named],
            attribute__is_active=True,
            is_contrast=False,
        ).select_related("attribute")
    }
    for part in named:
        if (value := known.get(part)) and len(found) < MOST:
            found[value.pk] = value
        else:
            unknown.append(part)
    return tuple(found.values()), unknown


def said_of(value: AttributeValue) -> str:
    """`colour:red`"""
    return f"{value.attribute.slug}:{value.slug}"


def written(values: Iterable[AttributeValue]) -> str:
    """What `parse` reads."""
    return ",".join(said_of(value) for value in values)


def narrowed(images: ImageQuerySet, values: Values, encoder: Encoder | None) -> ImageQuerySet:
    """Those of `images` that have the values, by this encoder's rows."""
    ordered = sorted(values, key=lambda value: value.attribute_id)
    for _, same in groupby(ordered, key=lambda value: value.attribute_id):
        having = ImageAttribute.objects.filter(
            image=OuterRef("pk"), encoder=encoder, value__in=[value.pk for value in same]
        )
        images = images.filter(Exists(having))
    return images


def facets(
    images: ImageQuerySet,
    chosen: Values,
    encoder: Encoder | None,
    address: Callable[[str], str],
) -> list[Facet]:
    """Every attribute in use, with counts among `images`, which no attribute has narrowed yet.

    An attribute's own values do not narrow what is counted for it: they are alternatives.
    `address` makes an address of a written filter.
    """
    attributes = list(
        Attribute.objects.filter(is_active=True).prefetch_related(
            Prefetch("values", AttributeValue.objects.filter(is_contrast=False))
        )
    )
    asked = {value.attribute_id for value in chosen}
    counts = _counts(
        narrowed(images, chosen, encoder), encoder, [a for a in attributes if a.pk not in asked]
    )
    for attribute in attributes:
        if attribute.pk in asked:
            others = tuple(value for value in chosen if value.attribute_id != attribute.pk)
            counts |= _counts(narrowed(images, others, encoder), encoder, [attribute])
    made = [_facet(attribute, counts, chosen, address) for attribute in attributes]
    return [facet for facet in made if facet.options]


def _facet(
    attribute: Attribute, counts: dict[int, int], chosen: Values, address: Callable[[str], str]
) -> Facet:
    keys = {value.pk for value in chosen}
    options = []
    for value in attribute.values.all():
        if value.pk not in keys and not counts.get(value.pk):
            continue
        if value.pk in keys:
            then = [each for each in chosen if each.pk != value.pk]
        else:
            then = [*chosen, value]
        options.append(
            Option(value, counts.get(value.pk, 0), value.pk in keys, address(written(then)))
        )
    return Facet(attribute, options)


def _counts(
    images: ImageQuerySet, encoder: Encoder | None, attributes: Sequence[Attribute]
) -> dict[int, int]:
    rows = ImageAttribute.objects.filter(encoder=encoder, value__attribute__in=attributes)
    if images.query.where:
        rows = rows.filter(image__in=images.order_by().values("pk"))
    return dict(rows.order_by().values_list("value").annotate(photos=Count("pk")))


def shown_of(image: Image, encoder: Encoder | None) -> list[ImageAttribute]:
    """What is shown of a photo: what it has of attributes in use in one encoder, or, with none
    given, in the active one or else the last one that saw it."""
    rows = ImageAttribute.objects.filter(image=image, value__attribute__is_active=True)
    rows = rows.select_related("value__attribute", "encoder")
    if encoder:
        return list(rows.filter(encoder=encoder))
    found = list(rows)
    newest = max(
        (row.encoder for row in found), key=lambda e: (e.is_active, e.created_at), default=None
    )
    return [row for row in found if row.encoder == newest]
