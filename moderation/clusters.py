"""Near-duplicates of a photo among the reviews that wait."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from pgvector.django import CosineDistance, HammingDistance

from catalog.duplicates import NEAR, SAME_PICTURE, WORTH_HASHING
from catalog.models import Embedding, PerceptualHash
from moderation.models import Review
from moderation.models.review import ReviewQuerySet

LIMIT = 60
LEAST_SPREAD = 0.01  # cosine: nearly equal copies differ by as much


@dataclass(frozen=True)
class Neighbour:
    """A review whose photo resembles another one."""

    review: Review
    cosine: float | None
    bits: int | None  # of 256 in which their hashes differ; None: too many, or not hashed
    is_outlier: bool

    @property
    def likeness(self) -> float:
        """From 0 to 1, to order by: whichever of cosine and hash says they are more alike."""
        return max(self.cosine or 0.0, 0.0 if self.bits is None else 1 - self.bits / 256)


def near_duplicates(
    review: Review, among: ReviewQuerySet, *, limit: int = LIMIT
) -> list[Neighbour]:
    """The reviews `among` whose photos are near-duplicates of this one's, nearest first.

    By cosine in the active encoder's space or by PDQ; both exhaustive and exact.
    """
    waiting = among.exclude(pk=review.pk)
    cosines, bits = _cosines(review, waiting, limit), _bits(review, waiting, limit)
    if not cosines and not bits:
        return []
    far = outliers({key: cosine for key, cosine in cosines.items() if key not in bits})
    neighbours = [
        Neighbour(
            review=other,
            cosine=cosines.get(other.image_id),
            bits=bits.get(other.image_id),
            is_outlier=other.image_id in far,
        )
        for other in waiting.filter(image_id__in=cosines.keys() | bits.keys()).select_related(
            "image__storefront", "policy"
        )
    ]
    return sorted(neighbours, key=lambda each: (-each.likeness, each.review.pk))[:limit]


def outliers(cosines: dict[UUID, float]) -> set[UUID]:
    """Those far less alike than the rest: three robust deviations below the median.

    The deviation is the median absolute one times 1.4826, as for a normal distribution. Two
    photos have no rest to differ from.
    """
    if len(cosines) < 3:
        return set()
    middle = median(cosines.values())
    deviation = 1.4826 * median(abs(cosine - middle) for cosine in cosines.values())
    lowest = middle - 3 * max(deviation, LEAST_SPREAD)
    return {key for key, cosine in cosines.items() if cosine < lowest}


def _cosines(review: Review, among: ReviewQuerySet, limit: int) -> dict[UUID, float]:
    own = Embedding.objects.filter(image_id=review.image_id, encoder__is_active=True).first()
    if own is None:
        return {}
    near: Iterable[tuple[UUID, float]] = (
        Embedding.objects.filter(encoder_id=own.encoder_id, image_id__in=_photos(among))
        .annotate(distance=CosineDistance("vector", own.vector))
        .filter(distance__lte=1 - NEAR)
        .order_by("distance", "image_id")
        .values_list("image_id", "distance")[:limit]
    )
    return {key: 1 - distance for key, distance in near}


def _bits(review: Review, among: ReviewQuerySet, limit: int) -> dict[UUID, int]:
    worth = PerceptualHash.objects.filter(quality__gte=WORTH_HASHING)
    own = worth.filter(image_id=review.image_id).first()
    if own is None:
        return {}
    near: Iterable[tuple[UUID, float]] = (
        worth.filter(image_id__in=_photos(among))
        .annotate(distance=HammingDistance("pdq", own.pdq))
        .filter(distance__lte=SAME_PICTURE)
        .order_by("distance", "image_id")
        .values_list("image_id", "distance")[:limit]
    )
    return {key: int(bits) for key, bits in near}


def _photos(reviews: ReviewQuerySet) -> ReviewQuerySet:
    return reviews.order_by().values("image_id")  # type: ignore[return-value]
