"""Learning from verdicts: categories' vectors per encoder, in versions one can go back to.

The confirmed photos are the job: a build whose digest is the present one has nothing to do, so
it may be rung for any number of times.
"""

import hashlib
from uuid import UUID

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from pgvector import HalfVector

from catalog.ml import heads
from catalog.models import (
    CategoryHead,
    CategoryVector,
    Embedding,
    Encoder,
    HeadVector,
    LearningSwitch,
    TagVerdict,
    Taxonomy,
)

METHOD = "blend-1"  # another method makes another digest, and so a new build


def learn_all() -> int:
    """Build what the verdicts have changed, for the active encoder; how many builds that made."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        return 0
    return sum(learn(taxonomy=each, encoder=encoder) is not None for each in _concerned(encoder))


def _concerned(encoder: Encoder) -> QuerySet[Taxonomy]:
    """Taxonomies somebody has judged a tag of, or that have learned before."""
    return Taxonomy.objects.filter(
        Q(pk__in=TagVerdict.objects.values("category__taxonomy"))
        | Q(heads__encoder=encoder, heads__is_active=True)
    ).distinct()


@transaction.atomic
def learn(*, taxonomy: Taxonomy, encoder: Encoder) -> CategoryHead | None:
    """A new build, active at once, if the confirmed photos or the words are others than those of
    the active one; None if there is nothing new, or while people pin a version."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)  # builds take turns
    if LearningSwitch.objects.filter(taxonomy=taxonomy, follows=False).exists():
        return None
    keys, texts = text_vectors(taxonomy, encoder)
    pairs = _confirmed(taxonomy)
    stored = dict(
        Embedding.objects.filter(
            encoder=encoder, image__in={image for image, _ in pairs}
        ).values_list("image_id", "vector")
    )
    index = {key: at for at, key in enumerate(keys)}
    pairs = [(image, key) for image, key in pairs if image in stored and key in index]
    active = CategoryHead.objects.filter(taxonomy=taxonomy, encoder=encoder, is_active=True)
    if not pairs:
        active.update(is_active=False)  # every confirmation was taken back
        return None
    digest = hashlib.sha256(METHOD.encode())
    digest.update("".join(f"{image}:{key};" for image, key in pairs).encode())
    digest.update(texts.tobytes())
    if active.filter(digest=digest.hexdigest()).exists():
        return None
    photos = np.array([stored[image] for image, _ in pairs], dtype=np.float32)
    labels = np.array([index[key] for _, key in pairs])
    learned = heads.learn(texts, photos, labels)
    active.update(is_active=False)
    builds = CategoryHead.objects.filter(taxonomy=taxonomy, encoder=encoder)
    head = builds.create(
        taxonomy=taxonomy,
        encoder=encoder,
        version=1 + (builds.aggregate(last=Max("version"))["last"] or 0),
        digest=digest.hexdigest(),
        photos=len({image for image, _ in pairs}),
        is_active=True,
    )
    counts = np.bincount(labels, minlength=len(keys))
    HeadVector.objects.bulk_create(
        [
            HeadVector(
                head=head,
                category_id=keys[at],
                photos=int(counts[at]),
                vector=HalfVector(learned[at]),
            )
            for at in np.flatnonzero(counts)
        ]
    )
    return head


def text_vectors(taxonomy: Taxonomy, encoder: Encoder) -> tuple[list[int], np.ndarray]:
    """Keys of the categories that have a text vector, and those vectors (n, dimension) float32."""
    rows = CategoryVector.objects.filter(
        encoder=encoder, category__taxonomy=taxonomy, category__is_retired=False
    ).order_by("category__position", "category")
    keys, vectors = [], []
    for key, vector in rows.values_list("category_id", "vector"):
        keys.append(key)
        vectors.append(vector)
    return keys, np.array(vectors, dtype=np.float32).reshape(-1, encoder.dimension)


def _confirmed(taxonomy: Taxonomy) -> list[tuple[UUID, int]]:
    """(photo, category) that staff say belong together, in a fixed order."""
    standing = TagVerdict.objects.filter(category__taxonomy=taxonomy).standing()
    rows = standing.filter(accepted=True).order_by("image_id", "category_id")
    return list(rows.values_list("image_id", "category_id"))


@transaction.atomic
def go_back(*, head: CategoryHead, by: AbstractBaseUser) -> None:
    """Use an earlier build, and keep to it until `follow` says otherwise."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=head.taxonomy_id)
    _pin(head.taxonomy, by)
    beside = CategoryHead.objects.filter(taxonomy=head.taxonomy, encoder=head.encoder)
    beside.filter(is_active=True).update(is_active=False)
    CategoryHead.objects.filter(pk=head.pk).update(is_active=True)


@transaction.atomic
def turn_off(*, taxonomy: Taxonomy, by: AbstractBaseUser) -> None:
    """Tag by the words alone again. What people confirmed stays."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    _pin(taxonomy, by)
    CategoryHead.objects.filter(taxonomy=taxonomy, is_active=True).update(is_active=False)


@transaction.atomic
def follow(*, taxonomy: Taxonomy, by: AbstractBaseUser) -> None:
    """Let the vectors follow the verdicts again; the next build catches up."""
    LearningSwitch.objects.update_or_create(
        taxonomy=taxonomy, defaults={"follows": True, "changed_by_id": by.pk}
    )


@transaction.atomic
def retag_by_itself(*, taxonomy: Taxonomy, on: bool, by: AbstractBaseUser) -> None:
    """Whether photos that are here are tagged again once something was learned."""
    LearningSwitch.objects.update_or_create(
        taxonomy=taxonomy, defaults={"retags": on, "changed_by_id": by.pk}
    )


def _pin(taxonomy: Taxonomy, by: AbstractBaseUser) -> None:
    LearningSwitch.objects.update_or_create(
        taxonomy=taxonomy, defaults={"follows": False, "changed_by_id": by.pk}
    )
