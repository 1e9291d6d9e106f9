"""Trying a label on a photo: what would the encoder say if this were a category?"""

from typing import TypedDict

import numpy as np

from catalog import taxonomy_vectors
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import ensemble, probabilities, readable
from catalog.models import Embedding, Image
from catalog.scorer import Scorers

# Thousands of vectors are read once, not for every label that is typed.
_scorers = Scorers()


class LabelScore(TypedDict):
    """A label against a photo. Probabilities are against every category its storefront uses."""

    label: str
    cosine: float
    probability: float
    best_category: str
    best_probability: float


class NotEmbedded(LookupError):
    """The photo has no vector in the active encoder yet."""


def score_label(*, image: Image, label: str, encoder: LoadedEncoder) -> LabelScore:
    """Score a typed label on one photo beside its storefront's taxonomy. Raises `NotEmbedded`."""
    try:
        embedding = Embedding.objects.get(image=image, encoder=encoder.row)
    except Embedding.DoesNotExist as error:
        raise NotEmbedded(f"Photo {image.pk} has no vector in {encoder.row} yet.") from error
    prompts = taxonomy_vectors.templates().fill(readable(label))
    typed = ensemble(encoder.runtime.encode_texts(prompts))
    _scorers.refresh(encoder)
    found = _scorers.of(image.storefront)
    categories = []
    vectors = np.empty((0, encoder.row.dimension), dtype=np.float32)
    temperature = 1.0
    if found:
        scorer, used = found
        temperature = scorer.temperature
        categories = [scorer.categories[index] for index in np.flatnonzero(used)]
        vectors = scorer.vectors[used]
    photo = np.asarray(embedding.vector, dtype=np.float32)
    cosines = np.concatenate([typed[None, :], vectors]) @ photo
    scores = probabilities(
        cosines[None, :],
        scoring=encoder.row.scoring,
        logit_scale=encoder.row.logit_scale / temperature,
        logit_bias=encoder.row.logit_bias / temperature,
    )[0]
    best = int(scores[1:].argmax()) if categories else None
    return LabelScore(
        label=label,
        cosine=float(cosines[0]),
        probability=float(scores[0]),
        best_category=categories[best].path if best is not None else "",
        best_probability=float(scores[1 + best]) if best is not None else 0.0,
    )
