"""The photos nearest to a vector: through the index or exactly, whichever is sooner done.

Filters never make a search return fewer photos than there are, nor others. The index is asked
only when enough photos match for one walk through it to meet them, the walk is the broader the
fewer match, and when it meets too few all the same, an exact scan answers instead. Walking on until
enough match (pgvector's iterative scan) was measured too: as many, but up to 11 in 100 others.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast
from pgvector import HalfVector
from pgvector.django import HalfVectorField, MaxInnerProduct

from catalog.hnsw import Index, current
from catalog.indexing import growing
from catalog.models import Embedding, Encoder
from catalog.models.image import ImageQuerySet
from catalog.places import SHOWN_BYTES, Place

# Measured with `benchmarks/search.py`, see docs/benchmarks.md. How many candidates the index keeps
# for ten results: photos lie where the graph has photos, words do not.
EF_PHOTO = 120
EF_WORDS = 800
EF_LIMIT = 1000  # pgvector's own
EXACT_UP_TO = 5_000  # matching photos, which are sooner scanned than the graph is walked
COLUMNS = ("image_id", "distance", "newest")


@dataclass(frozen=True)
class Hit:
    """A photo and its cosine; half precision lets a photo's with itself be 1.0003."""

    image_id: UUID
    score: float


@dataclass(frozen=True)
class Page:
    """Hits, best first; `after` is where the next page starts, None on the last."""

    hits: list[Hit]
    after: Place | None
    exact: bool


def nearest(
    vector: np.ndarray,
    *,
    encoder: Encoder,
    among: ImageQuerySet,
    limit: int,
    words: bool = False,
    after: Place | None = None,
) -> Page:
    """The `limit` photos `among` these nearest to a unit vector (dimension,) of this encoder.

    `words`: the vector is of a text, if only in part, which takes a broader look at the index.

    Only the first page may be approximate. Whoever follows the pages to their end gets every photo
    that was embedded when the first was made and still matches, each once: later pages are exact
    and go on with what the first did not show. A photo that arrives or is embedded again meanwhile
    is left to the next search, except that one whose batch was just being committed may still
    appear, once; sealing changes nothing.
    """
    rows = Embedding.objects.filter(encoder=encoder, image__in=among.order_by().values("pk"))
    if after:
        return _later(rows, vector, limit, after)
    # Read by the statement that searches, and so from the same snapshot.
    newest = Subquery(Embedding.objects.order_by("-pk").values("pk")[:1])
    rows = rows.annotate(newest=newest)
    index = current(encoder)
    if index and (breadth := _breadth(rows, among, index, limit, words)):
        hits, at = _through_index(rows, vector, encoder, index, limit + 1, breadth)
        if hits:
            return Page(hits[:limit], Place.after_approximate(at, hits[:limit]), exact=False)
    found = list(_measured(rows, vector).values_list(*COLUMNS)[: limit + 1])
    hits = [Hit(image_id, -distance) for image_id, distance, _ in found]
    last = Place.after_exact(found[0][2], hits[limit - 1]) if len(hits) > limit else None
    return Page(hits[:limit], last, exact=True)


def _breadth(
    rows: QuerySet[Any], among: ImageQuerySet, index: Index, limit: int, words: bool
) -> int:
    """How many candidates the index must keep; 0: rather scan all that match.

    The share that matches comes from PostgreSQL's statistics. Where they are wrong, or what matches
    lies elsewhere, the search is slower, not worse.
    """
    matching = index.rows
    if among.query.where:
        plan = json.loads(rows.explain(format="json"))[0]["Plan"]
        matching = min(matching, int(plan["Plan Rows"]))
    if matching <= EXACT_UP_TO:
        return 0
    share = matching / index.rows
    if 2 * (limit + 1) / share > EF_LIMIT:
        return 0
    return min(EF_LIMIT, int(max(EF_WORDS if words else EF_PHOTO, 4 * limit) / share))


def _through_index(
    rows: QuerySet[Any],
    vector: np.ndarray,
    encoder: Encoder,
    index: Index,
    limit: int,
    breadth: int,
) -> tuple[list[Hit], int]:
    """The index's answer and an exact scan of what it does not cover, from one snapshot, and the
    newest vector's key. Empty if the index alone did not give `limit`, for others may match."""
    own = Cast("vector", HalfVectorField(dimensions=encoder.dimension))  # as the index has it
    sealed = rows.filter(generation__lte=index.generation)
    sealed = sealed.annotate(
        distance=MaxInnerProduct(own, HalfVector(vector)), is_sealed=Value(True)
    ).order_by("distance")
    new = _measured(rows.filter(growing(encoder, index.generation)), vector)
    both = sealed.values_list(*COLUMNS, "is_sealed")[:limit].union(
        new.annotate(is_sealed=Value(False)).values_list(*COLUMNS, "is_sealed")[:limit], all=True
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('hnsw.ef_search', %s, true), "
            # The order must come from the index; any other plan reads every vector.
            "set_config('enable_sort', 'off', true)",
            [str(breadth)],
        )
        met = list(both)
        transaction.set_rollback(True)  # nothing was written, and the settings end here
    if sum(is_sealed for *_, is_sealed in met) < limit:
        return [], 0
    hits = [Hit(image_id, -distance) for image_id, distance, _, _ in met]
    return sorted(hits, key=lambda hit: (-hit.score, hit.image_id))[:limit], met[0][2]


def _measured(rows: QuerySet[Any], vector: np.ndarray) -> QuerySet[Any]:
    """In exact order. Without the index's cast, no index can be used."""
    distance = MaxInnerProduct("vector", HalfVector(vector))
    return rows.annotate(distance=distance).order_by("distance", "image_id")


def _later(rows: QuerySet[Any], vector: np.ndarray, limit: int, after: Place) -> Page:
    left = _measured(rows.filter(pk__lte=after.newest), vector)
    if after.last:
        score, image_id = after.last
        left = left.filter(Q(distance__gt=-score) | Q(distance=-score, image_id__gt=image_id))
    found = left.values_list("image_id", "distance")[: limit + 1 + len(after.shown)]
    hits = [Hit(image_id, -distance) for image_id, distance in found]
    fresh = [hit for hit in hits if hit.image_id.bytes[:SHOWN_BYTES] not in after.shown]
    more = len(fresh) > limit
    return Page(fresh[:limit], after.moved_to(fresh[limit - 1]) if more else None, exact=True)
