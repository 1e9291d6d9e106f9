"""Encode what taxonomies are made of, at once and with progress."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import taxonomy_vectors
from catalog.encoders import load_configured
from catalog.ml.encoder import EncoderUnavailable
from catalog.models import Taxonomy


class Command(BaseCommand):
    help = (
        "Make the text vectors that categories lack, as the workers do in the background. May be "
        "stopped at any time, and runs beside them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", help="this taxonomy only")

    def handle(self, *args: Any, **options: Any) -> None:
        taxonomies = Taxonomy.objects.order_by("-is_active", "-is_next", "pk")
        if options["slug"]:
            taxonomies = taxonomies.filter(slug=options["slug"])
            if not taxonomies:
                raise CommandError(f"There is no taxonomy “{options['slug']}”.")
        try:
            encoder = load_configured()
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        for taxonomy in taxonomies:
            left = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder.row).left
            started, done = time.monotonic(), 0

            def tell(count: int, taxonomy: Taxonomy = taxonomy, left: int = left) -> None:
                nonlocal done
                done += count
                rate = done / (time.monotonic() - started)  # noqa: B023
                self.stdout.write(f"{taxonomy.slug}: {done} of {left}, {rate:.0f} per second")
                self.stdout.flush()

            taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=taxonomy, after_chunk=tell)
            progress = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder.row)
            self.stdout.write(f"{taxonomy}: {progress.done} of {progress.total} encoded.")
