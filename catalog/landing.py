"""Where a typed text lands on the map."""

from dataclasses import dataclass

import numpy as np

from catalog import mapping, nearest, query_vectors
from catalog.models import CategoryVector, Image, Projection
from catalog.nearest import Hit

NEAREST = 6  # photos that are shown beside it
TEXTS = 2_000  # category vectors whose mean stands for texts


@dataclass(frozen=True)
class Landing:
    """A text's place, and the photos nearest to it by cosine, best first."""

    x: float
    y: float
    hits: list[Hit]


def land(text: str, *, projection: Projection) -> Landing:
    """Encode the text and project it as photos are. Raises `SearchUnavailable`."""
    encoder = projection.encoder
    vector = query_vectors.of_text(text, encoder=encoder)
    bridged = _among_photos(vector, projection)
    [(x, y)] = mapping.opened(projection).place(bridged[None, :])
    page = nearest.nearest(
        vector, encoder=encoder, among=Image.objects.of_live_shops(), limit=NEAREST
    )
    return Landing(float(x), float(y), page.hits)


def _among_photos(vector: np.ndarray, projection: Projection) -> np.ndarray:
    """The text's vector moved from where texts are to where photos are.

    Dual encoders put the two into separate cones (Liang et al. 2022, "Mind the gap"): without
    this, every text would land at the same edge of the map. Texts' mean is that of the categories.
    """
    rows = CategoryVector.objects.filter(encoder=projection.encoder_id).order_by("pk")
    stored = rows.values_list("vector", flat=True)[:TEXTS]
    texts = np.array([np.array(each, dtype=np.float32) for each in stored])
    if not len(texts):
        return vector
    moved = vector - texts.mean(axis=0) + mapping.centre_of(projection)
    length = float(np.linalg.norm(moved))
    return np.asarray(moved / length if length > 1e-6 else vector, dtype=np.float32)
