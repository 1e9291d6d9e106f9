"""`manage.py learning_curve FOLDER`: what confirmed photos are worth, measured."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from catalog import label_mapping, labelled_photos, learning_curve
from catalog.encoders import register
from catalog.labelled_photos import Photo
from catalog.learning_curve import Point
from catalog.ml import scoring
from catalog.ml.mini.split import is_held_out
from catalog.models import Taxonomy

Curves = dict[str, list[Point]]


class Command(BaseCommand):
    help = (
        "Accuracy against confirmed photos per label on labelled folders "
        "(FOLDER/GROUP/LABEL/photo.jpg). Half of the photos may be confirmed, the others are "
        "judged, against each other's labels or against every category of a taxonomy."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--taxonomy", help="judge against all categories of the one with this slug"
        )
        parser.add_argument(
            "--mapping",
            type=Path,
            help="CSV: label (GROUP/LABEL) and category (id, or path with >)",
        )
        parser.add_argument("--json", action="store_true", help="print the result as a last line")
        parser.add_argument("--seeds", type=int, default=5)

    def handle(
        self,
        *args: Any,
        folder: Path,
        taxonomy: str | None,
        mapping: Path | None,
        json: bool,
        seeds: int,
        **options: Any,
    ) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load

        if seeds < 1:
            raise CommandError("--seeds must be at least 1.")
        if (taxonomy is None) != (mapping is None):
            raise CommandError("--taxonomy and --mapping belong together: give both or neither.")
        try:
            found = labelled_photos.find_photos(folder)
            encoder = load(
                settings.VITRINE_ENCODER,
                revision=settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
            nodes, places = None, {}
            if taxonomy is not None and mapping is not None:
                tree = Taxonomy.objects.filter(slug=taxonomy).first()
                if tree is None:
                    raise ValueError(f"There is no taxonomy “{taxonomy}”. See load_taxonomy.")
                nodes = label_mapping.nodes(taxonomy=tree, encoder=register(runtime=encoder))
                places = label_mapping.read(mapping, index=nodes.index)
                found = self._mapped(found, places)
            with Progress(console=Console(stderr=True)) as bar:
                task = bar.add_task(f"Encoding with {encoder.name}", total=len(found))
                read, vectors, unreadable = labelled_photos.embed(
                    folder,
                    encoder=encoder,
                    photos=found,
                    progress=lambda done: bar.advance(task, done),
                )
            # Other encoders were trained on none of these photos, as far as anybody knows.
            unseen = np.array([is_held_out(photo.path) or not encoder.is_mini for photo in read])
            half = learning_curve.may_be_confirmed([photo.path for photo in read])
            if nodes:
                curves = _in_taxonomy(nodes, places, read, vectors, unseen, half, seeds)
                against = len(nodes.texts)
            else:
                curves = _among_labels(encoder, read, vectors, unseen, half, seeds)
                against = len(labelled_photos.class_names(read))
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        for name, points in curves.items():
            Console(file=cast(IO[str], self.stdout)).print(_table(name, points, against))
        for path, reason in unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        if json:
            self.stdout.write(_line(curves))

    def _mapped(self, photos: list[Photo], places: dict[str, int]) -> list[Photo]:
        kept = [photo for photo in photos if photo.folder in places]
        for label in sorted({photo.folder for photo in photos} - set(places)):
            self.stderr.write(f"Left out {label}: the mapping has no line for it.")
        if not kept:
            raise ValueError("The mapping has a line for none of the labels of this folder.")
        return kept


def _among_labels(
    encoder: labelled_photos.Encoder,
    read: list[Photo],
    vectors: np.ndarray,
    unseen: np.ndarray,
    half: np.ndarray,
    seeds: int,
) -> Curves:
    classes = labelled_photos.class_names(read)
    labels = np.array([classes.index(photo.class_name) for photo in read])
    templates = scoring.load_templates(settings.VITRINE_PROMPT_TEMPLATES)
    curves = {}
    for words, names in (("", classes), (", words unknown", learning_curve.unknown_words(classes))):
        texts = labelled_photos.class_vectors(encoder, names, templates)
        for which, own in (("never seen", unseen), ("all photos", np.ones_like(unseen))):
            if own.any():
                curves[which + words] = learning_curve.curve(
                    texts, vectors, labels, pool=own & half, judged=own & ~half, seeds=seeds
                )
    return curves


def _in_taxonomy(
    nodes: label_mapping.Nodes,
    places: dict[str, int],
    read: list[Photo],
    vectors: np.ndarray,
    unseen: np.ndarray,
    half: np.ndarray,
    seeds: int,
) -> Curves:
    """All are judged on the same photos, which the bundled model never saw."""
    labels = np.array([places[photo.folder] for photo in read])
    curves = {}
    for name, pool, beside in (
        ("never seen", unseen & half, False),
        ("never seen, trained ones confirmed", ~unseen, False),
        ("never seen, of categories nobody confirmed", unseen & half, True),
    ):
        if pool.any():
            curves[name] = learning_curve.curve(
                nodes.texts,
                vectors,
                labels,
                pool=pool,
                judged=unseen & ~half,
                seeds=seeds,
                parents=nodes.parents,
                beside=beside,
            )
    return curves


def _table(name: str, points: list[Point], against: int) -> Table:
    table = Table(
        "confirmed per label", "there were", "top-1", "±", title=f"{name}: against {against}"
    )
    if points[0].f1:
        table.add_column("hierarchical F")
        table.add_column("±")
    for point in points:
        means = [point.top1, *([point.f1] if point.f1 else [])]
        table.add_row(
            str(point.shots),
            f"{point.confirmed:.1f}",
            *(f"{100 * number:.1f}" for mean in means for number in (mean.value, mean.error)),
        )
    return table


def _line(curves: Curves) -> str:
    return json.dumps(learning_curve.as_json(curves))
