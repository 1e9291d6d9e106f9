"""What staff say about a photo's attributes: this value, or not this one.

Each verdict is a row more; the last one on a photo and value stands. What the photo has follows it
at once, and so does every later look at the photo.
"""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.choices import EventKind, Status
from catalog.history import event, record
from catalog.models import AttributeValue, AttributeVerdict, Encoder, Image, ImageAttribute


class AttributeRefused(ValueError):
    """It cannot be said of this photo; the message says why and what to do."""


@transaction.atomic
def judge(*, image_id: UUID, value: AttributeValue, accepted: bool, by: AbstractBaseUser) -> bool:
    """Say that a photo has `value`, or that it does not; False if that was said already.

    Where a photo can have one value only, having this one means not having the others. Raises
    `AttributeRefused`.
    """
    # Whoever asks the photo for its attributes holds the row as well.
    image = Image.objects.select_for_update(of=("self",)).get(pk=image_id)
    own = ImageAttribute.objects.filter(image=image, value=value)
    standing = AttributeVerdict.objects.filter(image=image, value=value).last()
    if standing and standing.accepted == accepted and own.exists() == accepted:
        return False
    if accepted:
        _give(image, value)
    elif standing is None and not own.exists():
        raise AttributeRefused(f"Nobody says that this photo is {value.name.lower()}.")
    if accepted and value.attribute.is_exclusive:
        others = ImageAttribute.objects.filter(image=image, value__attribute=value.attribute)
        for other in AttributeValue.objects.filter(
            pk__in=others.exclude(value=value).values("value")
        ):
            _say(image, other, False, by)
    _say(image, value, accepted, by)
    said = "confirmed" if accepted else "rejected"
    record(
        [
            event(
                image=image,
                kind=EventKind.TAGS_CORRECTED,
                summary=f"{value.attribute.name} {value.name.lower()} {said}",
                actor=by,
                attribute=value.attribute.slug,
                value=value.slug,
                accepted=accepted,
            )
        ]
    )
    return True


def _say(image: Image, value: AttributeValue, accepted: bool, by: AbstractBaseUser) -> None:
    own = ImageAttribute.objects.filter(image=image, value=value)
    shown = own.order_by("-encoder__is_active", "-created_at").first()
    AttributeVerdict.objects.create(
        image=image,
        value=value,
        accepted=accepted,
        score=shown.score if shown else None,
        by_id=by.pk,
    )
    if accepted:
        own.update(is_confirmed=True)
    else:
        own.delete()


def _give(image: Image, value: AttributeValue) -> None:
    """Make sure that the photo has the value in the active encoder."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if image.status in (Status.PENDING, Status.FAILED) or encoder is None:
        raise AttributeRefused("This photo has not been processed yet. Try again once it has been.")
    if value.is_contrast or value.is_retired or not value.attribute.is_active:
        raise AttributeRefused(
            f"{value.attribute.name} {value.name.lower()} is not in use any more. Choose another."
        )
    ImageAttribute.objects.get_or_create(
        image=image, value=value, encoder=encoder, defaults={"threshold": 0.0}
    )


def standing_of(image_ids: Iterable[UUID]) -> dict[UUID, dict[int, bool]]:
    """Per photo, each value's standing verdict: {image id: {value id: accepted}}."""
    found: dict[UUID, dict[int, bool]] = {}
    rows = AttributeVerdict.objects.filter(image__in=list(image_ids)).order_by("id")
    for image_id, value_id, accepted in rows.values_list("image_id", "value_id", "accepted"):
        found.setdefault(image_id, {})[value_id] = accepted
    return found
