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

from catalog import evaluation, evaluation_report, labelled_photos
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
        parser.add_argument("--html", type=Path, help="write a report of one file for a browser")
        parser.add_argument(
            "--temperature",
            type=float,
            default=1.0,
            help="divide logits by it, as calibrate found",
        )

    def handle(
        self,
        *args: Any,
        folder: Path,
        json: bool,
        held_out: bool,
        limit: int | None,
        html: Path | None,
        temperature: float,
        **options: Any,
    ) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load

        progress_console = Console(stderr=True)
        if html and not html.absolute().parent.is_dir():
            raise CommandError(f"There is no folder {html.absolute().parent} to write {html} in.")
        try:
            found = labelled_photos.find_photos(folder)
            photos = labelled_photos.spread(_held_out(found) if held_out else found, limit)
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
                    classes=labelled_photos.class_names(found),
                    tree=found,
                    temperature=temperature,
                    progress=lambda done: bar.advance(task, done),
                )
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        for table in _tables(report):
            Console(file=cast(IO[str], self.stdout)).print(table)
        for path, reason in report.unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        if html:
            html.write_text(evaluation_report.as_html(report, folder), "utf-8")
            self.stdout.write(f"Written: {html}")
        if json:
            self.stdout.write(_line(report))


def _held_out(photos: list[labelled_photos.Photo]) -> list[labelled_photos.Photo]:
    from catalog.ml.mini.split import held_out

    kept = set(held_out([photo.path for photo in photos]))
    return [photo for photo in photos if photo.path in kept]


def _line(report: evaluation.Report) -> str:
    return json.dumps(report.as_json())


def _tables(report: evaluation.Report) -> list[Table]:
    groups = _accuracy(f"{report.encoder}: {report.classes} classes", "group")
    for name, tally in report.groups.items():
        groups.add_row(name, str(tally.images), f"{tally.top1:.3f}", f"{tally.top5:.3f}")
    whole = report.overall
    groups.add_row("all", str(whole.images), f"{whole.top1:.3f}", f"{whole.top5:.3f}")
    if report.unreadable:
        groups.caption = f"{len(report.unreadable)} photos could not be read"
    labels = _accuracy("Each label", "label")
    for (group, label), tally in report.labels.items():
        labels.add_row(
            f"{group}/{label}", str(tally.images), f"{tally.top1:.3f}", f"{tally.top5:.3f}"
        )
    tree = report.hierarchical
    rest = Table("measure", "value", title="All photos")
    for name, value in (
        ("mean average precision", report.mean_precision),
        ("hierarchical precision", tree.precision),
        ("hierarchical recall", tree.recall),
        ("hierarchical F", tree.f1),
        ("expected calibration error", report.calibration_error),
        ("mean probability of the right class", report.confidence),
    ):
        rest.add_row(name, f"{value:.3f}")
    pairs = Table("class", "taken for", "photos", title="Most frequent confusions")
    for right, wrong, count in report.confusions[:15]:
        pairs.add_row(right, wrong, str(count))
    return [labels, pairs, rest, groups]


def _accuracy(title: str, first: str) -> Table:
    table = Table(first, title=title)
    for column in ("photos", "top-1", "top-5"):
        table.add_column(column, justify="right")
    return table
