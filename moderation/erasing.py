"""What becomes of moderation's cases when their photo is erased: they close, and say so.

Decisions stay. A draft that has not taken effect never will, and what it taught is taken back.
"""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from catalog.models import Image
from moderation import reviewing, teaching
from moderation.choices import ModerationEvent, Result
from moderation.models import BlindReview, Review, Settlement


def close_cases(*, images: Sequence[Image], by: str, actor: AbstractBaseUser | None) -> int:
    """Close what is open about photos that are locked and about to go; returns how many reviews.

    The rows themselves go with their photos; whoever has one on the screen is told by the desk.
    """
    keys = [image.pk for image in images]
    reviews = list(
        Review.objects.active()
        .filter(image__in=keys)
        .select_for_update(of=("self",))
        .select_related("draft")
        .order_by("pk")
    )
    note = f"Photo erased by {by}"[:250]
    drafts = [review.draft for review in reviews if review.draft]
    Settlement.objects.bulk_create(
        Settlement(
            decision=decision, result=Result.UNDONE, by_id=actor.pk if actor else None, note=note
        )
        for decision in drafts
    )
    teaching.forget(decisions=drafts)
    reviewing.record_all(reviews, ModerationEvent.WITHDRAWN, f"{note}: review closed", actor)
    BlindReview.objects.filter(decision__image__in=keys, answered_at__isnull=True).delete()
    return len(reviews)


def was_a_review(review_id: int) -> bool:
    """Whether there was a review with this id. Reviews go with their photos, and only with them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s BETWEEN 1 AND CASE WHEN is_called THEN last_value ELSE 0 END "
            "FROM moderation_review_id_seq",
            [review_id],
        )
        return bool(cursor.fetchone()[0])
