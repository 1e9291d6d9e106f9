"""Labels of a photo folder as categories of a taxonomy, by a CSV of `label` and `category`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog import learning, taxonomy_vectors
from catalog.models import Encoder, Taxonomy

COLUMNS = ("label", "category")


@dataclass(frozen=True)
class Nodes:
    """A taxonomy as its words alone have it, before anything was learned.

    `texts` is (n, dimension) float32, `parents` the index of each one's parent, `index` finds a
    category by its external id or by its path, written with `>`.
    """

    texts: np.ndarray
    parents: list[int | None]
    index: dict[str, int]


def nodes(*, taxonomy: Taxonomy, encoder: Encoder) -> Nodes:
    """Every category in use. Raises `ValueError` while one has no vector in `encoder`."""
    left = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder).left
    if left:
        raise ValueError(
            f"{left} categories of {taxonomy} are not encoded yet. Run "
            f"encode_taxonomy --slug {taxonomy.slug} first."
        )
    keys, texts = learning.text_vectors(taxonomy, encoder)
    rows = {row.pk: row for row in taxonomy.categories.filter(is_retired=False)}
    at = {key: place for place, key in enumerate(keys)}
    index: dict[str, int] = {}
    for place, key in enumerate(keys):
        index.setdefault(_path(rows[key].path), place)
    index |= {rows[key].external_id: place for place, key in enumerate(keys)}
    above = [rows[key].parent_id for key in keys]
    return Nodes(texts, [at.get(key) if key else None for key in above], index)


def read(file: Path, *, index: dict[str, int]) -> dict[str, int]:
    """The place of each label's category, by GROUP/LABEL as the folders are named.

    Raises:
        ValueError: no such file, no such columns, a label twice, or a category that is not in
            `index`; the message names the line.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read as text: {error}") from error
    rows = csv.DictReader(text.splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ValueError(f"{file}: expected a first line with the columns label and category.")
    found: dict[str, int] = {}
    for row in rows:
        label, category = ((row[column] or "").strip() for column in COLUMNS)
        place = index.get(category, index.get(_path(category)))
        if place is None:
            raise ValueError(
                f"{file}, line {rows.line_num}: the taxonomy has no category “{category}”. "
                "Give its id, or its whole path with > between names."
            )
        if label in found:
            raise ValueError(f"{file}, line {rows.line_num}: {label} is there twice.")
        found[label] = place
    return found


def _path(words: str) -> str:
    return " > ".join(part.strip() for part in words.replace("▸", ">").split(">"))
