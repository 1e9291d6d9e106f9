"""`manage.py hash_photos`: perceptual hashes for photos processed before there were any."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog import hashing
from catalog.models import Image


class Command(BaseCommand):
    help = "Compute the perceptual hashes that are missing. It may be stopped and started again."

    def handle(self, *args: Any, **options: Any) -> None:
        result = hashing.hash_missing(progress=self._tell, refused=self._refused)
        if not result.total:
            self.stdout.write("Every processed photo has its hash.")

    def _tell(self, so_far: hashing.Hashed) -> None:
        left_out = f", {so_far.unreadable} unreadable" if so_far.unreadable else ""
        self.stdout.write(f"{so_far.done} of {so_far.total} hashed{left_out}")

    def _refused(self, image: Image, reason: str) -> None:
        self.stderr.write(f"Left out {image.pk}: {reason}")
