"""Vectors of what people search with. A typed text or a picture is encoded once, by the interactive
worker, and its vector kept for a day, so that later pages need no worker."""

import base64
import hashlib
from datetime import timedelta

import numpy as np
from django.utils import timezone
from pgvector import HalfVector

from catalog import asking
from catalog.encoders import LoadedEncoder
from catalog.ingest import limits
from catalog.ml.images import check, render
from catalog.ml.scoring import ensemble, readable
from catalog.models import Encoder, QueryVector
from catalog.taxonomy_vectors import templates

ENCODE_TEXT = "catalog.tasks.encode_text"
ENCODE_PICTURE = "catalog.tasks.encode_picture"
KEPT = timedelta(days=1)
SIDE = 640  # pixels; twice what encoders look at, and small enough for a message


class SearchUnavailable(RuntimeError):
    """Nothing can be searched right now; the message says why and what to do."""


class PictureForgotten(LookupError):
    """The picture was searched with too long ago."""


def active_encoder() -> Encoder:
    """The encoder whose vectors are searched. Raises `SearchUnavailable` before the first one."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        raise SearchUnavailable("No worker has loaded an encoder yet. Start one, then search.")
    return encoder


def of_text(text: str, *, encoder: Encoder) -> np.ndarray:
    """The unit vector (dimension,) of a typed text. Raises `SearchUnavailable`."""
    digest = _digest_of_text(text)
    found = _known(encoder, digest)
    if found is None:
        _ask(ENCODE_TEXT, text)
        found = _known(encoder, digest)
    if found is None:
        raise SearchUnavailable("The encoder is being changed. Try again in a moment.")
    return found


def of_picture(digest: str, *, encoder: Encoder) -> np.ndarray:
    """The unit vector of a picture that was looked at before. Raises `PictureForgotten`."""
    found = _known(encoder, digest)
    if found is None:
        raise PictureForgotten("This picture is no longer known here. Drop it again.")
    return found


def look_at(*, data: bytes, encoder: Encoder) -> str:
    """Have a picture encoded and return the digest that names its vector; it is not stored.

    Raises `ImageRejected` and `SearchUnavailable`.
    """
    check(data, limits())
    digest = hashlib.sha256(b"picture\n" + data).hexdigest()
    if _known(encoder, digest) is None:
        small = render(data, max_side=SIDE, quality=95)
        _ask(ENCODE_PICTURE, digest, base64.b64encode(small).decode())
    return digest


def encode_text(*, text: str, encoder: LoadedEncoder) -> None:
    """Worker: keep the vector of a text. It is prompted as a category is, so that both compare."""
    prompts = templates().fill(readable(text))
    vector = ensemble(encoder.runtime.encode_texts(prompts))
    _keep(encoder.row, _digest_of_text(text), vector)


def encode_picture(*, digest: str, picture: str, encoder: LoadedEncoder) -> None:
    """Worker: keep the vector of a picture, which comes as base64."""
    pixels = encoder.runtime.decode(base64.b64decode(picture))
    _keep(encoder.row, digest, encoder.runtime.encode_images([pixels])[0])


def forget_old() -> int:
    """Delete vectors that are older than a day; returns how many."""
    return QueryVector.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def blend(text: np.ndarray, picture: np.ndarray, weight: float) -> np.ndarray:
    """A unit vector between two: `weight` 0 is the text alone, 1 the picture alone.

    Opposite vectors at equal weight have nothing between them: then the picture counts.
    """
    mixed = (1 - weight) * text + weight * picture
    length = float(np.linalg.norm(mixed))
    return mixed / length if length > 1e-6 else picture


def _digest_of_text(text: str) -> str:
    said = f"text\n{templates().version}\n{readable(text)}"
    return hashlib.sha256(said.encode()).hexdigest()


def _known(encoder: Encoder, digest: str) -> np.ndarray | None:
    row = QueryVector.objects.filter(encoder=encoder, digest=digest).first()
    return None if row is None else np.asarray(row.vector, dtype=np.float32)


def _keep(encoder: Encoder, digest: str, vector: np.ndarray) -> None:
    QueryVector.objects.bulk_create(
        [QueryVector(encoder=encoder, digest=digest, vector=HalfVector(vector))],
        ignore_conflicts=True,
    )


def _ask(task: str, *arguments: str) -> None:
    try:
        asking.ask(task, *arguments)
    except asking.NobodyAnswered as error:
        raise SearchUnavailable(str(error)) from error
