"""Which sentences spoke for a category on a photo: a category's vector is the mean of many."""

from dataclasses import dataclass

import numpy as np

from catalog import prompting, query_vectors, taxonomy_vectors
from catalog.models import Category, Embedding, Image

SHOWN = 5
MOST = 200  # sentences; two seconds of a CPU


class NotEmbedded(LookupError):
    """The photo has no vector in the active encoder yet."""


@dataclass(frozen=True)
class Spoken:
    """One sentence and its cosine with the photo."""

    sentence: str
    cosine: float


@dataclass(frozen=True)
class Ranking:
    """The sentences nearest to a photo, nearest first, of `tried`; `mean` is their mean cosine."""

    best: list[Spoken]
    tried: int
    mean: float

    @property
    def lead(self) -> float:
        """By how much the first one is nearer than the mean."""
        return self.best[0].cosine - self.mean


def rank(*, image: Image, category: Category) -> Ranking:
    """The prompts of `category` by how near they come to the photo. The interactive worker encodes
    what it has not encoded lately.

    Raises `NotEmbedded`, and `SearchUnavailable` when nobody encodes.
    """
    encoder = query_vectors.active_encoder()
    stored = Embedding.objects.filter(image=image, encoder=encoder).first()
    if stored is None:
        raise NotEmbedded("The active encoder has not seen this photo yet.")
    prompts = taxonomy_vectors.prompts(category, taxonomy_vectors.templates())
    sentences = list(dict.fromkeys(prompts))[:MOST]
    vectors = prompting.sentence_vectors(encoder, sentences)
    photo = np.asarray(stored.vector, dtype=np.float32)
    spoken = [Spoken(each, float(vectors[each] @ photo)) for each in sentences]
    return Ranking(
        best=sorted(spoken, key=lambda each: -each.cosine)[:SHOWN],
        tried=len(spoken),
        mean=float(np.mean([each.cosine for each in spoken])),
    )
