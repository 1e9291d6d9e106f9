"""Searching the catalog by looking: for a text, a photo, a picture, or a blend of them.

Vectors of different encoders are never compared: everything here is about the active encoder's.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import Exists, F, OuterRef
from pgvector import HalfVector
from pgvector.django import MaxInnerProduct

from catalog import nearest, query_vectors
from catalog.attributes.filtering import narrowed
from catalog.models import (
    AttributeValue,
    Category,
    CategoryVector,
    Embedding,
    Encoder,
    Image,
    Tag,
    Taxonomy,
)
from catalog.models.image import ImageQuerySet
from catalog.nearest import Hit
from catalog.places import Place

EVEN = 0.5  # weight of the picture in a blend


class NothingAsked(ValueError):
    """A search needs a text, a photo or a picture."""


class NotEmbedded(LookupError):
    """The photo has no vector of the active encoder (yet)."""


@dataclass(frozen=True)
class Filters:
    """What photos must be like. Empty fields ask for nothing; dates are of the upload."""

    status: str = ""
    storefront: str = ""  # slug
    category: Category | None = None  # or below it
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive
    attributes: tuple[AttributeValue, ...] = ()  # see `catalog.attributes.filtering`

    def of(self, images: ImageQuerySet, encoder: Encoder) -> ImageQuerySet:
        """Those of `images` that pass. A photo is in a category by this encoder's tags."""
        if self.status:
            images = images.filter(status=self.status)
        if self.storefront:
            images = images.filter(storefront__slug=self.storefront)
        if self.since:
            images = images.filter(created_at__gte=self.since)
        if self.until:
            images = images.filter(created_at__lt=self.until)
        if self.category:
            tags = Tag.objects.filter(
                image=OuterRef("pk"), encoder=encoder, category_id__in=at_or_below(self.category)
            )
            images = images.filter(Exists(tags))
        return narrowed(images, self.attributes, encoder)


@dataclass(frozen=True)
class Query:
    """What to search for. `weight` is the picture's part where there is a text as well."""

    text: str = ""
    like: Image | None = None
    picture: str = ""  # digest, from `query_vectors.look_at`
    weight: float = EVEN
    filters: Filters = field(default_factory=Filters)

    def vector(self, encoder: Encoder) -> np.ndarray:
        """The unit vector (dimension,) that is searched for.

        Raises `NothingAsked`, `NotEmbedded`, `PictureForgotten` and `SearchUnavailable`.
        """
        seen: np.ndarray | None = None
        if self.like:
            seen = vector_of(self.like, encoder)
        elif self.picture:
            seen = query_vectors.of_picture(self.picture, encoder=encoder)
        if seen is not None and (not self.text or self.weight == 1):
            return seen
        if not self.text:
            raise NothingAsked("Type a text, or give a photo to search by.")
        text = query_vectors.of_text(self.text, encoder=encoder)
        return text if seen is None else query_vectors.blend(text, seen, self.weight)

    @property
    def has_words(self) -> bool:
        """True if the vector is a text's, at least in part."""
        alone = not self.like and not self.picture
        return bool(self.text) and (alone or self.weight < 1)

    def fingerprint(self, encoder: Encoder) -> bytes:
        """Eight bytes that tell this search from others, so that cursors are not mixed up."""
        filters, like = self.filters, self.like
        said = (
            *(encoder.pk, self.text, like and str(like.pk), self.picture, self.weight),
            *(filters.status, filters.storefront, filters.category and filters.category.pk),
            *(str(filters.since), str(filters.until)),
            *sorted(value.pk for value in filters.attributes),
        )
        return hashlib.sha256(json.dumps(said).encode()).digest()[:8]


@dataclass(frozen=True)
class Results:
    """One page of hits, best first; `cursor` fetches the next, empty on the last."""

    hits: Sequence[Hit]
    cursor: str
    encoder: Encoder
    vector: np.ndarray


def search(
    query: Query, *, among: ImageQuerySet, limit: int, cursor: str = "", per_product: bool = False
) -> Results:
    """One page of the photos `among` these that match the query, nearest first.

    What pages guarantee while photos come and go is said at `nearest.nearest`. The photo that is
    searched by is left out. With `per_product` the best photo of each product is found, other than
    the searched photo's own product; that is one page without a next.

    Raises what `Query.vector` raises, and `PlaceLost` for a cursor of another search.
    """
    encoder = query_vectors.active_encoder()
    print_of_search = query.fingerprint(encoder)
    after = Place.decode(cursor, print_of_search) if cursor else None
    vector = query.vector(encoder)
    images = query.filters.of(among, encoder)
    if query.like:
        images = images.exclude(pk=query.like.pk)
    if per_product:
        own = query.like.product_id if query.like else None
        hits = _per_product(vector, encoder, images, own, limit, query.has_words)
        return Results(hits, "", encoder, vector)
    page = nearest.nearest(
        vector,
        encoder=encoder,
        among=images,
        limit=limit,
        words=query.has_words,
        after=after,
    )
    return Results(
        page.hits, page.after.encode(print_of_search) if page.after else "", encoder, vector
    )


def vector_of(image: Image, encoder: Encoder) -> np.ndarray:
    """A photo's unit vector (dimension,). Raises `NotEmbedded`."""
    try:
        row = Embedding.objects.get(image=image, encoder=encoder)
    except Embedding.DoesNotExist as error:
        raise NotEmbedded("The active encoder has not seen this photo yet.") from error
    return np.asarray(row.vector, dtype=np.float32)


def nearest_categories(
    vector: np.ndarray, *, encoder: Encoder, taxonomy: Taxonomy | None, limit: int
) -> list[tuple[Category, float]]:
    """The categories whose text is nearest to a vector, with their cosines, best first; all of
    the taxonomy are compared, by default of the active one."""
    among = (
        CategoryVector.objects.filter(encoder=encoder, category__is_retired=False)
        .annotate(distance=MaxInnerProduct("vector", HalfVector(vector)))
        .select_related("category")
        .defer("vector")
        .order_by("distance", "category_id")
    )
    if taxonomy:
        among = among.filter(category__taxonomy=taxonomy)
    else:
        among = among.filter(category__taxonomy__is_active=True)
    return [(row.category, -row.distance) for row in among[:limit]]


def at_or_below(category: Category) -> list[int]:
    """Keys of a category and everything under it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE below(id) AS (SELECT %s::bigint UNION SELECT child.id "
            "FROM catalog_category child JOIN below ON child.parent_id = below.id) "
            "SELECT id FROM below",
            [category.pk],
        )
        return [key for (key,) in cursor.fetchall()]


def _per_product(
    vector: np.ndarray,
    encoder: Encoder,
    among: ImageQuerySet,
    own: int | None,
    limit: int,
    words: bool,
) -> list[Hit]:
    """The best photo of each product: as many photos as it takes, four times more each time."""
    among = among.filter(product__isnull=False)
    if own is not None:
        among = among.exclude(product_id=own)
    wanted = 4 * limit
    while True:
        page = nearest.nearest(vector, encoder=encoder, among=among, limit=wanted, words=words)
        products = dict(
            Image.objects.filter(pk__in=[hit.image_id for hit in page.hits]).values_list(
                "pk", F("product_id")
            )
        )
        best: dict[int, Hit] = {}
        for hit in page.hits:
            if product := products.get(hit.image_id):  # erased meanwhile: of none
                best.setdefault(product, hit)
        if len(best) >= limit or page.after is None:
            return list(best.values())[:limit]
        wanted *= 4
