"""`manage.py compare_decisions FOLDER`: ways of deciding tags along a tree, on labelled photos."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from catalog import comparing_decisions, labelled_photos, taxonomy, taxonomy_files
from catalog.comparing_decisions import KEPT, Labelled, Row
from catalog.ml import scoring
from catalog.ml.tree import Tree

CHUNK = 64


class Command(BaseCommand):
    help = (
        "Compare ways of deciding tags on labelled folders (FOLDER/GROUP/LABEL/photo.jpg). "
        "Labels are ids of the taxonomy, or a mapping says which they are."
    )
    # Reads files and settings only; it must run where there is no database.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--taxonomy", type=Path, default=taxonomy.STARTER, help="a file; the starter's if none"
        )
        parser.add_argument(
            "--mapping", type=Path, help="a CSV with the columns label (its folder) and category"
        )
        parser.add_argument("--precision", type=float, default=0.85)
        parser.add_argument("--coverage", type=float, default=0.9)
        parser.add_argument("--limit", type=int, help="at most this many photos, evenly spaced")
        parser.add_argument(
            "--all", action="store_true", help="also photos the bundled model was trained on"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, folder: Path, json: bool, **options: Any) -> None:
        for name in ("precision", "coverage"):
            if not 0 < options[name] <= 1:
                raise CommandError(f"--{name} is a share: above 0 and at most 1.")
        try:
            document = taxonomy_files.read(options["taxonomy"].read_bytes())
            index = {node.external_id: at for at, node in enumerate(document.nodes)}
            found = _labelled(folder, index, options["mapping"])
            result = self._compared(folder, document, index, found, **options)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        if json:
            self.stdout.write(_as_json(result))
            return
        console = Console(file=cast(IO[str], self.stdout), width=120)
        console.print(_table(result))

    def _compared(
        self,
        folder: Path,
        document: taxonomy_files.Document,
        index: dict[str, int],
        labels: dict[labelled_photos.Photo, str],
        *,
        precision: float,
        coverage: float,
        limit: int | None,
        all: bool,
        **options: Any,
    ) -> dict[str, Any]:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load
        from catalog.ml.mini.split import is_held_out

        try:
            encoder = load(
                settings.VITRINE_ENCODER,
                revision=settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        if encoder.scoring != scoring.SOFTMAX:
            raise CommandError(
                "A sigmoid encoder answers each category by itself: there is nothing to compare."
            )
        mini = str(settings.MINI_MODEL) == settings.VITRINE_ENCODER
        photos = [each for each in labels if all or not mini or is_held_out(each.path)]
        read, vectors, unreadable = labelled_photos.embed(
            folder, encoder=encoder, photos=labelled_photos.spread(photos, limit)
        )
        for path, reason in unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        truth = np.array([index[labels[photo]] for photo in read])
        half = comparing_decisions.halves([photo.path for photo in read])
        if not half.any() or half.all():
            raise CommandError("There are too few photos to choose by some and judge by others.")
        tree = Tree([index[node.parent] if node.parent else None for node in document.nodes])
        templates = scoring.load_templates(settings.VITRINE_PROMPT_TEMPLATES)
        several, single = self._texts(encoder, document, templates)
        of = [
            Labelled(
                tree, encoder.logit_scale * (vectors @ texts.T).astype(np.float64), truth, half
            )
            for texts in (several, single)
        ]
        rows = comparing_decisions.compare(of[0], precision=precision, coverage=coverage)
        rows.append(comparing_decisions.with_learned(of[0], precision=precision))
        alone = comparing_decisions.compare(
            of[1], precision=precision, coverage=coverage, ways=[KEPT]
        )
        rows += [Row(f"{row.way}, one template", *_rest(row)) for row in alone]
        return {
            "encoder": encoder.name,
            "taxonomy": f"{document.name or options['taxonomy'].stem}",
            "nodes": tree.size,
            "photos": len(read),
            "level_error": comparing_decisions.level_error(of[0]),
            "rows": rows,
        }

    def _texts(
        self, encoder: Any, document: taxonomy_files.Document, templates: scoring.TemplateSet
    ) -> tuple[np.ndarray, np.ndarray]:
        """A unit vector per node (c, d), of all templates and of the first alone."""
        several, single = [], []
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("Encoding categories", total=len(document.nodes))
            for at in range(0, len(document.nodes), CHUNK):
                part = document.nodes[at : at + CHUNK]
                wanted = [
                    [
                        prompt
                        for name in (node.name, *node.synonyms)
                        for prompt in templates.fill(scoring.readable(name))
                    ]
                    for node in part
                ]
                encoded = encoder.encode_texts([text for texts in wanted for text in texts])
                start = 0
                for texts in wanted:
                    own = encoded[start : start + len(texts)]
                    several.append(scoring.ensemble(own))
                    single.append(scoring.ensemble(own[:: len(templates.templates)]))
                    start += len(texts)
                bar.advance(task, len(part))
        return np.array(several), np.array(single)


def _labelled(
    folder: Path, index: dict[str, int], mapping: Path | None
) -> dict[labelled_photos.Photo, str]:
    """The photos whose label is a category of the tree, with its id. Raises `ValueError`."""
    known = _mapping(mapping) if mapping else None
    found = {}
    for photo in labelled_photos.find_photos(folder):
        label = f"{photo.group}/{photo.label}".rstrip("/")
        category = known.get(label) if known is not None else label.rsplit("/", 1)[-1]
        if category in index:
            found[photo] = category
    if not found:
        raise ValueError(
            "No label of these photos is a category of this taxonomy. Give a --mapping, a CSV with "
            "the columns label and category."
        )
    return found


def _mapping(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"label", "category"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{path} needs the columns label and category.")
        return {row["label"]: row["category"] for row in rows if row["category"]}


def _rest(row: Row) -> tuple[str, tuple[float, ...], comparing_decisions.Figures]:
    return row.aim, row.thresholds, row.figures


def _as_json(result: dict[str, Any]) -> str:
    return json.dumps(result | {"rows": [asdict(row) for row in result["rows"]]})


def _table(result: dict[str, Any]) -> Table:
    table = Table(
        *("aim", "way", "from", "answered", "top-1", "precise", "P", "R", "F1"),
        title=f"{result['photos']} photos, {result['nodes']} categories of {result['taxonomy']}",
        caption=f"{result['encoder']}; error of the shown probabilities over all levels "
        f"{result['level_error']:.3f}",
    )
    for row in sorted(result["rows"], key=lambda row: row.aim):
        shares = asdict(row.figures).values()
        least = " ".join(f"{each:g}" for each in row.thresholds)
        table.add_row(row.aim, row.way, least, *(f"{100 * each:.1f}" for each in shares))
    return table
