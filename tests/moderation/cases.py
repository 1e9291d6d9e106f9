"""Helpers for tests of reviews: cases, and time passing."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import deciding, reviewing, settling
from moderation.choices import Action, Queue
from moderation.models import Bank, Decision, Exemplar, Flag, Policy, Review


def make_review(
    image: Image, policy: Policy | None, priority: float = 1.0, queue: str = Queue.FIRST
) -> Review:
    """An open review of a held, screened photo."""
    Image.objects.filter(pk=image.pk).update(status=Status.HELD, screened_at=timezone.now())
    return Review.objects.create(
        image=image,
        policy=policy,
        priority=priority,
        queue=queue,
        group=policy.group if policy else None,
        due_at=timezone.now(),
    )


def expire(review: Review) -> None:
    """The lease of the claim ran out a second ago."""
    Review.objects.filter(pk=review.pk).update(
        claim_expires_at=timezone.now() - timedelta(seconds=1)
    )


def pass_time(review: Review, seconds: float) -> None:
    """As if the draft had been made `seconds` earlier than it was."""
    review.refresh_from_db()
    assert review.takes_effect_at is not None
    review.takes_effect_at -= timedelta(seconds=seconds)
    review.save(update_fields=["takes_effect_at"])


def decide(
    review: Review, moderator: User, action: str = Action.APPROVE, policy: Policy | None = None
) -> Decision:
    """Claim and decide, as somebody at the desk does."""
    claimed = reviewing.claim(review_id=review.pk, moderator=moderator)
    return deciding.decide(
        review_id=review.pk,
        moderator=moderator,
        version=claimed.version,
        action=action,
        policy=policy,
    )


def settle(review: Review) -> int:
    """The undo window passes and the background worker comes round."""
    pass_time(review, 3600)
    return settling.settle_due()


def make_flag(image: Image, bank: Bank, **fields: object) -> Flag:
    """A standing flag by a new exemplar of the bank."""
    exemplar = Exemplar.objects.create(
        bank=bank, sha256=f"{image.pk}".ljust(64, "0"), pdq="0" * 256
    )
    values = {
        "image": image,
        "policy": bank.policy,
        "bank": bank,
        "bank_version": 1,
        "kind": "hash",
        "exemplar": exemplar,
        "score": 2.0,
        "threshold": 31.0,
        "outcome": "hold",
    }
    return Flag.objects.create(**(values | fields))  # type: ignore[arg-type]
