"""Near-duplicates: who is one, who is an outlier, and deciding them together."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Encoder, Image
from moderation import reviewing
from moderation.choices import Action, ReviewStatus
from moderation.clusters import near_duplicates, outliers
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture
from tests.moderation.piles import hashed, pile
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(db: None) -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons")


@pytest.fixture
def encoder(upload: Callable[..., Image], picture: Picture) -> Encoder:
    return tag(upload(picture("mug")), "Mug", score=0.9).encoder


@pytest.fixture
def reviews(
    upload: Callable[..., Image], picture: Picture, policy: Policy, encoder: Encoder
) -> list[Review]:
    """The photo itself, three near it, one at 0.91 far from the rest, and one that is another."""
    return pile(upload, picture, policy, encoder, [1.0, 0.99, 0.985, 0.98, 0.91, 0.85])


def cases(*reviews: Review) -> list[str]:
    for review in reviews:
        review.refresh_from_db()
    return [f"{review.pk}:{review.version}" for review in reviews]


def at(review: Review) -> str:
    return reverse("moderation:cluster", args=[review.pk])


def test_the_nearest_come_first_and_strangers_not_at_all(reviews: list[Review]) -> None:
    found = near_duplicates(reviews[0], Review.objects.open())
    assert [each.review for each in found] == reviews[1:5]
    assert [each.cosine for each in found] == pytest.approx([0.99, 0.985, 0.98, 0.91], abs=1e-3)
    assert [each.is_outlier for each in found] == [False, False, False, True]


def test_only_those_one_may_take(reviews: list[Review], make_user: Callable[..., User]) -> None:
    reviewing.claim(review_id=reviews[1].pk, moderator=make_user("ben", "moderator"))
    among = Review.objects.open().filter(claimed_by__isnull=True)
    assert [each.review for each in near_duplicates(reviews[0], among)] == reviews[2:5]


def test_the_same_picture_by_its_hash_is_never_an_outlier(reviews: list[Review]) -> None:
    hashed(reviews[0], 0)
    for review, bits in ((reviews[4], 31), (reviews[5], 32)):
        hashed(review, bits)
    found = {each.review: each for each in near_duplicates(reviews[0], Review.objects.open())}
    assert (found[reviews[4]].bits, found[reviews[4]].is_outlier) == (31, False)
    assert reviews[5] not in found


def test_a_hash_of_a_plain_picture_says_nothing(reviews: list[Review]) -> None:
    hashed(reviews[0], 0)
    hashed(reviews[5], 2, quality=49)
    found = near_duplicates(reviews[0], Review.objects.open())
    assert reviews[5] not in [each.review for each in found]


def test_a_photo_without_a_vector_has_no_near_duplicates(
    upload: Callable[..., Image], picture: Picture, policy: Policy
) -> None:
    first, *_ = pile(upload, picture, policy)
    assert near_duplicates(first, Review.objects.open()) == []


@pytest.mark.parametrize(
    ("cosines", "expected"),
    [
        ([0.99, 0.91], []),  # two have no rest to differ from
        ([0.99, 0.985, 0.98, 0.975], []),
        ([0.99, 0.98, 0.97, 0.91], [3]),
        ([0.97, 0.95, 0.93, 0.91], []),  # spread out evenly: nobody is singled out
        ([0.99, 0.99, 0.99, 0.965], []),  # three hundredths below is not far
        ([0.99, 0.99, 0.99, 0.955], [3]),
    ],
)
def test_an_outlier_is_far_below_the_rest(cosines: list[float], expected: list[int]) -> None:
    keys = [uuid4() for _ in cosines]
    found = outliers(dict(zip(keys, cosines, strict=True)))
    assert found == {keys[n] for n in expected}


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_the_cluster_opens_for_moderators_and_leads(
    role: str | None, reviews: list[Review], sign_in: SignIn
) -> None:
    client, may = sign_in(role), role in ("moderator", "lead")
    assert client.get(at(reviews[0])).status_code == (302 if role is None else 200 if may else 403)
    sent = {"action": "approve", "case": cases(*reviews[:2])}
    assert client.post(at(reviews[0]), sent).status_code == (302 if may or role is None else 403)
    assert Decision.objects.count() == (2 if may else 0)


def test_everything_but_the_outlier_is_selected(reviews: list[Review], sign_in: SignIn) -> None:
    page = sign_in("moderator").get(at(reviews[0])).text
    for review in reviews[:4]:
        assert f'value="{review.pk}:{review.version}" data-item checked>' in page
    assert f'value="{reviews[4].pk}:{reviews[4].version}" data-item>' in page
    assert "Unlike the rest" in page
    assert f'value="{reviews[5].pk}:' not in page


def test_a_cluster_is_decided_together_and_each_undone_alone(
    reviews: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    sent = {"remove": "weapons", "note": "One listing.", "case": cases(*reviews[:4])}
    page = client.post(at(reviews[0]), sent, follow=True)
    decisions = list(Decision.objects.order_by("review"))
    assert [decision.review_id for decision in decisions] == [r.pk for r in reviews[:4]]
    assert {(d.action, d.note, d.batch) for d in decisions} == {
        (Action.REMOVE, "One listing.", decisions[0].batch)
    }
    assert "4 removed, Weapons" in page.text
    undo = reverse("moderation:undo", args=[decisions[1].pk])
    assert client.post(undo, {"stay": "1"}, follow=True).status_code == 200
    statuses = {review.pk: review.status for review in Review.objects.all()}
    assert [statuses[review.pk] for review in reviews] == [
        ReviewStatus.DRAFT,
        ReviewStatus.OPEN,
        ReviewStatus.DRAFT,
        ReviewStatus.DRAFT,
        ReviewStatus.OPEN,
        ReviewStatus.OPEN,
    ]
    client.post(reverse("moderation:undo_batch", args=[decisions[0].batch]))
    assert Review.objects.open().filter(claimed_by__isnull=True).count() == len(reviews)


def test_what_changed_meanwhile_is_left_alone_and_named(
    reviews: list[Review], sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    client = sign_in("moderator")
    sent = {"action": "approve", "case": cases(*reviews[:3])}
    reviewing.claim(review_id=reviews[1].pk, moderator=make_user("ben", "moderator"))
    page = client.post(at(reviews[0]), sent, follow=True).text
    assert "1 could not be decided and stayed as it was" in page
    assert "ben is reviewing this until" in page
    assert set(Decision.objects.values_list("review", flat=True)) == {reviews[0].pk, reviews[2].pk}


@pytest.mark.parametrize(
    "wrong",
    [
        {"case": []},
        {"case": ["x:y", "1", ":", f"{2**40}:1"]},
        {"action": "burn"},
        {"action": "remove"},
        {"remove": "no-such"},
    ],
)
def test_a_form_that_makes_no_sense_decides_nothing(
    wrong: dict[str, object], reviews: list[Review], sign_in: SignIn
) -> None:
    sent = {"case": cases(*reviews[:2]), **({} if "remove" in wrong else {"action": "approve"})}
    response = sign_in("moderator").post(at(reviews[0]), sent | wrong)
    assert response.status_code == 400
    assert "othing was decided" in response.text
    assert not Decision.objects.exists()


def test_another_persons_batch_is_theirs_to_undo(
    reviews: list[Review], sign_in: SignIn, client: Client, make_user: Callable[..., User]
) -> None:
    sign_in("moderator").post(at(reviews[0]), {"action": "approve", "case": cases(*reviews[:2])})
    batch = Decision.objects.all()[0].batch
    client.force_login(make_user("ben", "moderator"))
    page = client.post(reverse("moderation:undo_batch", args=[batch]), follow=True).text
    assert "This is the-moderator’s decision." in page
    assert "Undo this one" not in page
    assert Review.objects.filter(status=ReviewStatus.DRAFT).count() == 2


def test_a_batch_nobody_made_is_not_found(sign_in: SignIn) -> None:
    client = sign_in("moderator")
    assert client.get(reverse("moderation:batch", args=[uuid4()])).status_code == 404
    assert client.post(reverse("moderation:undo_batch", args=[uuid4()])).status_code == 404
