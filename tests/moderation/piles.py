"""Helpers for tests of the desk: several open reviews, vectors to compare, decisions."""

from collections.abc import Callable

import numpy as np
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Embedding, Encoder, Image, PerceptualHash
from moderation import deciding, reviewing, settling
from moderation.choices import ReviewStatus
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture

DIMENSION = 8


def beside(cosine: float) -> np.ndarray:
    """A unit vector at this cosine to the first axis."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[:2] = cosine, np.sqrt(1 - cosine**2)
    return vector


def pile(
    upload: Callable[..., Image],
    picture: Picture,
    policy: Policy,
    encoder: Encoder | None = None,
    cosines: list[float] | None = None,
    *,
    count: int = 3,
) -> list[Review]:
    """Open reviews, the most urgent first; with an encoder, photos at these cosines."""
    made = []
    for n, cosine in enumerate(cosines or [0.0] * count):
        image = upload(picture("handgun", n, size=96), filename=f"photo-{n}.jpg")
        Image.objects.filter(pk=image.pk).update(status=Status.HELD, screened_at=timezone.now())
        if encoder and cosine:
            Embedding.objects.create(image=image, encoder=encoder, vector=beside(cosine).tolist())
        made.append(
            Review.objects.create(image=image, policy=policy, priority=9 - n, due_at=timezone.now())
        )
    return made


def hashed(review: Review, bits: int, quality: int = 90) -> None:
    """Give the review's photo a PDQ hash that differs from all zeroes in so many bits."""
    pdq = "1" * bits + "0" * (256 - bits)
    PerceptualHash.objects.create(image=review.image, pdq=pdq, quality=quality)


def at(name: str, review: Review) -> str:
    """The address of one of a review's steps."""
    return reverse(f"moderation:{name}", args=[review.pk])


def decided_by(person: User, review: Review, action: str = "remove", note: str = "") -> Decision:
    """This person claims and decides it; removals are under Weapons."""
    claimed = reviewing.claim(review_id=review.pk, moderator=person)
    policy = Policy.objects.get(slug="weapons") if action == "remove" else None
    return deciding.decide(
        review_id=review.pk,
        moderator=person,
        version=claimed.version,
        action=action,
        policy=policy,
        note=note,
    )


def settled() -> None:
    """Let every draft take effect now."""
    Review.objects.filter(status=ReviewStatus.DRAFT).update(takes_effect_at=timezone.now())
    settling.settle_due()
