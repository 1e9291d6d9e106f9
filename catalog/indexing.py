"""The search index: one HNSW graph per encoder over the vectors it has taken in.

A vector is stored without any (`COPY` is 200 times faster than insertion into a graph) and is
*growing*: searches scan it exactly. It is *sealed* when it gets the generation of the index that
covers it. Few are sealed one by one, which inserts them into the graph. After a bulk load a new
index is built over everything beside the old one, in parallel, and takes its place.
"""

import time
from enum import Enum

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q

from catalog.hnsw import create, current, drop, indexes
from catalog.locks import alone, is_held
from catalog.models import Embedding, Encoder

TEND = "catalog.tasks.tend_index"
CHUNK = 200  # rows sealed per transaction: about half a second of insertion
COLLECT = 20_000  # rows per statement when nothing has to be inserted into a graph
# Building is two to ten times as fast as inserting one by one (docs/benchmarks.md): from a
# quarter on, building anew is sooner done.
REBUILD_SHARE = 4
REBUILD_FROM = 2_000  # rows; fewer are inserted within seconds, whatever their share
LOCK = 0x5EA1  # first half of the advisory lock's key; the second is the encoder


class Step(Enum):
    """What an encoder's index needs next."""

    NOTHING = "nothing"
    SEAL = "seal"
    BUILD = "build"


def growing(encoder: Encoder, generation: int | None) -> Q:
    """The condition for vectors that the index of this generation does not cover."""
    own = Q(encoder=encoder)
    if generation is None:
        return own
    return own & (Q(generation=None) | Q(generation__gt=generation))


def next_step(encoder: Encoder) -> Step:
    """What to do now. A few index look-ups, unless thousands of vectors are growing."""
    index = current(encoder)
    waiting = Embedding.objects.filter(
        growing(encoder, index.generation if index else None)
    ).count()
    if index is None:
        return Step.BUILD if waiting >= settings.VITRINE_INDEX_FROM else Step.NOTHING
    if not waiting:
        return Step.NOTHING
    if waiting < REBUILD_FROM:
        return Step.SEAL
    total = Embedding.objects.filter(encoder=encoder).count()
    return Step.BUILD if waiting * REBUILD_SHARE > total else Step.SEAL


def seal(*, encoder: Encoder, seconds: float) -> int:
    """Insert growing vectors into the index, the oldest first, for about so long; how many."""
    index = current(encoder)
    if index is None:
        return 0
    deadline = time.monotonic() + seconds
    done = 0
    while time.monotonic() < deadline:
        sealed = _take_in(growing(encoder, index.generation), index.generation, CHUNK)
        done += sealed
        if not sealed:
            break
    return done


def build(*, encoder: Encoder) -> bool:
    """Build a new index over everything and drop the older ones; False if somebody else is at it.

    May be killed at any time: what was left half built is dropped by the next call. Searches use
    the old index meanwhile and scan what it lacks. Cannot run inside a transaction.
    """
    with alone(LOCK, encoder.pk) as mine:
        if not mine:
            return False
        _tidy(encoder)
        last = Embedding.objects.filter(encoder=encoder).aggregate(at=Max("generation"))["at"]
        used = current(encoder)
        generation = 1 + max(last or 0, used.generation if used else 0)
        # No index covers this generation yet, so nothing is inserted anywhere.
        while _take_in(Q(encoder=encoder, generation=None), generation, COLLECT):
            pass
        create(encoder=encoder, generation=generation)
        _tidy(encoder)
        with connection.cursor() as cursor:
            # Until then every search passes by all rows as they were while they were growing.
            cursor.execute("VACUUM (ANALYZE) catalog_embedding")
    return True


def tidy(*, encoder: Encoder) -> None:
    """Drop what a build that was killed left behind, unless one is under way."""
    with alone(LOCK, encoder.pk) as mine:
        if mine:
            _tidy(encoder)


def _tidy(encoder: Encoder) -> None:
    used = current(encoder)
    for index in indexes(encoder):
        if index != used:
            drop(index=index)


def is_being_built(encoder: Encoder) -> bool:
    """True while somebody's `build` runs, in whatever process."""
    return is_held(LOCK, encoder.pk)


@transaction.atomic
def _take_in(which: Q, generation: int, limit: int) -> int:
    rows = (
        Embedding.objects.filter(which)
        .order_by("pk")
        .select_for_update(skip_locked=True, no_key=True)
    )
    ids = list(rows.values_list("pk", flat=True)[:limit])
    return Embedding.objects.filter(pk__in=ids).update(generation=generation)
