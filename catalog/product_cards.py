"""What is shown of products: their photos in order, a cover, statuses, and what they are of."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from catalog import alt_texts
from catalog.alt_texts import Shown
from catalog.choices import Status
from catalog.models import Category, Encoder, Image, Product, Tag


@dataclass(frozen=True)
class Filters:
    """What products must be like. Empty fields ask for nothing."""

    storefront: str = ""  # slug
    words: str = ""  # in the SKU or the title
    categories: Sequence[int] = ()  # a photo is tagged with one of these
    without_photos: bool = False
    without_live: bool = False
    live_shops: bool = False  # sandboxes are left out unless one is asked for

    def of(self, products: QuerySet[Product]) -> QuerySet[Product]:
        photos = Image.objects.filter(product=OuterRef("pk"))
        if self.storefront:
            products = products.filter(storefront__slug=self.storefront)
        elif self.live_shops:
            products = products.filter(storefront__sandbox_of__isnull=True)
        else:
            products = products.filter(storefront__sandbox_of__isnull=True)
        if self.words:
            words = Q(sku__icontains=self.words) | Q(title__icontains=self.words)
            products = products.filter(words)
        if self.categories:
            tags = Tag.objects.filter(
                image__product=OuterRef("pk"),
                encoder__is_active=True,
                category_id__in=self.categories,
            )
            products = products.filter(Exists(tags))
        if self.without_photos:
            products = products.filter(~Exists(photos))
        if self.without_live:
            products = products.filter(~Exists(photos.filter(status=Status.LIVE)))
        return products


@dataclass(frozen=True)
class Card:
    """A product in a grid. `statuses` counts its photos, those that occur, the worst first."""

    product: Product
    cover: Image | None
    cover_text: str
    photos: int
    statuses: list[tuple[str, str, int]]
    category: Category | None


ORDER = (Status.REMOVED, Status.HELD, Status.FAILED, Status.PENDING, Status.LIVE)


def cards(products: Sequence[Product]) -> list[Card]:
    """These products as cards, in six queries however many they are."""
    keys = [product.pk for product in products]
    photos: dict[int, list[Image]] = defaultdict(list)
    own = Image.objects.filter(product__in=keys).in_order()
    for image in own.only("product_id", "status", "position", "created_at"):
        photos[image.product_id or 0].append(image)
    covers = {product.pk: cover_of(product, photos[product.pk]) for product in products}
    shown = alt_texts.readable(
        Image.objects.filter(pk__in=[cover.pk for cover in covers.values() if cover])
    ).in_bulk()
    mains = _main_categories(keys)
    made = []
    for product in products:
        known = covers[product.pk]
        cover = shown.get(known.pk) if known else None
        made.append(
            Card(
                product=product,
                cover=cover,
                cover_text=alt_texts.shown(cover).text if cover else "",
                photos=len(photos[product.pk]),
                statuses=by_status(photos[product.pk]),
                category=mains.get(product.pk),
            )
        )
    return made


def cover_of(product: Product, photos: Sequence[Image]) -> Image | None:
    """The photo that stands for it: the one chosen, else the first live one, else the first."""
    chosen = next((photo for photo in photos if photo.pk == product.cover_id), None)
    live = (photo for photo in photos if photo.status == Status.LIVE)
    return chosen or next(live, None) or next(iter(photos), None)


def by_status(photos: Sequence[Image]) -> list[tuple[str, str, int]]:
    """Status, its label and how many photos have it."""
    counts = Counter(photo.status for photo in photos)
    return [(each.value, str(each.label), counts[each]) for each in ORDER if counts[each]]


def _main_categories(products: Sequence[int]) -> dict[int, Category]:
    """The category whose scores add up to the most over a product's photos."""
    best: dict[int, tuple[float, int]] = {}
    rows = (
        Tag.objects.filter(image__product__in=products, encoder__is_active=True)
        .values_list("image__product", "category")
        .annotate(total=Sum("score"))
        .order_by("category")
    )
    for product, category, total in rows:
        if total > best.get(product, (0.0, 0))[0]:
            best[product] = (total, category)
    known = Category.objects.in_bulk([category for _, category in best.values()])
    return {product: known[category] for product, (_, category) in best.items()}


@dataclass(frozen=True)
class Summed:
    """One category over a product's photos: how many have it, and how sure it is of them."""

    category: Category
    photos: int
    share: float  # of the photos that were tagged at all
    total: float
    best: float
    is_confirmed: bool


def tags_of(product: Product) -> list[Summed]:
    """A product's tags by the active encoder, those of most photos first."""
    encoder = Encoder.objects.filter(is_active=True).first()
    tags = Tag.objects.filter(image__product=product, encoder=encoder)
    tagged = tags.aggregate(photos=Count("image", distinct=True))["photos"]
    rows = list(
        tags.values("category")
        .annotate(
            photos=Count("image", distinct=True),
            total=Sum("score"),
            best=Max("score"),
            confirmed=Count("pk", filter=Q(is_confirmed=True)),
        )
        .order_by("-total", "category")
    )
    known = Category.objects.in_bulk([row["category"] for row in rows])
    return [
        Summed(
            category=known[row["category"]],
            photos=row["photos"],
            share=row["photos"] / tagged,
            total=row["total"],
            best=row["best"],
            is_confirmed=row["confirmed"] > 0,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Placed:
    """One photo on its product's page."""

    image: Image
    place: int  # from 1
    is_cover: bool
    is_first: bool
    is_last: bool
    alt: Shown = field(repr=False)


def placed(product: Product) -> list[Placed]:
    """All photos of a product, in order."""
    photos = list(alt_texts.readable(Image.objects.filter(product=product)).in_order())
    cover = cover_of(product, photos)
    return [
        Placed(
            image=image,
            place=number,
            is_cover=image == cover,
            is_first=number == 1,
            is_last=number == len(photos),
            alt=alt_texts.shown(image),
        )
        for number, image in enumerate(photos, start=1)
    ]
