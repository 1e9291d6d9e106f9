"""Products that look like another: a product is the mean of its live photos' vectors.

That ranked better than matching the best photos of two products (docs/benchmarks.md). The means are
not stored: the photos nearest to a product's mean lead to the products whose means can be near.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from catalog import nearest
from catalog.choices import Status
from catalog.models import Embedding, Encoder, Image, Product
from catalog.models.image import ImageQuerySet
from catalog.search import NotEmbedded

# Photos whose products are compared. With 400 the ten best by means are found to 999 in 1,000.
CANDIDATES = 400


@dataclass(frozen=True)
class Similar:
    """A product, the cosine between the two means, and its photo nearest to the other's mean."""

    product_id: int
    score: float
    image_id: UUID


def similar(product: Product, *, encoder: Encoder, limit: int) -> list[Similar]:
    """The products of the same storefront that look most like this one, best first.

    Only live photos count, on either side. Raises `NotEmbedded` if this product has none.
    """
    own = _means([product.pk], encoder).get(product.pk)
    if own is None:
        raise NotEmbedded("None of the product's photos is live, so there is nothing to compare.")
    among = live_photos(product).exclude(product=product)
    wanted = max(CANDIDATES, 4 * limit)
    while True:
        page = nearest.nearest(own, encoder=encoder, among=among, limit=wanted)
        first = _first_of_each(page.hits)
        if len(first) >= limit or page.after is None:
            break
        wanted *= 4
    means = _means(first, encoder)
    found = [Similar(key, float(own @ means[key]), first[key]) for key in first if key in means]
    return sorted(found, key=lambda each: (-each.score, each.product_id))[:limit]


def live_photos(product: Product) -> ImageQuerySet:
    """Of products of its storefront."""
    own = Image.objects.of(product.storefront)
    return own.filter(status=Status.LIVE, product__isnull=False)


def _first_of_each(hits: Iterable[nearest.Hit]) -> dict[int, UUID]:
    """Each product's best photo, in the order of the hits."""
    keys = [hit.image_id for hit in hits]
    owners = dict(Image.objects.filter(pk__in=keys).values_list("pk", "product_id"))
    first: dict[int, UUID] = {}
    for key in keys:
        if owner := owners.get(key):  # erased or taken out meanwhile: of none
            first.setdefault(owner, key)
    return first


def _means(products: Iterable[int], encoder: Encoder) -> dict[int, np.ndarray]:
    """Unit vectors (dimension,) of products that have a live photo with a vector."""
    rows = Embedding.objects.filter(
        encoder=encoder, image__product__in=list(products), image__status=Status.LIVE
    ).values_list("image__product", "vector")
    vectors: dict[int, list[np.ndarray]] = defaultdict(list)
    for key, vector in rows:
        vectors[key].append(np.asarray(vector, dtype=np.float32))
    return {key: _unit(np.mean(own, axis=0)) for key, own in vectors.items()}


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), dtype=np.float32)
