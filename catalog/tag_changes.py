"""What tagging photos again, from their stored vectors, makes of their tags."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef, Q

from catalog import tagging
from catalog.choices import Status
from catalog.intervals import wilson
from catalog.models import Embedding, Encoder, Image, Tag, Taxonomy
from catalog.models.image import ImageQuerySet
from catalog.scorer import Scorers

PROCESSED = (Status.LIVE, Status.HELD, Status.REMOVED)
SAMPLES = 24
# Photos times categories that somebody waits for, and photos at most.
MOST_PAIRS = 8_000_000
MOST = 2_000
AT_ONCE = 256
# Probabilities. Vectors are stored in half precision; the conveyor had them whole.
AS_SURE = 0.005

# Matrices are read once per process, not for every chunk.
_scorers = Scorers()


@dataclass(frozen=True)
class Change:
    """What tagging one photo again makes of its tags."""

    image: Image
    before: list[Tag]
    after: list[Tag]  # not saved

    @property
    def is_none(self) -> bool:
        """Nothing is worth writing: the same tags, made by the same, and as sure."""
        return len(self.before) == len(self.after) and all(map(_same, self.before, self.after))

    @property
    def changes_tags(self) -> bool:
        return [tag.category_id for tag in self.before] != [tag.category_id for tag in self.after]

    @property
    def changes_first(self) -> bool:
        return [tag.category_id for tag in self.before[:1]] != [
            tag.category_id for tag in self.after[:1]
        ]


def _same(old: Tag, new: Tag) -> bool:
    for name in {field.attname for field in Tag._meta.concrete_fields} - {"id", "created_at"}:
        was, now = getattr(old, name), getattr(new, name)
        if isinstance(was, float | list) and isinstance(now, float | list):
            if not _near(was, now):
                return False
        elif was != now:
            return False
    return True


def _near(was: float | list[float], now: float | list[float]) -> bool:
    before = was if isinstance(was, list) else [was]
    after = now if isinstance(now, list) else [now]
    return len(before) == len(after) and all(
        abs(a - b) <= AS_SURE for a, b in zip(before, after, strict=True)
    )


def photos_of(taxonomy: Taxonomy, encoder: Encoder) -> ImageQuerySet:
    """Processed photos with a vector in `encoder` whose storefront uses `taxonomy`."""
    uses = Q(storefront__taxonomy=taxonomy)
    if taxonomy.is_active:
        uses |= Q(storefront__taxonomy__isnull=True)
    vectors = Embedding.objects.filter(image=OuterRef("pk"), encoder=encoder)
    return Image.objects.filter(uses, Exists(vectors), status__in=PROCESSED)


def changes(images: Sequence[Image], encoder: Encoder) -> list[Change]:
    """What tagging these photos again would make of each, in the order given. Those without a
    vector, or whose storefront has no taxonomy that is ready, are left out."""
    _scorers.look(encoder)
    ready = {
        shop.pk
        for shop in {image.storefront_id: image.storefront for image in images}.values()
        if _scorers.of(shop)
    }
    stored = dict(
        Embedding.objects.filter(encoder=encoder, image__in=images).values_list(
            "image_id", "vector"
        )
    )
    found = [each for each in images if each.pk in stored and each.storefront_id in ready]
    if not found:
        return []
    before: dict[UUID, list[Tag]] = defaultdict(list)
    old = Tag.objects.filter(image__in=found, encoder=encoder).select_related("category")
    for tag in old.order_by("rank", "pk"):
        before[tag.image_id].append(tag)
    after: dict[UUID, list[Tag]] = defaultdict(list)
    vectors = np.array([stored[image.pk] for image in found], dtype=np.float32)
    for tag in tagging.tag_all(images=found, vectors=vectors, encoder=encoder, scorers=_scorers):
        after[tag.image_id].append(tag)
    return [Change(image, before[image.pk], after[image.pk]) for image in found]


@dataclass(frozen=True)
class Preview:
    """What tagging the photos of a taxonomy again would do now.

    `compared` are all `photos`, or a random part of them; then counts are of that part. `first`
    photos would get another first tag, `other` ones another tag only further down.
    """

    photos: int
    compared: int
    first: int
    other: int
    samples: tuple[Change, ...]

    @property
    def is_estimate(self) -> bool:
        return self.compared < self.photos

    @property
    def range(self) -> tuple[int, int]:
        """How many of all photos would get another first tag: a 95 % interval."""
        if not self.is_estimate:
            return self.first, self.first
        low, high = wilson(self.first, self.compared)
        return round(low * self.photos), round(high * self.photos)


def preview(*, taxonomy: Taxonomy, encoder: Encoder) -> Preview:
    """Count what a job would do, without doing it; of a random sample where there are many."""
    photos = photos_of(taxonomy, encoder)
    total = photos.count()
    categories = taxonomy.categories.filter(is_retired=False).count()
    most = min(MOST, max(AT_ONCE, MOST_PAIRS // max(1, categories)))
    # Ids are random, and so are the first ones.
    sample = list(photos.select_related("storefront").order_by("pk")[:most])
    found: list[Change] = []
    for at in range(0, len(sample), AT_ONCE):
        found += changes(sample[at : at + AT_ONCE], encoder)
    first = [each for each in found if each.changes_first]
    other = sum(each.changes_tags for each in found) - len(first)
    return Preview(total, len(sample), len(first), other, tuple(first[:SAMPLES]))
