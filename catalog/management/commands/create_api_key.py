"""`manage.py create_api_key SHOP --name "Nightly import"`: a key for the REST API."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog import keys, storefronts
from catalog.choices import Scope
from catalog.keys import KeyRefused
from catalog.models import Storefront


class Command(BaseCommand):
    help = "Create an API key for a storefront and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("storefront", help="The storefront's slug.")
        parser.add_argument("--name", required=True, help="What the key is for.")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="What it may do; more than one are allowed. By default everything.",
        )
        parser.add_argument("--days", type=int, help="After so many it expires. By default never.")
        parser.add_argument(
            "--test", action="store_true", help="A test key, for the storefront's sandbox."
        )

    def handle(
        self,
        *args: Any,
        storefront: str,
        name: str,
        scope: list[str] | None = None,
        days: int | None = None,
        test: bool = False,
        **options: Any,
    ) -> None:
        shop = Storefront.objects.filter(slug=storefront).first()
        if shop is None:
            slugs = Storefront.objects.live().values_list("slug", flat=True)
            known = ", ".join(slugs) or "none yet"
            raise CommandError(f"There is no storefront {storefront!r}. Storefronts: {known}.")
        if test:
            shop = storefronts.sandbox_of(storefront=shop)
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        try:
            _, plaintext = keys.create_key(
                storefront=shop, name=name, scopes=scope, expires_at=expires_at
            )
        except KeyRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write("Keep this key safe: it is not stored and cannot be shown again.")
        self.stdout.write(plaintext)  # alone on standard output, so that a script can take it
