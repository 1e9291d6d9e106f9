"""How well an encoder tags labelled photos it has no training for: zero-shot top-1 and top-5.

Same encoder, prompt templates and scoring code as the pipeline; no database, no Django.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.ml import scoring
from catalog.ml.images import ImageRejected

_SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"}
_BATCH: Final = 32
_AHEAD: Final = 3 * _BATCH


class Encoder(Protocol):
    """The part of :class:`catalog.ml.encoder.DualEncoder` that is used here."""

    name: str
    scoring: str
    logit_scale: float
    logit_bias: float

    def decode(self, data: bytes) -> NDArray[np.uint8]: ...
    def encode_images(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]: ...
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Photo:
    """A labelled photo: ``group`` is its top folder, ``label`` its folder's path below that."""

    path: str
    group: str
    label: str

    @property
    def class_name(self) -> str:
        """The label's last part as words; the whole of what the text tower is told."""
        return scoring.readable((self.label or self.group).rsplit("/", 1)[-1])


@dataclass(frozen=True, slots=True)
class Tally:
    """``images`` photos, and the shares (0 to 1) whose class was first, or among the first five."""

    images: int
    top1: float
    top5: float


@dataclass(frozen=True, slots=True)
class Report:
    """What :func:`evaluate` found.

    Attributes:
        classes: how many class names each photo was scored against.
        labels: per (group, label).
        confusions: (class, taken for, photos), most frequent first.
        unreadable: (path, reason) of photos left out.
        confidence: mean probability given to the right class.
    """

    encoder: str
    classes: int
    groups: dict[str, Tally]
    labels: dict[tuple[str, str], Tally]
    confusions: list[tuple[str, str, int]]
    unreadable: list[tuple[str, str]]
    confidence: float

    def as_json(self) -> dict[str, Any]:
        """``{"encoder": …, "groups": {group: {"images", "top1", "top5"}}}``."""
        groups = {
            name: {"images": tally.images, "top1": tally.top1, "top5": tally.top5}
            for name, tally in self.groups.items()
        }
        return {"encoder": self.encoder, "groups": groups}


def find_photos(folder: Path) -> list[Photo]:
    """Labelled photos under ``folder``, ordered by path; those directly in it have no group.

    Raises:
        ValueError: no such folder, or no labelled photo in it.
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if len(parts) > 1 and not hidden and path.suffix.lower() in _SUFFIXES and path.is_file():
            found.append(Photo("/".join(parts), parts[0], "/".join(parts[1:-1])))
    if not found:
        raise ValueError(
            f"{folder} holds no labelled photos. Expected GROUP/LABEL/photo.jpg below it, for "
            "example clothing/hat/1.jpg."
        )
    return found


def spread(photos: Sequence[Photo], limit: int | None) -> list[Photo]:
    """At most ``limit`` of ``photos``, evenly spaced, so that every large label keeps its share."""
    if limit is None or limit >= len(photos):
        return list(photos)
    if limit < 1:
        raise ValueError("The limit must be at least 1.")
    return [photos[index * len(photos) // limit] for index in range(limit)]


def evaluate(
    folder: Path,
    *,
    encoder: Encoder,
    templates: scoring.TemplateSet,
    photos: Iterable[Photo],
    classes: Sequence[str],
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Score each of ``photos`` (paths relative to ``folder``) against all of ``classes``.

    Labels whose last parts read the same are one class: they get the same prompts and so the same
    score, and neither could ever beat the other. They keep a row each in ``labels``.
    """
    index = {name: position for position, name in enumerate(classes)}
    texts = class_vectors(encoder, classes, templates)
    unreadable: list[tuple[str, str]] = []
    ranks: list[tuple[Photo, int]] = []
    taken_for: Counter[tuple[str, str]] = Counter()
    confidence = 0.0
    for batch, pixels in _decoded(folder, photos, encoder, unreadable, progress):
        cosines = encoder.encode_images(pixels) @ texts.T
        probabilities = scoring.probabilities(
            cosines,
            scoring=encoder.scoring,
            logit_scale=encoder.logit_scale,
            logit_bias=encoder.logit_bias,
        )
        for row, photo in enumerate(batch):
            right = index[photo.class_name]
            # Ranked by cosine, which orders like probability and never saturates into ties.
            ranks.append((photo, int((cosines[row] > cosines[row, right]).sum())))
            confidence += float(probabilities[row, right])
            best = int(cosines[row].argmax())
            if best != right:
                taken_for[photo.class_name, classes[best]] += 1
    by_group: dict[str, list[int]] = {}
    by_label: dict[tuple[str, str], list[int]] = {}
    for photo, rank in ranks:
        by_group.setdefault(photo.group, []).append(rank)
        by_label.setdefault((photo.group, photo.label), []).append(rank)
    return Report(
        encoder=encoder.name,
        classes=len(classes),
        groups={name: _tally(found) for name, found in sorted(by_group.items())},
        labels={name: _tally(found) for name, found in sorted(by_label.items())},
        confusions=[(*pair, count) for pair, count in taken_for.most_common()],
        unreadable=sorted(unreadable),
        confidence=confidence / max(1, len(ranks)),
    )


def embed(
    folder: Path,
    *,
    encoder: Encoder,
    photos: Iterable[Photo],
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[Photo], NDArray[np.float32], list[tuple[str, str]]]:
    """The vectors of ``photos``: (readable photos, (n, d) unit vectors, (path, reason) left out).

    Raises:
        ValueError: none of them could be read.
    """
    unreadable: list[tuple[str, str]] = []
    found: list[Photo] = []
    vectors: list[NDArray[np.float32]] = []
    for batch, pixels in _decoded(folder, photos, encoder, unreadable, progress):
        found.extend(batch)
        vectors.append(encoder.encode_images(pixels))
    if not found:
        raise ValueError(f"None of the photos in {folder} could be read.")
    return found, np.concatenate(vectors), sorted(unreadable)


def class_names(photos: Iterable[Photo]) -> list[str]:
    """The distinct class names of ``photos``, sorted."""
    return sorted({photo.class_name for photo in photos})


def class_vectors(
    encoder: Encoder, classes: Sequence[str], templates: scoring.TemplateSet
) -> NDArray[np.float32]:
    """One unit vector per class, (c, d): the ensemble of its filled templates."""
    prompts = [prompt for name in classes for prompt in templates.fill(name)]
    vectors = encoder.encode_texts(prompts)
    return np.stack([scoring.ensemble(part) for part in np.split(vectors, len(classes))])


def _tally(ranks: list[int]) -> Tally:
    found = np.asarray(ranks)
    return Tally(len(ranks), float((found < 1).mean()), float((found < 5).mean()))


def _decoded(
    folder: Path,
    photos: Iterable[Photo],
    encoder: Encoder,
    unreadable: list[tuple[str, str]],
    progress: Callable[[int], None],
) -> Iterator[tuple[list[Photo], list[NDArray[np.uint8]]]]:
    """Batches of readable photos with their pixels, decoded in threads ahead of the model."""
    waiting: deque[tuple[Photo, Future[NDArray[np.uint8]]]] = deque()
    batch: list[Photo] = []
    pixels: list[NDArray[np.uint8]] = []
    source = iter(photos)
    with ThreadPoolExecutor(os.cpu_count() or 2, "decode") as pool:
        while True:
            while len(waiting) < _AHEAD and (photo := next(source, None)) is not None:
                waiting.append((photo, pool.submit(_read, folder / photo.path, encoder)))
            if not waiting:
                break
            photo, future = waiting.popleft()
            try:
                pixels.append(future.result())
                batch.append(photo)
            except (ImageRejected, OSError) as error:
                unreadable.append((photo.path, str(error)))
                progress(1)
            if len(batch) == _BATCH:
                yield batch, pixels
                progress(len(batch))
                batch, pixels = [], []
        if batch:
            yield batch, pixels
            progress(len(batch))


def _read(path: Path, encoder: Encoder) -> NDArray[np.uint8]:
    return encoder.decode(path.read_bytes())
