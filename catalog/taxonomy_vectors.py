"""Text vectors of categories: one long job that may be killed at any time.

The rows are the job: what is to be done is every category without a vector of its present words
and templates in this encoder. Each chunk commits by itself, so a killed worker loses one chunk.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from pgvector import HalfVector

from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import TemplateSet, ensemble, load_templates, readable
from catalog.models import Category, CategoryVector, Encoder, Taxonomy

CHUNK = 64  # categories per commit: some 700 sentences, seconds on a CPU


@dataclass(frozen=True)
class Progress:
    """How far a taxonomy is encoded: categories with a present vector, of all in use."""

    done: int
    total: int

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def complete(self) -> bool:
        return not self.left


def templates() -> TemplateSet:
    """The prompt templates in force."""
    return load_templates(settings.VITRINE_PROMPT_TEMPLATES)


def words_digest(name: str, synonyms: Iterable[str]) -> str:
    """Changes when the words that prompts are made of do. Kept beside the category, so that
    finding what is to be encoded is one comparison in the database."""
    words = "\n".join(readable(word) for word in (name, *synonyms))
    return hashlib.sha256(words.encode()).hexdigest()


def prompts(category: Category, template_set: TemplateSet) -> list[str]:
    """Every sentence whose vectors, averaged, stand for a category."""
    return [
        prompt
        for name in [category.name, *category.synonyms]
        for prompt in template_set.fill(readable(name))
    ]


def ensembles(wanted: Sequence[Sequence[str]], *, encoder: LoadedEncoder) -> list[np.ndarray]:
    """One unit vector (dimension,) for each list of sentences, all encoded in one go."""
    encoded = encoder.runtime.encode_texts([text for texts in wanted for text in texts])
    ends = np.cumsum([len(texts) for texts in wanted])
    return [ensemble(own) for own in np.split(encoded, ends[:-1])]


def missing(*, encoder: Encoder | None, taxonomy: Taxonomy | None = None) -> QuerySet[Category]:
    """Categories in use without a present vector, the ones that are waited for first."""
    categories = Category.objects.filter(is_retired=False).order_by(
        "-taxonomy__is_active", "-taxonomy__is_next", "taxonomy", "position"
    )
    if taxonomy:
        categories = categories.filter(taxonomy=taxonomy)
    present = CategoryVector.objects.filter(
        category=OuterRef("pk"),
        encoder=encoder,
        words_digest=OuterRef("words_digest"),
        template_version=templates().version,
    )
    return categories.filter(~Exists(present)) if encoder else categories


def progress(*, taxonomy: Taxonomy, encoder: Encoder | None) -> Progress:
    """How far `taxonomy` is encoded in `encoder`."""
    total = taxonomy.categories.filter(is_retired=False).count()
    return Progress(total - missing(encoder=encoder, taxonomy=taxonomy).count(), total)


def has_work() -> bool:
    """Cheap enough to ask every few seconds, and without loading a model."""
    encoder = Encoder.objects.filter(is_active=True).first()
    waiting = Taxonomy.objects.filter(is_next=True)
    return missing(encoder=encoder).exists() or waiting.exists()


def encode_missing(
    *,
    encoder: LoadedEncoder,
    taxonomy: Taxonomy | None = None,
    seconds: float = float("inf"),
    after_chunk: Callable[[int], None] = lambda done: None,
) -> int:
    """Encode what is missing, for about so many seconds, and return how many categories that was.

    Several workers may run this at once: each takes categories that no other has. The taxonomy
    that waits for its last vector becomes the active one.
    """
    template_set = templates()
    deadline = time.monotonic() + seconds
    done = 0
    while count := _encode_chunk(encoder, taxonomy, template_set):
        done += count
        after_chunk(count)
        if time.monotonic() >= deadline:
            break
    activate_next(encoder=encoder.row)
    return done


@transaction.atomic
def _encode_chunk(
    encoder: LoadedEncoder, taxonomy: Taxonomy | None, template_set: TemplateSet
) -> int:
    # NO KEY: photos may be tagged with a category while its vector is made. Its words may not
    # change under it, and another worker passes it over.
    chunk = list(
        missing(encoder=encoder.row, taxonomy=taxonomy).select_for_update(
            no_key=True, skip_locked=True, of=("self",)
        )[:CHUNK]
    )
    if not chunk:
        return 0
    vectors = ensembles([prompts(category, template_set) for category in chunk], encoder=encoder)
    CategoryVector.objects.bulk_create(
        [
            CategoryVector(
                category=category,
                encoder=encoder.row,
                words_digest=category.words_digest,
                template_version=template_set.version,
                vector=HalfVector(vector),
            )
            for category, vector in zip(chunk, vectors, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["category", "encoder"],
        update_fields=["words_digest", "template_version", "vector", "created_at"],
    )
    return len(chunk)


@transaction.atomic
def activate(*, taxonomy: Taxonomy) -> bool:
    """Make `taxonomy` the active one, and say whether it is already.

    At once if its categories are encoded, or if no taxonomy is active. Otherwise photos keep being
    tagged by the present one until the last vector is there.
    """
    list(Taxonomy.objects.select_for_update().order_by("pk"))  # two activations take turns
    encoder = Encoder.objects.filter(is_active=True).first()
    others = Taxonomy.objects.exclude(pk=taxonomy.pk)
    others.filter(is_next=True).update(is_next=False)
    taxonomy.is_active = (
        Taxonomy.objects.filter(pk=taxonomy.pk, is_active=True).exists()
        or not others.filter(is_active=True).exists()
        or progress(taxonomy=taxonomy, encoder=encoder).complete
    )
    taxonomy.is_next = not taxonomy.is_active
    if taxonomy.is_active:
        others.filter(is_active=True).update(is_active=False)
    Taxonomy.objects.filter(pk=taxonomy.pk).update(
        is_active=taxonomy.is_active, is_next=taxonomy.is_next
    )
    return taxonomy.is_active


def activate_next(*, encoder: Encoder) -> None:
    """Switch to the taxonomy that waited for its vectors, if they are all there."""
    waiting = Taxonomy.objects.filter(is_next=True).first()
    if waiting and progress(taxonomy=waiting, encoder=encoder).complete:
        activate(taxonomy=waiting)


def usable(*, taxonomy: Taxonomy, encoder: Encoder) -> bool:
    """True if photos may be tagged with it: at most a tenth of its categories has no vector.

    A vector of earlier words counts, until the present one replaces it. With fewer, a photo would
    be tagged with whatever happens to be encoded.
    """
    categories = taxonomy.categories.filter(is_retired=False)
    total = categories.count()
    having = categories.filter(vectors__encoder=encoder).count()
    return total > 0 and (total - having) * 10 <= total
