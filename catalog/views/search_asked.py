"""What the search page's address asks for, and what in it cannot be understood."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_date

from catalog.attributes import filtering
from catalog.choices import Status
from catalog.models import Category, Image
from catalog.search import Filters, Query
from catalog.views.params import text

TEXT_LIMIT = 300
EVEN = 50  # percent of the picture in a blend


@dataclass
class Asked:
    """A search as the address has it. `problems` are sentences for whoever typed it."""

    query: Query
    fields: dict[str, str]  # to fill the form, and to make addresses of
    problems: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.query.text or self.query.like or self.query.picture)

    @property
    def is_blend(self) -> bool:
        return bool(self.query.text and (self.query.like or self.query.picture))

    @property
    def filters(self) -> dict[str, str]:
        return {name: self.fields[name] for name in FILTERS if name in self.fields}

    def address(self, *without: str, **other: str) -> str:
        """The query string of this search with some fields left out and others put in."""
        kept = {name: value for name, value in self.fields.items() if name not in without}
        return urlencode(kept | other)

    def by_attribute(self, written: str) -> str:
        """The address with another filter of attributes, as `filtering.written` has it."""
        return self.address("attribute", **({"attribute": written} if written else {}))

    @property
    def without_picture(self) -> str:
        return self.address("like", "picture", "weight")

    @property
    def without_filters(self) -> str:
        return self.address(*FILTERS)


FILTERS = ("status", "storefront", "category", "attribute", "since", "until")


def read(params: QueryDict) -> Asked:
    """Reads an address. What is wrong in it is left out of the search, and named."""
    problems: list[str] = []
    fields: dict[str, str] = {}
    words = text(params, "q", limit=TEXT_LIMIT)
    like = _photo(params, problems)
    picture = text(params, "picture") if not like else ""
    weight = _weight(params)
    fields |= {"q": words} if words else {}
    fields |= {"like": str(like.pk)} if like else {}
    fields |= {"picture": picture} if picture else {}
    if words and (like or picture) and weight != EVEN:
        fields["weight"] = str(weight)
    status = params.get("status", "")
    status = status if status in Status.values else ""
    storefront = text(params, "storefront")
    named = text(params, "category", limit=1000)
    category = _category(named, problems)
    since, until = (_date(params, name, problems) for name in ("since", "until"))
    attributes, unknown = filtering.parse(text(params, "attribute", limit=2000))
    problems += [f"No attribute is called “{each}”, so it was left out." for each in unknown]
    chosen = {"status": status, "storefront": storefront, "category": named}
    chosen["attribute"] = filtering.written(attributes)
    chosen |= {
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
    }
    fields |= {name: value for name, value in chosen.items() if value}
    query = Query(
        text=words,
        like=like,
        picture=picture,
        weight=weight / 100,
        filters=Filters(
            status=status,
            storefront=storefront,
            category=category,
            attributes=attributes,
            since=_midnight(since),
            until=_midnight(until + timedelta(days=1)) if until else None,
        ),
    )
    return Asked(query, fields, problems)


def category_named(name: str) -> Category | None:
    """A category by its path or its name, of the active taxonomy rather than another."""
    found = Category.objects.filter(is_retired=False).order_by(
        "-taxonomy__is_active", "taxonomy", "position"
    )
    return found.filter(path__iexact=name).first() or found.filter(name__iexact=name).first()


def _photo(params: QueryDict, problems: list[str]) -> Image | None:
    key = text(params, "like")
    if not key:
        return None
    try:
        image = Image.objects.filter(pk=UUID(key)).first()
    except ValueError:
        image = None
    if image is None:
        problems.append("The photo to search by is not here (any more). Choose another one.")
    return image


def _weight(params: QueryDict) -> int:
    try:
        return max(0, min(100, int(params.get("weight", EVEN))))
    except ValueError:
        return EVEN


def _category(name: str, problems: list[str]) -> Category | None:
    if not name:
        return None
    category = category_named(name)
    if category is None:
        problems.append(f"No category is called “{name}”, so it was left out of the search.")
    return category


def _date(params: QueryDict, name: str, problems: list[str]) -> date | None:
    said = text(params, name)
    if not said:
        return None
    try:
        found = parse_date(said)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 3000:
        problems.append(f"“{said}” is no date. Write it as 2026-03-02.")
        return None
    return found


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None
