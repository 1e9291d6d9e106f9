"""The photos nearest to a vector: through the index or exactly, whichever is sooner done.

Filters never make a search return fewer photos than there are. The index is asked only when
enough photos match for it to meet them soon, its scan goes on past those that do not match, and
when it ends early all the same, an exact scan answers instead.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet, Value
from django.db.models.functions import Cast
from pgvector import HalfVector
from pgvector.django import HalfVectorField, MaxInnerProduct

from catalog.hnsw import Index, current
from catalog.indexing import growing
from catalog.models import Embedding, Encoder
from catalog.models.image import ImageQuerySet
from catalog.places import SHOWN_BYTES, Place

# Measured with `benchmarks/search.py`, see docs/benchmarks.md.
EF_SEARCH = 120
# A photo met in the graph costs as much as this many in an exact scan.
GRAPH_COST = 25
LEAST_SCAN = 1_000  # photos met in the graph before an exact scan takes over


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
    after: Place | None = None,
) -> Page:
    """The `limit` photos `among` these nearest to a unit vector (dimension,) of this encoder.

    Only the first page may be approximate. Whoever follows the pages to their end gets every photo
    that was embedded when the first was made and still matches, each once: later pages are exact
    and go on with what the first did not show. A photo that arrives or is embedded again meanwhile
    is left to the next search, except that one whose batch was just being committed may still
    appear, once; sealing changes nothing.
    """
    rows = Embedding.objects.filter(encoder=encoder, image__in=among.order_by().values("pk"))
    if after:
        return _later(rows, vector, limit, after)
    newest = Embedding.objects.aggregate(newest=Max("pk"))["newest"] or 0
    index = current(encoder)
    if index and (budget := _budget(rows, index, limit)):
        hits = _through_index(rows, vector, encoder, index, limit + 1, budget)
        if hits:
            return Page(hits[:limit], Place.after_approximate(newest, hits[:limit]), exact=False)
    hits = _exactly(rows, vector, limit + 1)
    last = Place.after_exact(newest, hits[limit - 1]) if len(hits) > limit else None
    return Page(hits[:limit], last, exact=True)


def _budget(rows: QuerySet[Embedding], index: Index, limit: int) -> int:
    """How many photos the index may meet; 0: too many would be in vain, so do not ask it.

    The share that matches comes from PostgreSQL's statistics. Where they are wrong, or what matches
    lies elsewhere, the search is slower, not worse.
    """
    if not index.rows:
        return 0
    plan = json.loads(rows.explain(format="json"))[0]["Plan"]
    share = min(1.0, max(1, int(plan["Plan Rows"])) / index.rows)
    expected = (limit + 1) / share
    if expected * GRAPH_COST > index.rows:
        return 0
    return max(LEAST_SCAN, int(4 * expected))


def _through_index(
    rows: QuerySet[Embedding],
    vector: np.ndarray,
    encoder: Encoder,
    index: Index,
    limit: int,
    budget: int,
) -> list[Hit]:
    """The index's answer and an exact scan of what it does not cover, from one snapshot; empty if
    the index alone did not give `limit`, for then it may have ended early."""
    own = Cast("vector", HalfVectorField(dimensions=encoder.dimension))  # as the index has it
    sealed = rows.filter(generation__lte=index.generation)
    sealed = sealed.annotate(
        distance=MaxInnerProduct(own, HalfVector(vector)), is_sealed=Value(True)
    ).order_by("distance")
    new = _measured(rows.filter(growing(encoder, index.generation)), vector)
    columns = ("image_id", "distance", "is_sealed")
    both = sealed.values_list(*columns)[:limit].union(
        new.annotate(is_sealed=Value(False)).values_list(*columns)[:limit], all=True
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
            "set_config('hnsw.ef_search', %s, true), "
            "set_config('hnsw.max_scan_tuples', %s, true), "
            # The order must come from the index; any other plan reads every vector.
            "set_config('enable_sort', 'off', true)",
            [str(min(1000, max(EF_SEARCH, 2 * limit))), str(budget)],
        )
        met = list(both)
        transaction.set_rollback(True)  # nothing was written, and the settings end here
    if sum(is_sealed for _, _, is_sealed in met) < limit:
        return []
    hits = _hits((image_id, distance) for image_id, distance, _ in met)
    return sorted(hits, key=lambda hit: (-hit.score, hit.image_id))[:limit]


def _exactly(rows: QuerySet[Embedding], vector: np.ndarray, limit: int) -> list[Hit]:
    return _hits(_measured(rows, vector).values_list("image_id", "distance")[:limit])


def _measured(rows: QuerySet[Embedding], vector: np.ndarray) -> QuerySet[Any]:
    """In exact order. Without the index's cast, no index can be used."""
    distance = MaxInnerProduct("vector", HalfVector(vector))
    return rows.annotate(distance=distance).order_by("distance", "image_id")


def _later(rows: QuerySet[Embedding], vector: np.ndarray, limit: int, after: Place) -> Page:
    left = _measured(rows.filter(pk__lte=after.newest), vector)
    if after.last:
        score, image_id = after.last
        left = left.filter(Q(distance__gt=-score) | Q(distance=-score, image_id__gt=image_id))
    found = _hits(left.values_list("image_id", "distance")[: limit + 1 + len(after.shown)])
    fresh = [hit for hit in found if hit.image_id.bytes[:SHOWN_BYTES] not in after.shown]
    more = len(fresh) > limit
    return Page(fresh[:limit], after.moved_to(fresh[limit - 1]) if more else None, exact=True)


def _hits(rows: Iterable[tuple[UUID, float]]) -> list[Hit]:
    return [Hit(image_id, -distance) for image_id, distance in rows]
