"""`manage.py learning_curve --photos DIR`: what confirmed photos are worth, measured."""

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

from catalog import labelled_photos, learning_curve
from catalog.ml import scoring


class Command(BaseCommand):
    help = (
        "Accuracy against confirmed photos per label on labelled folders "
        "(DIR/GROUP/LABEL/photo.jpg). Half of the photos may be confirmed, the others are judged."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--photos", type=Path, required=True)
        parser.add_argument("--json", action="store_true", help="print the result as a last line")
        parser.add_argument("--seeds", type=int, default=5)

    def handle(self, *args: Any, photos: Path, json: bool, seeds: int, **options: Any) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load
        from catalog.ml.mini.split import is_held_out

        if seeds < 1:
            raise CommandError("--seeds must be at least 1.")
        try:
            found = labelled_photos.find_photos(photos)
            encoder = load(
                settings.VITRINE_ENCODER,
                revision=settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
            with Progress(console=Console(stderr=True)) as bar:
                task = bar.add_task(f"Encoding with {encoder.name}", total=len(found))
                read, vectors, unreadable = labelled_photos.embed(
                    photos,
                    encoder=encoder,
                    photos=found,
                    progress=lambda done: bar.advance(task, done),
                )
            classes = labelled_photos.class_names(found)
            templates = scoring.load_templates(settings.VITRINE_PROMPT_TEMPLATES)
            known = labelled_photos.class_vectors(encoder, classes, templates)
            unknown = labelled_photos.class_vectors(
                encoder, learning_curve.unknown_words(classes), templates
            )
            labels = np.array([classes.index(photo.class_name) for photo in read])
            unseen = np.array([is_held_out(photo.path) for photo in read])
            curves = {}
            for name, texts, own in (
                ("never seen", known, unseen),
                ("never seen, words unknown", unknown, unseen),
                ("all photos", known, np.ones(len(read), dtype=bool)),
                ("all photos, words unknown", unknown, np.ones(len(read), dtype=bool)),
            ):
                paths = [photo.path for photo, mine in zip(read, own, strict=True) if mine]
                if paths:
                    curves[name] = learning_curve.curve(
                        texts, vectors[own], labels[own], paths, seeds=seeds
                    )
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        for name, points in curves.items():
            Console(file=cast(IO[str], self.stdout)).print(_table(name, points, len(classes)))
        for path, reason in unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        if json:
            self.stdout.write(_line(curves))


def _table(name: str, points: list[learning_curve.Point], classes: int) -> Table:
    table = Table("confirmed per label", "there were", "top-1", "±", title=f"{name}: {classes}")
    for point in points:
        table.add_row(
            str(point.shots),
            f"{point.confirmed:.1f}",
            f"{100 * point.top1:.1f}",
            f"{100 * point.error:.1f}",
        )
    return table


def _line(curves: dict[str, list[learning_curve.Point]]) -> str:
    return json.dumps(
        {
            name: [
                {
                    "shots": point.shots,
                    "confirmed": point.confirmed,
                    "top1": point.top1,
                    "error": point.error,
                }
                for point in points
            ]
            for name, points in curves.items()
        }
    )
