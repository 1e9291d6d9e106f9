"""What staff do about near-duplicates: keep one, give them to one product, or leave them be."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet

from catalog import alt_texts, erasing
from catalog.alt_texts import Shown
from catalog.choices import EventKind, Status
from catalog.history import event, record
from catalog.models import DuplicateGroup, DuplicateLink, IgnoredDuplicates, Image
from catalog.products import ProductRefused, assign

KEPT_BY_MODERATORS = (Status.HELD, Status.REMOVED)


class SettlingRefused(ValueError):
    """It cannot be done to this group; the message says why and what to do."""


@dataclass(frozen=True)
class Member:
    """One photo of a group. `best` is the one that is proposed to be kept."""

    image: Image
    alt: Shown
    best: bool


@dataclass(frozen=True)
class Card:
    """A group as it is shown: `differ` names the facts in which its photos differ; cosines and
    bits are the least and the most of its links, bits None where no hash was compared."""

    group: DuplicateGroup
    members: Sequence[Member]
    differ: frozenset[str]
    cosine: tuple[float, float]
    bits: tuple[int, int] | None


def shown(*, storefront: str = "", ignored: bool = False) -> QuerySet[DuplicateGroup]:
    """Groups by the active encoder that still have two photos, the largest first; those of a
    sandbox only if it is asked for."""
    groups = DuplicateGroup.objects.filter(
        grouping__encoder__is_active=True, is_ignored=ignored
    ).select_related("grouping__storefront")
    if storefront:
        groups = groups.filter(grouping__storefront__slug=storefront)
    else:
        groups = groups.filter(grouping__storefront__sandbox_of__isnull=True)
    return groups.annotate(here=Count("members")).filter(here__gte=2).order_by("-size", "pk")


def one(group_id: int) -> DuplicateGroup | None:
    """The group as `shown` has it, ignored or not."""
    groups = DuplicateGroup.objects.select_related("grouping__storefront")
    return groups.annotate(here=Count("members")).filter(pk=group_id, here__gte=2).first()


def cards(groups: Sequence[DuplicateGroup]) -> list[Card]:
    """These groups with their photos, the proposed one first; a few queries for each."""
    return [_card(group) for group in groups]


def _card(group: DuplicateGroup) -> Card:
    photos = alt_texts.readable(Image.objects.filter(duplicate_members__group=group))
    images = sorted(photos.select_related("product", "own_alt_text", "storefront"), key=_worth)
    keys = [image.pk for image in images]
    links = DuplicateLink.objects.filter(
        grouping=group.grouping_id, left__in=keys, right__in=keys
    ).aggregate(low=Min("cosine"), high=Max("cosine"), fewest=Min("bits"), most=Max("bits"))
    facts: dict[str, set[object]] = {
        "product": {image.product_id for image in images},
        "status": {image.status for image in images},
        "size": {(image.width, image.height) for image in images},
    }
    bits = None if links["fewest"] is None else (links["fewest"], links["most"])
    return Card(
        group=group,
        members=[
            Member(image, alt_texts.shown(image), best=number == 0)
            for number, image in enumerate(images)
        ],
        differ=frozenset(name for name, values in facts.items() if len(values) > 1),
        cosine=(links["low"] or 0.0, links["high"] or 0.0),
        bits=bits,
    )


def _worth(image: Image) -> tuple[object, ...]:
    """Live before others, of a product before none, more pixels before fewer, then by age."""
    return (
        image.status != Status.LIVE,
        image.product_id is None,
        -image.width * image.height,
        image.created_at,
        image.pk,
    )


def to_erase(group: DuplicateGroup, *, keep: UUID) -> list[Image]:
    """The photos that `keep_one` would erase. Raises `SettlingRefused`."""
    images = list(Image.objects.filter(duplicate_members__group=group).select_related("product"))
    if all(image.pk != keep for image in images):
        raise SettlingRefused("The photo that should stay is not in this group any more. Reload.")
    others = [image for image in images if image.pk != keep]
    if any(image.status in KEPT_BY_MODERATORS for image in others):
        raise SettlingRefused(
            "A held or removed photo is for moderators and is not erased here. Keep that one, or "
            "ignore the group."
        )
    return others


@transaction.atomic
def keep_one(*, group_id: int, image_id: UUID, by: AbstractBaseUser) -> int:
    """Erase all photos of a group but one; how many. Raises `SettlingRefused`."""
    group = _locked(group_id)
    # Locked before they are looked at: none is held between the look and the erasing.
    list(
        Image.objects.select_for_update(of=("self",))
        .filter(duplicate_members__group=group)
        .order_by("pk")
    )
    others = to_erase(group, keep=image_id)
    kept = Image.objects.get(pk=image_id)
    names = ", ".join(image.filename or str(image.pk) for image in others)
    erasing.erase(
        Image.objects.filter(pk__in=[image.pk for image in others]),
        by=f"{by.get_username()}, as a near-duplicate of {kept.filename or kept.pk}",
        actor=by,
    )
    _note(kept, f"Kept of {len(others) + 1} near-duplicates; erased: {names}", by)
    group.delete()
    return len(others)


@transaction.atomic
def merge(*, group_id: int, image_id: UUID, by: AbstractBaseUser) -> tuple[int, list[str]]:
    """Give all photos of a group to this one's product: how many moved, and why others did not.

    Raises `SettlingRefused`.
    """
    group = _locked(group_id)
    images = list(
        Image.objects.filter(duplicate_members__group=group)
        .select_related("product__storefront")
        .order_by("pk")
    )
    into = next((image.product for image in images if image.pk == image_id), None)
    if into is None:
        raise SettlingRefused("Choose a photo that is of a product: the others will be of it too.")
    moved, refused = 0, []
    for image in images:
        try:
            moved += assign(image_id=image.pk, product=into, by=by)
        except ProductRefused as problem:
            refused.append(f"{image.filename or 'A photo'}: {problem}")
    return moved, refused


@transaction.atomic
def ignore(*, group_id: int, by: AbstractBaseUser) -> None:
    """These photos may stay beside each other: the group is not shown again while no other photo
    joins it. Raises `SettlingRefused`."""
    group = _locked(group_id)
    images = list(Image.objects.filter(duplicate_members__group=group))
    IgnoredDuplicates.objects.create(
        storefront=group.grouping.storefront,
        image_ids=sorted(image.pk for image in images),
        by_id=by.pk,
    )
    group.is_ignored = True
    group.save(update_fields=["is_ignored"])
    for image in images:
        _note(image, f"Its {len(images) - 1} near-duplicates may stay", by)


@transaction.atomic
def heed(*, group_id: int) -> None:
    """Show an ignored group again. Raises `SettlingRefused`."""
    group = _locked(group_id)
    keys = set(group.members.values_list("image", flat=True))
    said = IgnoredDuplicates.objects.filter(
        storefront=group.grouping.storefront_id, image_ids__contains=sorted(keys)
    )
    said.delete()
    group.is_ignored = False
    group.save(update_fields=["is_ignored"])


def _locked(group_id: int) -> DuplicateGroup:
    found = DuplicateGroup.objects.select_for_update(of=("self",)).select_related(
        "grouping__storefront"
    )
    group = found.filter(pk=group_id).first()
    if group is None:
        raise SettlingRefused("This group has changed meanwhile. Reload the page to see it anew.")
    return group


def _note(image: Image, summary: str, by: AbstractBaseUser) -> None:
    noted = event(image=image, kind=EventKind.DUPLICATES_SETTLED, summary=summary, actor=by)
    record([noted])
