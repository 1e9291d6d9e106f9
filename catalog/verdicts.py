"""What staff say about a photo's tags: right, wrong, or one that is missing.

Each verdict is a row more; the last one on a photo and category stands. The tags follow it at
once, and so does every later tagging of the photo.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from catalog import doorbell, reading
from catalog.choices import EventKind, Status
from catalog.history import event, record
from catalog.models import Category, Encoder, Image, Tag, TagVerdict

LEARN = "catalog.tasks.learn"


class VerdictRefused(ValueError):
    """It cannot be said of this photo; the message says why and what to do."""


@transaction.atomic
def judge(*, image_id: UUID, category: Category, accepted: bool, by: AbstractBaseUser) -> bool:
    """Say that a photo shows `category`, or that it does not; False if that was said already.

    Raises `VerdictRefused`.
    """
    # Whoever tags the photo holds the row as well: tags and verdicts cannot miss each other.
    image = Image.objects.select_for_update(of=("self",)).get(pk=image_id)
    encoder = Encoder.objects.filter(is_active=True).first()
    own = image.tags.filter(category=category)
    tag = own.filter(encoder=encoder).first() or own.order_by("-created_at").first()
    standing = TagVerdict.objects.filter(image=image, category=category).last()
    if standing and standing.accepted == accepted and (tag is not None) == accepted:
        return False
    if tag is None and standing is None and not accepted:
        raise VerdictRefused(f"This photo has no tag {category.name} that could be wrong.")
    if accepted and tag is None:
        tag = _add(image, category, encoder)
        summary = f"Tag {category.name} added"
    elif accepted:
        summary = f"Tag {category.name} confirmed"
    else:
        summary = f"Tag {category.name} rejected"
    TagVerdict.objects.create(
        image=image,
        category=category,
        accepted=accepted,
        score=tag.score if tag else None,
        by_id=by.pk,
    )
    if accepted:
        own.update(is_confirmed=True)
    else:
        own.delete()
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
    transaction.on_commit(lambda: doorbell.ring(LEARN))
    return True


def judge_together(
    *, image_ids: Sequence[UUID], category: Category, accepted: bool, by: AbstractBaseUser
) -> tuple[int, list[str]]:
    """Say it of many photos: how many it was said of anew, and why not of the others."""
    said, refused = 0, []
    # In one order, so that two people at the same photos wait for each other, never in a circle.
    for image_id in sorted(set(image_ids)):
        try:
            said += judge(image_id=image_id, category=category, accepted=accepted, by=by)
        except (VerdictRefused, Image.DoesNotExist) as error:
            refused.append(str(error))
    return said, refused


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
    last = image.tags.filter(encoder=encoder).aggregate(last=Max("rank"))["last"] or 0
    return Tag.objects.create(
        image=image,
        category=category,
        encoder=encoder,
        rank=last + 1,
        score=found.score,
        threshold=0.0,  # a person said so: there was nothing to reach
        template_version=found.template_version,
        head_id=found.head_id,
        calibration_id=found.calibration_id,
        is_confirmed=True,
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
