"""Fifty moderators drain two thousand reviews while leases expire at random."""

import pytest
from django.db.models import Count
from django.utils import timezone

from benchmarks.claim_next import drain, fill, people
from catalog.choices import Status
from catalog.models import Event, Image
from moderation import settling
from moderation.choices import Result, ReviewStatus
from moderation.models import Decision, Review, Settlement

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

MODERATORS, REVIEWS = 50, 2000


@pytest.mark.timeout(400)
def test_fifty_moderators_decide_every_review_exactly_once() -> None:
    fill(REVIEWS)
    day = drain(people(MODERATORS))
    assert not day.errors, day.errors[0]
    assert sorted(day.decided) == sorted(Review.objects.values_list("pk", flat=True))
    assert Decision.objects.count() == REVIEWS
    assert {"not_claimed", "claimed_by_other", "already_decided", "stale_version"} >= set(
        day.refused
    )
    lost = Event.objects.filter(kind="claim_expired").count()
    assert lost >= REVIEWS * 0.05, "leases were lost while people looked"

    Review.objects.filter(status=ReviewStatus.DRAFT).update(takes_effect_at=timezone.now())
    while settling.settle_due():
        pass
    assert Settlement.objects.filter(result=Result.EFFECTIVE).count() == REVIEWS
    assert Image.objects.filter(status=Status.LIVE).count() == REVIEWS
    assert Review.objects.filter(status=ReviewStatus.DECIDED).count() == REVIEWS
    twice = Event.objects.filter(kind="approved").values("image").annotate(n=Count("id"))
    assert not twice.filter(n__gt=1).exists()
    print(  # shown with -s; the figure to quote comes from benchmarks/claim_next.py
        f"claim-next p95 {day.percentile(0.95):.1f} ms, {len(day.refused)} refused, {lost} lost"
    )
