"""Ask the photos that are here already for their attributes, at once and with progress."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.attributes import again
from catalog.encoders import load_configured
from catalog.ml.encoder import EncoderUnavailable


class Command(BaseCommand):
    help = (
        "Ask every photo for its attributes again: after loading or switching on one, or an "
        "upgrade. New photos need none of this. May be stopped at any time, and runs beside the "
        "workers; what people said stands."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            encoder = load_configured()
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        started = time.monotonic()

        def tell(so_far: again.Asked) -> None:
            rate = so_far.done / (time.monotonic() - started)
            self.stdout.write(f"{so_far.done} of {so_far.total}, {rate:.0f} per second")
            self.stdout.flush()

        result = again.ask_all(encoder=encoder, progress=tell)
        self.stdout.write(f"{result.done} photos asked, {result.unreadable} unreadable.")
