"""Load the configured encoder once: download it, check it, encode what it has not seen."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog import taxonomy_vectors
from catalog.encoders import load_configured
from catalog.ml.encoder import EncoderUnavailable
from catalog.models import Taxonomy
from catalog.pipeline import load_stages


class Command(BaseCommand):
    help = "Load the configured encoder, make it active, and encode categories and exemplars."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            encoder = load_configured()
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        # What photos are tagged with is waited for; the workers see to the other taxonomies.
        for taxonomy in Taxonomy.objects.in_use():
            taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=taxonomy)
        for stage in load_stages():
            stage.prepare(encoder)
        row = encoder.row
        self.stdout.write(
            f"{row.name}: {row.dimension} dimensions, {encoder.runtime.dtype} on "
            f"{encoder.runtime.device}, {row.scoring} scoring"
        )
