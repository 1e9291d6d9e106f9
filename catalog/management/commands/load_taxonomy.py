"""Load a taxonomy file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import taxonomy
from catalog.taxonomy_files import SLUG, TaxonomyError

SHOWN = 5  # changes of each kind that --dry-run names


class Command(BaseCommand):
    help = (
        "Load a taxonomy file (YAML, CSV, Shopify's or Google's text) and make it the active one "
        "once it is encoded. Loading it again updates it and loses no tag."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=taxonomy.STARTER)
        parser.add_argument("--slug", default="", help="which taxonomy this is a version of")
        parser.add_argument("--name", default="", help="what people call it")
        parser.add_argument("--taxonomy-version", default="", help="the version of the file")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--no-activate", action="store_true", help="leave the active one be")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document = taxonomy.open_file(options["file"])
            stem = options["file"].stem.lower()
            document = document.named(
                slug=options["slug"] or document.slug or (stem if SLUG.fullmatch(stem) else ""),
                name=options["name"],
                version=options["taxonomy_version"],
            )
            changes = taxonomy.compare(document=document)
        except TaxonomyError as error:
            raise CommandError(str(error)) from error
        self._report(changes)
        if options["dry_run"]:
            return
        loaded = taxonomy.apply(document=document, activate=not options["no_activate"])
        count = loaded.categories.filter(is_retired=False).count()
        state = "active" if loaded.is_active else "not active"
        if loaded.is_next:
            state = "the active one as soon as it is encoded"
        self.stdout.write(f"{loaded}: {count} categories, {state}.")

    def _report(self, changes: taxonomy.Changes) -> None:
        for kind, found in changes.by_kind().items():
            if not found:
                continue
            tags = sum(change.tags for change in found)
            self.stdout.write(f"{kind}: {len(found)}" + (f", on {tags} photos" if tags else ""))
            for change in found[:SHOWN] if kind != "added" else ():
                before = f"{change.before} → " if change.before else ""
                self.stdout.write(f"  {before}{change.path}")
        self.stdout.write(f"unchanged: {changes.unchanged}")
