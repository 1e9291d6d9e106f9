"""Load a file of attributes."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.attributes import importing
from catalog.attributes.files import STARTER, AttributesError


class Command(BaseCommand):
    help = (
        "Load a YAML file of attributes (colour, pattern, material …), by default the one that "
        "comes along. Loading it again updates it and loses nothing that photos have."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=STARTER)
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asked = importing.open_file(options["file"])
        except AttributesError as error:
            raise CommandError(str(error)) from error
        changes = importing.apply(asked=asked, dry_run=options["dry_run"])
        for kind, names in changes.by_kind().items():
            self.stdout.write(f"{kind}: {', '.join(names)}")
        if not changes:
            self.stdout.write("Nothing changed.")
