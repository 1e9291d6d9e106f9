"""Load the configured encoder once: download it, check it, encode what it has not seen."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.encoders import load_configured
from catalog.ml.encoder import EncoderUnavailable
from catalog.pipeline import load_stages


class Command(BaseCommand):
    help = "Load the configured encoder, make it active, and encode categories and exemplars."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            encoder = load_configured()
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        for stage in load_stages():
            stage.prepare(encoder)
        row = encoder.row
        self.stdout.write(
            f"{row.name}: {row.dimension} dimensions, {encoder.runtime.dtype} on "
            f"{encoder.runtime.device}, {row.scoring} scoring"
        )
