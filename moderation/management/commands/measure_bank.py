"""`manage.py measure_bank`: precision and recall of a small bank on labelled photos."""

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

from catalog import labelled_photos
from catalog.labelled_photos import Photo
from catalog.ml.mini.split import is_held_out
from moderation import measuring
from moderation.curves import NoSuggestion, Share, Tally
from moderation.measuring import Measured


class Command(BaseCommand):
    help = (
        "Photos of one label play a recalled product, a few of them its exemplars: precision and "
        "recall at the threshold the lab suggests, without and with a safe bank."
    )
    # Reads files and settings only; it must run where there is no database.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--photos", type=Path, required=True, help="FOLDER/GROUP/LABEL/x.jpg")
        parser.add_argument(
            "--label",
            action="append",
            default=[],
            help="the recalled product, as GROUP/LABEL; repeat it for several",
        )
        parser.add_argument(
            "--pool", metavar="GROUP", help="also every label of GROUP in turn, added up"
        )
        parser.add_argument("--exemplars", type=int, default=5, help="how many the bank gets")
        parser.add_argument(
            "--safe", type=int, default=20, help="how many exemplars the safe bank gets"
        )
        parser.add_argument("--encoder", help="instead of the one in VITRINE_ENCODER")
        parser.add_argument("--seed", type=int, default=1, help="another one, another division")
        parser.add_argument("--json", action="store_true", help="print the result as a last line")

    def handle(self, *args: Any, photos: Path, encoder: str | None, **options: Any) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load

        if not options["label"] and not options["pool"]:
            raise CommandError("Name a product with --label GROUP/LABEL, or a group with --pool.")
        try:
            found = labelled_photos.find_photos(photos)
            wanted = _labels(found, options["label"], options["pool"])
            runtime = load(
                encoder or settings.VITRINE_ENCODER,
                revision=None if encoder else settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
            with Progress(console=Console(stderr=True)) as bar:
                task = bar.add_task(f"Embedding with {runtime.name}", total=len(found))
                read, vectors, unreadable = labelled_photos.embed(
                    photos,
                    encoder=runtime,
                    photos=found,
                    progress=lambda done: bar.advance(task, done),
                )
            measured = _measured(read, vectors, wanted, **_only(options))
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        for path, reason in unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        console = Console(file=cast(IO[str], self.stdout), width=160)
        console.print(_table(measured, f"{runtime.name}, {len(read)} photos"))
        if options["json"]:
            result = {"encoder": runtime.name, "photos": len(read)}
            lines = [each.as_json() for each in measured]
            self.stdout.write(json.dumps({**result, "measured": lines}))


def _only(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("pool", "exemplars", "safe", "seed")}


def _name(photo: Photo) -> str:
    return f"{photo.group}/{photo.label}"


def _labels(photos: list[Photo], named: list[str], pool: str | None) -> list[str]:
    """The labels to measure one by one. Raises ValueError for one nobody has a photo of."""
    there = {_name(photo) for photo in photos}
    for label in named:
        if label.strip("/") not in there:
            raise ValueError(f"No photo is labelled {label}. Labels read GROUP/LABEL.")
    if pool and pool not in {photo.group for photo in photos}:
        raise ValueError(f"There is no group {pool} among the photos.")
    return [label.strip("/") for label in named]


def _measured(
    photos: list[Photo],
    vectors: np.ndarray,
    wanted: list[str],
    *,
    pool: str | None,
    exemplars: int,
    safe: int,
    seed: int,
) -> list[Measured]:
    paths = [photo.path for photo in photos]
    names = np.array([_name(photo) for photo in photos])
    unseen = np.array([is_held_out(path) for path in paths])

    def one(label: str) -> Measured:
        try:
            given = measuring.plan(paths, names == label, exemplars=exemplars, seed=seed)
            return measuring.measure(label, vectors, given, unseen=unseen, safe_exemplars=safe)
        except (NoSuggestion, ValueError) as error:
            raise ValueError(f"{label}: {error}") from error

    measured = [one(label) for label in wanted]
    if pool:
        group = sorted({_name(photo) for photo in photos if photo.group == pool})
        measured.append(
            measuring.pool(f"all {len(group)} of {pool}", [one(each) for each in group])
        )
    return measured


def _table(measured: list[Measured], title: str) -> Table:
    table = Table(title=title)
    table.add_column("recalled product")
    for column in ("safe bank", "threshold", "precision", "recall"):
        table.add_column(column, justify="right")
    for column in ("precision, unseen", "recall, unseen"):
        table.add_column(column, justify="right")
    for each in measured:
        for words, judgement in (("no", each.without), (str(each.safe_exemplars), each.safe)):
            table.add_row(
                f"{each.label} ({each.photos})" if judgement is each.without else "",
                words,
                f"{judgement.threshold:.3f}",
                *_cells(judgement.judged),
                *_cells(judgement.unseen),
                end_section=judgement is each.safe,
            )
    table.caption = "Unseen: photos of the tenth that the bundled model was not trained on."
    return table


def _cells(found: Tally) -> tuple[str, str]:
    return _cell(found.precision), _cell(found.recall)


def _cell(share: Share) -> str:
    if share.value is None:
        return "none"
    counts = f"{share.successes}/{share.trials}"
    return f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f}) {counts}"
