"""Labelled photos: a folder GROUP/LABEL/photo.jpg, and what an encoder makes of it.

Same encoder and prompt templates as the pipeline; no database, no Django.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

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
    def folder(self) -> str:
        """GROUP/LABEL, or the group alone."""
        return "/".join(filter(None, (self.group, self.label)))

    @property
    def class_name(self) -> str:
        """The label's last part as words; the whole of what the text tower is told."""
        return scoring.readable((self.label or self.group).rsplit("/", 1)[-1])


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
