"""`manage.py synthesise_photos`: many live photos with vectors, to measure or try sweeps on."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Encoder, Storefront
from moderation import synthesising


class Command(BaseCommand):
    help = "Add made-up live photos with clustered vectors, or erase them again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", nargs="?", type=int, default=0, help="How many photos.")
        parser.add_argument("--clusters", type=int, default=200)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--storefront", default="synthetic", help="Slug; made when missing.")
        parser.add_argument("--hashes", action="store_true", help="Perceptual hashes as well.")
        parser.add_argument("--erase", action="store_true", help="Delete all made-up photos.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["erase"]:
            self.stdout.write(f"{synthesising.erase():,} made-up photos erased.")
            return
        if options["count"] < 1 or options["clusters"] < 1 or options["seed"] < 0:
            raise CommandError("Say how many photos, for example: synthesise_photos 100000")
        encoder = Encoder.objects.filter(is_active=True).first()
        if encoder is None:
            raise CommandError("There is no encoder yet. Run manage.py prepare_encoder first.")
        storefront, _ = Storefront.objects.get_or_create(
            slug=options["storefront"], defaults={"name": options["storefront"].capitalize()}
        )
        began = time.monotonic()
        try:
            count = synthesising.synthesise(
                count=options["count"],
                storefront=storefront,
                encoder=encoder,
                clusters=options["clusters"],
                seed=options["seed"],
                hashes=options["hashes"],
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{count:,} photos in {options['clusters']} clusters, {encoder.dimension} dimensions, "
            f"in {time.monotonic() - began:.1f} s."
        )
