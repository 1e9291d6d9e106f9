"""`manage.py create_api_key SHOP --name "Nightly import"`: a key for the REST API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog import keys
from catalog.models import Storefront


class Command(BaseCommand):
    help = "Create an API key for a storefront and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("storefront", help="The storefront's slug.")
        parser.add_argument("--name", required=True, help="What the key is for.")

    def handle(self, *args: Any, storefront: str, name: str, **options: Any) -> None:
        shop = Storefront.objects.filter(slug=storefront).first()
        if shop is None:
            known = ", ".join(Storefront.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no storefront {storefront!r}. Storefronts: {known}.")
        _, plaintext = keys.create_key(storefront=shop, name=name)
        self.stderr.write("Keep this key safe: it is not stored and cannot be shown again.")
        self.stdout.write(plaintext)  # alone on standard output, so that a script can take it
