"""What a storefront decides about its tags: the taxonomy, and the parts of it that it leaves out.

Decisions hold for photos tagged from then on.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.models import Category, Storefront, StorefrontPrune, Taxonomy


class PruneRefused(ValueError):
    """The category is not one this storefront could use anyway; the message says why."""


@transaction.atomic
def choose_taxonomy(*, storefront: Storefront, taxonomy: Taxonomy | None) -> None:
    """Tag its photos against `taxonomy`, or against whichever is active. What it pruned of others
    is kept, for the day it chooses them again."""
    storefront.taxonomy = taxonomy
    storefront.save(update_fields=["taxonomy"])


@transaction.atomic
def prune(*, storefront: Storefront, category: Category, by: AbstractBaseUser) -> None:
    """Leave out `category` and everything below it. Raises `PruneRefused`."""
    if category.is_retired:
        raise PruneRefused(f"{category.name} is retired: no photo is tagged with it any more.")
    StorefrontPrune.objects.get_or_create(
        storefront=storefront, category=category, defaults={"pruned_by_id": by.pk}
    )


@transaction.atomic
def unprune(*, storefront: Storefront, category: Category) -> None:
    """Use `category` again, except for what is pruned further down."""
    StorefrontPrune.objects.filter(storefront=storefront, category=category).delete()
