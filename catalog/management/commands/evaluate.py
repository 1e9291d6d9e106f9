"""`manage.py evaluate FOLDER`: how well the configured encoder tags labelled photos, unseen."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from catalog import evaluation
from catalog.ml import scoring


class Command(BaseCommand):
    help = (
        "Zero-shot accuracy of the configured encoder on labelled folders "
        "(FOLDER/GROUP/LABEL/photo.jpg), each photo scored against every label of every group."
    )
    # Reads files and settings only; it must run where there is no database.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true", help="print the result as a last line")
        parser.add_argument(
            "--held-out",
            action="store_true",
            help="only the photos the bundled model's training never saw",
        )
        parser.add_argument("--limit", type=int, help="at most this many photos, evenly spaced")

    def handle(
        self,
        *args: Any,
        folder: Path,
        json: bool,
        held_out: bool,
        limit: int | None,
        **options: Any,
    ) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load

        progress_console = Console(stderr=True)
        try:
            found = evaluation.find_photos(folder)
            photos = evaluation.spread(_held_out(found) if held_out else found, limit)
            encoder = load(
                settings.VITRINE_ENCODER,
                revision=settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
            with Progress(console=progress_console) as bar:
                task = bar.add_task(f"Scoring with {encoder.name}", total=len(photos))
                report = evaluation.evaluate(
                    folder,
                    encoder=encoder,
                    templates=scoring.load_templates(settings.VITRINE_PROMPT_TEMPLATES),
                    photos=photos,
                    classes=evaluation.class_names(found),
                    progress=lambda done: bar.advance(task, done),
                )
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        for table in _tables(report):
            Console(file=cast(IO[str], self.stdout)).print(table)
        for path, reason in report.unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        if json:
            self.stdout.write(_line(report))


def _held_out(photos: list[evaluation.Photo]) -> list[evaluation.Photo]:
    from catalog.ml.mini.split import held_out

    kept = set(held_out([photo.path for photo in photos]))
    return [photo for photo in photos if photo.path in kept]


def _line(report: evaluation.Report) -> str:
    return json.dumps(report.as_json())


def _tables(report: evaluation.Report) -> list[Table]:
    groups = _accuracy(f"{report.encoder}: {report.classes} classes", "group")
    for name, tally in report.groups.items():
        groups.add_row(name, str(tally.images), f"{tally.top1:.3f}", f"{tally.top5:.3f}")
    groups.caption = f"mean probability of the right class {report.confidence:.3f}"
    if report.unreadable:
        groups.caption += f", {len(report.unreadable)} photos could not be read"
    labels = _accuracy("Each label", "label")
    for (group, label), tally in report.labels.items():
        labels.add_row(
            f"{group}/{label}", str(tally.images), f"{tally.top1:.3f}", f"{tally.top5:.3f}"
        )
    pairs = Table("class", "taken for", "photos", title="Most frequent confusions")
    for right, wrong, count in report.confusions[:15]:
        pairs.add_row(right, wrong, str(count))
    return [labels, pairs, groups]


def _accuracy(title: str, first: str) -> Table:
    table = Table(first, title=title)
    for column in ("photos", "top-1", "top-5"):
        table.add_column(column, justify="right")
    return table
