"""The map: fitting projections to an encoder's vectors, and giving every photo its place.

The rows are the job. A vector without a place is work to be done; each chunk commits by itself, so
a killed worker loses one chunk, and photos that come later are placed by the same code.
"""

import io
import time
from collections.abc import Iterable

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from catalog.choices import MapKind
from catalog.ml.arranging import Landmarks, arrange
from catalog.ml.projecting import Linear, principal
from catalog.models import Embedding, Encoder, MapPoint, Projection, Storefront

TEND = "catalog.tasks.tend_map"
FEWEST = 3  # photos; fewer have no shape
NEIGHBOURS_FROM = 50  # photos; fewer are seen at a glance anyway
SAMPLE = 8_000  # photos that a projection is fitted on
LANDMARKS = 1_200
CHUNK = 2_000  # photos placed per transaction
GROWN = 2  # times as many photos as at the fit: fit anew
LOCK = 0x3A9  # first half of the advisory lock's key; the second is the encoder


def shown(encoder: Encoder, kind: MapKind) -> Projection | None:
    """The newest projection that has placed every photo; before there is one, the newest."""
    every = Projection.objects.filter(encoder=encoder, kind=kind).order_by("-version")
    return every.exclude(placed_at=None).first() or every.first()


def to_place(encoder: Encoder) -> list[Projection]:
    """The newest projection of each kind, the quick one first."""
    newest = Projection.objects.filter(encoder=encoder).order_by("kind", "-version")
    return list(newest.distinct("kind"))


def due(encoder: Encoder) -> MapKind | None:
    """The kind of projection that is to be fitted next, the quick one first, if any."""
    photos = _shown(encoder.pk).count()
    for kind, fewest in ((MapKind.LINEAR, FEWEST), (MapKind.NEIGHBOURS, NEIGHBOURS_FROM)):
        newest = (
            Projection.objects.filter(encoder=encoder, kind=kind)
            .order_by("-version")
            .only("photos")
            .first()
        )
        if photos >= (GROWN * newest.photos if newest else fewest):
            return kind
    return None


def fit(*, encoder: Encoder, kind: MapKind) -> Projection | None:
    """Fit a new version on a sample of the photos; None if there are too few, or somebody else is
    at it. Less than a second for principal components, some seconds for neighbours."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, encoder.pk])
        if not cursor.fetchone()[0]:
            return None
        rows = _shown(encoder.pk)
        # Photos' ids are random, so the first ones by id are a sample, and the same one each time.
        vectors = _vectors(rows.order_by("image_id")[:SAMPLE].iterator(500))
        if len(vectors) < FEWEST:
            return None
        linear = principal(vectors)
        newest = Projection.objects.filter(encoder=encoder, kind=kind).order_by("-version").first()
        return Projection.objects.create(
            encoder=encoder,
            kind=kind,
            version=newest.version + 1 if newest else 1,
            parameters=_packed(
                linear, _landmarks(vectors, linear) if kind == MapKind.NEIGHBOURS else None
            ),
            photos=rows.count(),
            sample=len(vectors),
            explained=linear.explained,
        )


def place(*, projection: Projection, seconds: float) -> int:
    """Give photos without one their place, for about so long; returns how many got one.

    Once all have one, earlier versions are deleted.
    """
    mapped = opened(projection)
    deadline = time.monotonic() + seconds
    done = 0
    while time.monotonic() < deadline:
        rows = list(unplaced(projection).order_by("pk")[:CHUNK])
        if not rows:
            _complete(projection)
            break
        places = mapped.place(_vectors(rows))
        try:
            with transaction.atomic():
                MapPoint.objects.bulk_create(
                    [
                        MapPoint(projection=projection, embedding=row, x=float(x), y=float(y))
                        for row, (x, y) in zip(rows, places, strict=True)
                    ],
                    ignore_conflicts=True,  # another worker was here
                )
        except IntegrityError:
            continue  # a photo was erased, or embedded anew, meanwhile: look again
        done += len(rows)
    return done


def unplaced(projection: Projection) -> QuerySet[Embedding]:
    """Vectors of its encoder without a place in it."""
    placed = MapPoint.objects.filter(projection=projection, embedding=OuterRef("pk"))
    return _shown(projection.encoder_id).filter(~Exists(placed))


def _shown(encoder_id: int) -> QuerySet[Embedding]:
    """Vectors of the photos on the map: sandboxes have theirs to themselves."""
    found = Embedding.objects.filter(encoder=encoder_id)
    sandboxes = Storefront.objects.sandbox_ids()
    return found.exclude(image__storefront__in=sandboxes) if sandboxes else found


def opened(projection: Projection) -> Linear | Landmarks:
    """The projection as something that places vectors."""
    with np.load(io.BytesIO(bytes(projection.parameters)), allow_pickle=False) as stored:
        linear = Linear(stored["mean"], stored["axes"], projection.explained)
        if projection.kind == MapKind.LINEAR:
            return linear
        reach = float(stored["reach"])
        return Landmarks(stored["landmarks"], stored["places"], linear, reach)


def centre_of(projection: Projection) -> np.ndarray:
    """The mean (dimension,) of the photos it was fitted on."""
    mapped = opened(projection)
    return mapped.mean if isinstance(mapped, Linear) else mapped.linear.mean


def _landmarks(vectors: np.ndarray, linear: Linear) -> Landmarks:
    return arrange(vectors, linear, landmarks=min(LANDMARKS, max(FEWEST, len(vectors) // 4)))


def _packed(linear: Linear, landmarks: Landmarks | None) -> bytes:
    arrays = {"mean": linear.mean, "axes": linear.axes}
    if landmarks:
        arrays |= {
            "landmarks": landmarks.vectors,
            "places": landmarks.places,
            "reach": np.array(landmarks.reach),
        }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _vectors(rows: Iterable[Embedding]) -> np.ndarray:
    # One at a time: as Python's numbers they take eight times the memory.
    return np.array([np.array(row.vector, dtype=np.float32) for row in rows])


def _complete(projection: Projection) -> None:
    if projection.placed_at is None:
        projection.placed_at = timezone.now()
        projection.save(update_fields=["placed_at"])
    earlier = Projection.objects.filter(
        encoder=projection.encoder_id, kind=projection.kind, version__lt=projection.version
    )
    if earlier.exists():
        earlier.delete()
