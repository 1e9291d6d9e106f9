"""Photos by their attributes: filters, and how many photos each value would leave.

A filter is written `colour:red,colour:blue,pattern:striped`: values of one attribute are
alternatives, and every attribute that is named has to apply.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet

from catalog.models import Attribute, AttributeValue, Encoder, Image, ImageAttribute
from catalog.models.image import ImageQuerySet

Values = tuple[AttributeValue, ...]
MOST = 24  # values in one filter


Address = Callable[[str], str]  # of a written filter


@dataclass(frozen=True)
class Option:
    """A value one could filter by, or no more, and the address then; `count` is how many photos
    have it, None where they were not counted."""

    value: AttributeValue
    count: int | None
    is_chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """An attribute and its values."""

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


def facets(chosen: Values, address: Address) -> list[Facet]:
    """Every attribute in use with its values, not counted."""
    return [_facet(attribute, None, chosen, address) for attribute in _in_use()]


def counted(
    attribute: Attribute,
    images: ImageQuerySet,
    chosen: Values,
    encoder: Encoder | None,
    address: Address,
) -> Facet:
    """An attribute with how many of `images`, which no attribute has narrowed yet, have each value.

    The values chosen of this attribute do not narrow what is counted: they are alternatives. Those
    of the others do.
    """
    others = tuple(value for value in chosen if value.attribute_id != attribute.pk)
    narrow = narrowed(images, others, encoder)
    # Keys, not a join: the planner would loop over photos, six times as slow with 100,000 of them.
    keys = [value.pk for value in attribute.values.all()]
    rows = ImageAttribute.objects.filter(encoder=encoder, value__in=keys)
    if narrow.query.where:
        rows = rows.filter(image__in=narrow.order_by().values("pk"))
    counts = dict(rows.order_by().values_list("value").annotate(photos=Count("pk")))
    return _facet(attribute, counts, chosen, address)


def in_use(slug: str) -> Attribute | None:
    """The attribute of this slug, with its values, if it is switched on."""
    return _in_use().filter(slug=slug).first()


def _in_use() -> QuerySet[Attribute]:
    values = AttributeValue.objects.filter(is_contrast=False).order_by("position")
    return Attribute.objects.filter(is_active=True).prefetch_related(Prefetch("values", values))


def _facet(
    attribute: Attribute, counts: dict[int, int] | None, chosen: Values, address: Address
) -> Facet:
    keys = {value.pk for value in chosen}
    options = []
    for value in attribute.values.all():
        count = None if counts is None else counts.get(value.pk, 0)
        is_chosen = value.pk in keys
        if not is_chosen and (count == 0 or (count is None and value.is_retired)):
            continue
        rest = [each for each in chosen if each.pk != value.pk]
        then = rest if is_chosen else [*rest, value]
        options.append(Option(value, count, is_chosen, address(written(then))))
    return Facet(attribute, options)


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
