"""What the desk tells, and what it keeps to itself, in each queue and for each kind of flag."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Source
from catalog.models import Image
from moderation import appealing, reviewing
from moderation.choices import MatchKind, Outcome, ReviewStatus
from moderation.models import Exemplar, Flag, Policy, Review
from tests.moderation.piles import at, decided_by, settled
from tests.pages import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


def second_person(review: Review, ben: User) -> None:
    """Ben removes under a policy that needs two people."""
    Policy.objects.update(needs_second_person=True)
    decided_by(ben, review, note="Clearly real.")
    settled()


def test_the_second_person_is_not_told_what_the_first_decided(
    review: Review, ben: User, sign_in: SignIn
) -> None:
    second_person(review, ben)
    client = sign_in("moderator")
    queue = client.get(reverse("moderation:queue"), {"queue": "second"}).text
    assert at("review", review) + "?queue=second" in queue
    client.post(at("claim", review))
    page = client.get(at("review", review)).text
    assert "A second person is needed" in page
    assert "Weapons is decided by two different people." in page
    for told in ("ben", "Clearly real.", "Removed by"):
        assert told not in page
    review.refresh_from_db()
    client.post(at("decide", review), {"version": review.version, "action": "approve"})
    page = client.get(at("review", review)).text
    assert "Removed by ben" in page


def test_the_first_person_does_not_get_it_again(review: Review, ben: User, client: Client) -> None:
    second_person(review, ben)
    client.force_login(ben)
    queue = client.get(reverse("moderation:queue"), {"queue": "second"}).text
    assert at("review", review) not in queue
    assert "Your own are not among them." in queue
    page = client.get(at("review", review)).text
    assert "You have decided on this photo before." in page
    assert at("claim", review) not in page


def test_leads_see_both_verdicts_of_a_dispute(review: Review, ben: User, sign_in: SignIn) -> None:
    second_person(review, ben)
    client = sign_in("moderator")
    decided_by(User.objects.get(username="the-moderator"), review, "approve", "A prop.")
    settled()
    client = sign_in("lead")
    page = client.get(at("review", review)).text
    assert "Two people disagree: a lead decides" in page
    for told in ("<b>ben</b> removed, Weapons", "Clearly real.", "<b>the-moderator</b> approved"):
        assert told in page


def test_an_appeal_shows_its_text_and_what_stands(
    review: Review, ben: User, sign_in: SignIn
) -> None:
    decided_by(ben, review, note="Real.")
    settled()
    image = Image.objects.get()
    made = appealing.appeal(image=image, text="It is <b>felt</b>.", source=Source.API)
    client = sign_in("moderator")
    page = client.get(at("review", made.review)).text
    assert "It is &lt;b&gt;felt&lt;/b&gt;." in page
    assert "<b>ben</b> removed, Weapons" in page
    assert "Corner shop" in page


def test_flags_of_every_kind_say_what_they_mean(
    review: Review, exemplar: Exemplar, sign_in: SignIn
) -> None:
    bank = exemplar.bank
    bare = Exemplar.objects.create(bank=bank, sha256="h" * 64, pdq="01" * 128, source="List 7")
    common = {"image": review.image, "policy": bank.policy, "bank_version": 1}
    Flag.objects.create(
        **common,
        bank=bank,
        kind=MatchKind.HASH,
        exemplar=bare,
        score=6,
        threshold=31,
        outcome=Outcome.HOLD,
    )
    encoder = Flag.objects.exclude(encoder=None)[0].encoder
    Flag.objects.create(
        **common,
        kind=MatchKind.PROMPT,
        prompt_text="a revolver on a table",
        encoder=encoder,
        score=0.71,
        threshold=0.6,
        outcome=Outcome.UNSAMPLED,
    )
    page = sign_in("moderator").get(at("review", review)).text
    assert "differs in 6 of 256 bits, holds within 31" in page
    assert "“a revolver on a table”" in page
    assert "Outside the bank’s sample: recorded, and holds nothing." in page
    assert reverse("moderation:exemplar", args=[bare.pk]) not in page
    assert "Known by its hash only" in page  # 250 of 256 bits are nearer than a cosine of 0.93


def test_a_withdrawn_flag_no_longer_counts(review: Review, sign_in: SignIn) -> None:
    Flag.objects.update(withdrawn_at=timezone.now())
    assert "it no longer counts" in sign_in("moderator").get(at("review", review)).text


def test_a_withdrawn_review_offers_nothing_but_the_next(review: Review, sign_in: SignIn) -> None:
    Review.objects.update(status=ReviewStatus.WITHDRAWN, decided_at=timezone.now())
    page = sign_in("moderator").get(at("review", review)).text
    assert "there is nothing to decide" in page
    assert at("claim", review) not in page


def test_how_often_the_exemplar_was_right_is_shown(
    review: Review, ben: User, exemplar: Exemplar, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    assert "This exemplar was right" not in client.get(at("review", review)).text
    decided_by(ben, review)
    settled()
    page = client.get(at("review", review)).text
    assert 'This exemplar was right <b class="num">1 of 1</b> times' in page


def test_a_claim_that_ended_long_ago_is_free(review: Review, ben: User, sign_in: SignIn) -> None:
    reviewing.claim(review_id=review.pk, moderator=ben)
    Review.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert "Nobody is reviewing this." in sign_in("moderator").get(at("review", review)).text
