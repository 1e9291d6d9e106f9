"""What staff say about a photo's tags: right, wrong, or one that is missing.

Each verdict is a row more; the last one on a photo and category stands, unless it takes back what
was said before. The tags follow it at once, and so does every later tagging of the photo.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from catalog import doorbell, reading
from catalog.choices import EventKind, Status
from catalog.history import event, record
from catalog.models import Category, Encoder, Image, Tag, TagVerdict

LEARN = "catalog.tasks.learn"
NOT_KEPT = frozenset({"id", "image_id", "created_at"})


class VerdictRefused(ValueError):
    """It cannot be said of this photo; the message says why and what to do."""


def judge(*, image_id: UUID, category: Category, accepted: bool, by: AbstractBaseUser) -> bool:
    """Say that a photo shows `category`, or that it does not; False if that was said already.

    What is learned follows in the background. Raises `VerdictRefused`.
    """
    said = say(image_id=image_id, category=category, accepted=accepted, by=by)
    if said:
        transaction.on_commit(lambda: doorbell.ring(LEARN))
    return said


@transaction.atomic
def say(
    *,
    image_id: UUID,
    category: Category,
    accepted: bool,
    by: AbstractBaseUser,
    together: UUID | None = None,
) -> bool:
    """`judge` for whoever rings once for many verdicts; `together` is the same for all of them."""
    image = _locked(image_id)
    encoder = Encoder.objects.filter(is_active=True).first()
    own = image.tags.filter(category=category)
    tag = own.filter(encoder=encoder).first() or own.order_by("-created_at").first()
    last = TagVerdict.objects.filter(image=image, category=category).last()
    standing = last.accepted if last else None
    if standing == accepted and (tag is not None) == accepted:
        return False
    if tag is None and standing is None and not accepted:
        raise VerdictRefused(f"This photo has no tag {category.name} that could be wrong.")
    before = _kept(own)
    if accepted and tag is None:
        tag = _add(image, category, encoder)
        summary = f"Tag {category.name} added"
    elif accepted:
        own.update(is_confirmed=True)
        summary = f"Tag {category.name} confirmed"
    else:
        own.delete()
        summary = f"Tag {category.name} rejected"
    TagVerdict.objects.create(
        image=image,
        category=category,
        accepted=accepted,
        score=tag.score if tag else None,
        by_id=by.pk,
        together=together,
        tags_before=before,
    )
    _put_in_order(image)
    _record(image, category, accepted, by, summary)
    return True


@transaction.atomic
def take_back(*, verdict: TagVerdict, by: AbstractBaseUser, together: UUID | None = None) -> bool:
    """Say again what was said before `verdict`, be it nothing, and give the photo back the tags it
    had; False, and nothing changes, if more was said of this photo and category since."""
    image = _locked(verdict.image_id)
    of_pair = TagVerdict.objects.filter(image=image, category=verdict.category_id)
    if of_pair.filter(pk__gt=verdict.pk).exists():
        return False
    earlier = of_pair.filter(pk__lt=verdict.pk).last()
    own = image.tags.filter(category=verdict.category_id)
    again = TagVerdict.objects.create(
        image=image,
        category_id=verdict.category_id,
        accepted=earlier.accepted if earlier else None,
        score=verdict.score,
        by_id=by.pk,
        together=together,
        tags_before=_kept(own),
    )
    own.delete()
    names = {field.attname for field in Tag._meta.concrete_fields} - NOT_KEPT
    Tag.objects.bulk_create(
        Tag(image=image, **{name: value for name, value in kept.items() if name in names})
        for kept in verdict.tags_before
    )
    _put_in_order(image)
    name = verdict.category.name
    _record(image, verdict.category, again.accepted, by, f"Verdict on tag {name} taken back")
    return True


def _locked(image_id: UUID) -> Image:
    """Whoever tags the photo holds the row as well: tags and verdicts cannot miss each other."""
    return (
        Image.objects.select_for_update(of=("self",)).select_related("storefront").get(pk=image_id)
    )


def _kept(tags: QuerySet[Tag]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in NOT_KEPT}
        for row in tags.order_by("pk").values(*(f.attname for f in Tag._meta.concrete_fields))
    ]


def _add(image: Image, category: Category, encoder: Encoder | None) -> Tag:
    if image.status in (Status.PENDING, Status.FAILED) or encoder is None:
        raise VerdictRefused("This photo has not been processed yet. Add tags once it has been.")
    levels = reading.read(image=image, encoder=encoder)
    found = next((each for each in levels if each.category.pk == category.pk), None)
    if found is None:
        raise VerdictRefused(
            f"{image.storefront.name} does not use {category.path}. "
            "Choose a category of its own taxonomy."
        )
    return Tag.objects.create(
        image=image,
        category=category,
        encoder=encoder,
        rank=1 + image.tags.filter(encoder=encoder).count(),
        score=found.score,
        threshold=0.0,  # a person said so: there was nothing to reach
        levels=[each.score for each in reading.line_to(found, levels)],
        template_version=found.template_version,
        head_id=found.head_id,
        calibration_id=found.calibration_id,
        is_confirmed=True,
    )


def _put_in_order(image: Image) -> None:
    """Ranks from 1 on, per encoder: what was confirmed last comes first, as when a photo is tagged
    again; proposals keep their order."""
    said = standing_of([image.pk]).get(image.pk, {})
    newest_first = {key: at for at, key in enumerate(reversed(said)) if said[key]}
    tags = list(image.tags.order_by("rank", "-score", "pk"))
    ranks: dict[int, int] = {}
    moved = []
    for tag in sorted(tags, key=lambda tag: newest_first.get(tag.category_id, len(said))):
        rank = ranks[tag.encoder_id] = ranks.get(tag.encoder_id, 0) + 1
        if tag.rank != rank:
            tag.rank = rank
            moved.append(tag)
    Tag.objects.bulk_update(moved, ["rank"])


def _record(
    image: Image, category: Category, accepted: bool | None, by: AbstractBaseUser, summary: str
) -> None:
    record(
        [
            event(
                image=image,
                kind=EventKind.TAGS_CORRECTED,
                summary=summary,
                actor=by,
                category=category.external_id,
                taxonomy=category.taxonomy_id,
                accepted=accepted,
            )
        ]
    )


def standing_of(image_ids: Iterable[UUID]) -> dict[UUID, dict[int, bool]]:
    """Per photo, each category's standing verdict: {image id: {category id: accepted}}, in the
    order they were given."""
    found: dict[UUID, dict[int, bool]] = {}
    rows = TagVerdict.objects.filter(image__in=list(image_ids)).order_by("id")
    for image_id, category_id, accepted in rows.values_list("image_id", "category_id", "accepted"):
        of_photo = found.setdefault(image_id, {})
        of_photo.pop(category_id, None)  # the last one stands, and counts as said last
        if accepted is not None:
            of_photo[category_id] = accepted
    return found
