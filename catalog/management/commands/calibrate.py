"""`manage.py calibrate`: make shown probabilities honest, by labelled photos or by verdicts."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from catalog import calibrating, labelled_photos
from catalog.encoders import load_configured
from catalog.ml.mini.split import held_out
from catalog.models import Encoder, Taxonomy


class Command(BaseCommand):
    help = (
        "Fit a temperature on labelled folders (DIR/GROUP/LABEL/photo.jpg, LABEL being a "
        "category's id), or without --photos on what staff confirmed, and put it in force."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--photos", type=Path)
        parser.add_argument("--taxonomy", help="its slug; the active one if not given")
        parser.add_argument(
            "--all",
            action="store_true",
            help="also photos the bundled model was trained on, of which it is too sure",
        )
        parser.add_argument("--dry-run", action="store_true", help="measure and change nothing")

    def handle(
        self,
        *args: Any,
        photos: Path | None,
        taxonomy: str | None,
        all: bool,
        dry_run: bool,
        **options: Any,
    ) -> None:
        wanted = {"slug": taxonomy} if taxonomy else {"is_active": True}
        tree = Taxonomy.objects.filter(**wanted).first()
        if tree is None:
            raise CommandError("There is no such taxonomy. Load one with load_taxonomy.")
        try:
            encoder, fitted = (
                _by_photos(photos, tree, all) if photos is not None else _by_verdicts(tree)
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        console = Console(file=cast(IO[str], self.stdout))
        console.print(_table(fitted))
        if dry_run:
            return
        if calibrating.put_in_force(taxonomy=tree, encoder=encoder, fitted=fitted):
            self.stdout.write(f"In force for {tree} from the next photo on.")
        else:
            self.stdout.write("Not put in force: the probabilities were as honest before.")


def _by_photos(folder: Path, tree: Taxonomy, everything: bool) -> tuple[Encoder, calibrating.Fit]:
    from catalog.ml.encoder import EncoderUnavailable

    found = labelled_photos.find_photos(folder)
    try:
        loaded = load_configured()
    except EncoderUnavailable as error:
        raise CommandError(str(error)) from error
    if loaded.row.is_mini and not everything:
        kept = set(held_out([photo.path for photo in found]))
        found = [photo for photo in found if photo.path in kept]
    read, vectors, _ = labelled_photos.embed(folder, encoder=loaded.runtime, photos=found)
    names = [(photo.label or photo.group).rsplit("/", 1)[-1] for photo in read]
    return loaded.row, calibrating.from_vectors(
        taxonomy=tree, encoder=loaded.row, vectors=vectors, external_ids=names
    )


def _by_verdicts(tree: Taxonomy) -> tuple[Encoder, calibrating.Fit]:
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        raise CommandError("No encoder has been loaded yet. Start a worker first.")
    return encoder, calibrating.from_verdicts(taxonomy=tree, encoder=encoder)


def _table(fitted: calibrating.Fit) -> Table:
    table = Table("confidence", "photos", "sure", "right", title=f"÷ {fitted.temperature:.3f}")
    for each in fitted.after:
        table.add_row(
            f"{each.low:.2f} to {each.high:.2f}",
            str(each.count),
            f"{each.confidence:.3f}",
            f"{each.accuracy:.3f}",
        )
    table.caption = (
        f"{fitted.photos} photos; expected calibration error "
        f"{fitted.error_before:.3f} before, {fitted.error_after:.3f} after"
    )
    return table
