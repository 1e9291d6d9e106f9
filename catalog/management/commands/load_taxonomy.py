"""Load a taxonomy file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import taxonomy


class Command(BaseCommand):
    help = "Load a taxonomy (YAML) and make it the active one; loading it again updates it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=taxonomy.STARTER)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = taxonomy.load(path=options["file"])
        except taxonomy.TaxonomyError as error:
            raise CommandError(str(error)) from error
        count = loaded.categories.filter(is_retired=False).count()
        self.stdout.write(f"{loaded}: {count} categories, active.")
