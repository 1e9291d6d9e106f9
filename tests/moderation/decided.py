"""Decisions written straight into the tables, at given times, for tests of numbers."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from catalog.choices import Source
from catalog.models import Image, Storefront
from moderation.choices import Action, Queue, Result, ReviewStatus
from moderation.models import BlindReview, Decision, Policy, Review, Settlement

_numbers = itertools.count()


def photo(storefront: Storefront) -> Image:
    return Image.objects.create(
        storefront=storefront,
        source=Source.API,
        sha256=f"{next(_numbers):064d}",
        format="JPEG",
        width=640,
        height=640,
        size_bytes=1000,
    )


def decided(
    image: Image,
    by: User,
    at: datetime,
    action: str = Action.APPROVE,
    *,
    policy: Policy | None = None,
    about: Policy | None = None,
    took: float = 10,
    waited: float = 600,
    due_after: float = 3600,
    result: str | None = Result.EFFECTIVE,
    queue: str = Queue.FIRST,
    batch: uuid.UUID | None = None,
) -> Decision:
    """One decision with its settlement (None: a draft). `took`, `waited`, `due_after`: seconds
    from claimed to decided, from opened to decided, from opened to due."""
    opened = at - timedelta(seconds=waited)
    review = Review.objects.create(
        image=image,
        policy=about,
        queue=queue,
        status=ReviewStatus.DECIDED,
        created_at=opened,
        due_at=opened + timedelta(seconds=due_after),
        decided_at=at,
    )
    decision = Decision.objects.create(
        review=review,
        image=image,
        queue=queue,
        action=action,
        policy=policy if action == Action.REMOVE else None,
        about=about,
        decided_by=by,
        opened_at=opened,
        claimed_at=at - timedelta(seconds=took),
        decided_at=at,
        batch=batch,
        override_of=Decision.objects.filter(image=image).order_by("-id").first(),
    )
    if result:
        undone = result == Result.UNDONE
        Settlement.objects.create(
            decision=decision, result=result, by=by if undone else None, at=at
        )
    return decision


def judged_blind(
    decision: Decision, by: User, at: datetime, action: str, policy: Policy | None = None
) -> BlindReview:
    fields: dict[str, Any] = {"started_at": at, "answered_at": at, "action": action}
    return BlindReview.objects.create(decision=decision, reviewer=by, policy=policy, **fields)
