"""What a storefront is and decides: its settings, its sandbox, its taxonomy.

Decisions hold for photos tagged or screened from then on, and for the storefront's sandbox too: its
engineers try out what their shop will do.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from catalog import shop_history
from catalog.choices import ShopEvent
from catalog.models import Category, Storefront, StorefrontPrune, Taxonomy

SETTINGS = {
    "name": "name",
    "is_active": "active",
    "exposure": "exposure",
    "publish_before_review": "publishing before the review",
    "points_per_minute": "points a minute",
    "key_points_per_minute": "points a minute for each key",
}
SHARED_WITH_SANDBOX = ("publish_before_review",)
LONGEST_SLUG = 50


class StorefrontRefused(ValueError):
    """It cannot be made or changed so; the message says why and what can be done."""


class PruneRefused(ValueError):
    """The category is not one this storefront could use anyway; the message says why."""


def create(*, name: str, by: AbstractBaseUser | None) -> Storefront:
    """A new storefront; its address is made of its name. Raises `StorefrontRefused`."""
    name = " ".join(name.split())
    slug = slugify(name)[:LONGEST_SLUG].strip("-")
    if not slug:
        raise StorefrontRefused("The name needs a letter from A to Z or a digit.")
    try:
        with transaction.atomic():
            shop = Storefront.objects.create(name=name, slug=slug)
            shop_history.record(
                storefront=shop,
                kind=ShopEvent.CREATED,
                summary=f"Made the storefront {name}",
                by=by,
            )
    except IntegrityError as error:
        raise StorefrontRefused(
            f"There is a storefront at “{slug}” already. Choose a name that differs more."
        ) from error
    return shop


@transaction.atomic
def change(*, storefront: Storefront, values: Mapping[str, Any], by: AbstractBaseUser) -> bool:
    """Set some of `SETTINGS`; False when nothing is different. Raises `StorefrontRefused`."""
    if unknown := set(values) - set(SETTINGS):
        raise StorefrontRefused(f"There is no setting {', '.join(sorted(unknown))}.")
    shop = Storefront.objects.select_for_update().get(pk=storefront.pk)
    before = {field: getattr(shop, field) for field in values}
    changed = [field for field in values if values[field] != before[field]]
    if not changed:
        return False
    for field in changed:
        setattr(shop, field, values[field])
    shop.save(update_fields=changed)
    shared = {field: values[field] for field in changed if field in SHARED_WITH_SANDBOX}
    if shared:
        Storefront.objects.filter(sandbox_of=shop).update(**shared)
    said = "; ".join(
        f"{SETTINGS[field]}: {_said(before[field])} → {_said(values[field])}" for field in changed
    )
    shop_history.record(storefront=shop, kind=ShopEvent.CHANGED, summary=f"Changed {said}", by=by)
    return True


@transaction.atomic
def sandbox_of(*, storefront: Storefront, by: AbstractBaseUser | None = None) -> Storefront:
    """The storefront's sandbox, made when it is first asked for; of a sandbox, itself."""
    if not storefront.livemode:
        return storefront
    shop = Storefront.objects.select_for_update(no_key=True).get(pk=storefront.pk)
    known = Storefront.objects.filter(sandbox_of=shop).first()
    if known:
        return known
    slug = f"{shop.slug[: LONGEST_SLUG - 5]}-test"
    if Storefront.objects.filter(slug=slug).exists():
        slug = f"{shop.slug[: LONGEST_SLUG - 20]}-{shop.pk}-test"
    sandbox = Storefront.objects.create(
        name=f"{shop.name[:113]} (test)",
        slug=slug,
        sandbox_of=shop,
        taxonomy=shop.taxonomy,
        **{field: getattr(shop, field) for field in SHARED_WITH_SANDBOX},
    )
    StorefrontPrune.objects.bulk_create(
        StorefrontPrune(
            storefront=sandbox, category_id=prune.category_id, pruned_by_id=prune.pruned_by_id
        )
        for prune in StorefrontPrune.objects.filter(storefront=shop)
    )
    shop_history.record(
        storefront=shop, kind=ShopEvent.CREATED, summary="Made a sandbox for test keys", by=by
    )
    return sandbox


@transaction.atomic
def choose_taxonomy(*, storefront: Storefront, taxonomy: Taxonomy | None) -> None:
    """Tag its photos against `taxonomy`, or against whichever is active. What it pruned of others
    is kept, for the day it chooses them again."""
    storefront.taxonomy = taxonomy
    storefront.save(update_fields=["taxonomy"])
    Storefront.objects.filter(sandbox_of=storefront).update(taxonomy=taxonomy)


@transaction.atomic
def prune(*, storefront: Storefront, category: Category, by: AbstractBaseUser) -> None:
    """Leave out `category` and everything below it. Raises `PruneRefused`."""
    if category.is_retired:
        raise PruneRefused(f"{category.name} is retired: no photo is tagged with it any more.")
    for shop in _with_sandbox(storefront):
        StorefrontPrune.objects.get_or_create(
            storefront=shop, category=category, defaults={"pruned_by_id": by.pk}
        )


@transaction.atomic
def unprune(*, storefront: Storefront, category: Category) -> None:
    """Use `category` again, except for what is pruned further down."""
    StorefrontPrune.objects.filter(
        storefront__in=_with_sandbox(storefront), category=category
    ).delete()


def _with_sandbox(storefront: Storefront) -> list[Storefront]:
    return [storefront, *Storefront.objects.filter(sandbox_of=storefront)]


def _said(value: object) -> str:
    """A setting's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "as the settings say" if value is None else str(value)
