"""Blind second reviews: who is asked, what they are shown, and two of them at once."""

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image, Product, Storefront
from moderation import blind
from moderation.blind import BlindConflict
from moderation.choices import Action, Outcome, Result
from moderation.models import BlindReview, Decision, Exemplar, Flag, Policy
from tests.moderation.decided import decided, photo
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., User]


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: MakeUser) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def weapons(db: None) -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons", description="No firearms.")


@pytest.fixture
def everything(settings: Any) -> None:
    settings.VITRINE_BLIND_SAMPLE = 1.0


@pytest.fixture
def sampled(storefront: Storefront, ana: User, everything: None) -> BlindReview:
    """Ana approved a photo, and it was sampled."""
    decision = decided(photo(storefront), ana, timezone.now())
    assert blind.sample() == 1
    return BlindReview.objects.get(decision=decision)


def test_the_sample_is_the_same_whenever_it_is_drawn(
    storefront: Storefront, ana: User, settings: Any
) -> None:
    settings.VITRINE_BLIND_SAMPLE, settings.VITRINE_BLIND_SEED = 0.3, "spring"
    made = [decided(photo(storefront), ana, timezone.now()) for _ in range(60)]
    expected = {
        each.pk
        for each in made
        if int(hashlib.sha256(f"spring:{each.pk}".encode()).hexdigest()[:16], 16) / 2**64 < 0.3
    }
    assert 0 < len(expected) < 60
    assert blind.sample() == len(expected)
    assert set(BlindReview.objects.values_list("decision_id", flat=True)) == expected
    assert blind.sample() == 0
    assert BlindReview.objects.count() == len(expected)


def test_the_share_is_kept_over_many() -> None:
    assert 430 < sum(blind.chosen(n) for n in range(10_000)) < 570  # 5 %, ± 3 standard errors


@pytest.mark.parametrize("result", [None, Result.UNDONE, Result.HELD])
def test_only_decisions_that_took_effect_are_sampled(
    result: str | None, storefront: Storefront, ana: User, everything: None
) -> None:
    decided(photo(storefront), ana, timezone.now(), result=result)
    assert blind.sample() == 0


def test_none_are_sampled_when_the_share_is_nothing(
    storefront: Storefront, ana: User, settings: Any
) -> None:
    settings.VITRINE_BLIND_SAMPLE = 0.0
    decided(photo(storefront), ana, timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert blind.sample() == 0
    assert len(queries) == 0


def test_what_was_decided_long_before_the_last_sampled_one_is_left_alone(
    sampled: BlindReview, storefront: Storefront, ana: User
) -> None:
    decided(photo(storefront), ana, timezone.now() - timedelta(hours=2))
    late = decided(photo(storefront), ana, timezone.now() - timedelta(minutes=5))
    with CaptureQueriesContext(connection) as queries:
        assert blind.sample() == 1
    assert len(queries) <= 5
    assert BlindReview.objects.filter(decision=late).exists()


def test_a_limit_leaves_the_rest_for_the_next_time(
    storefront: Storefront, ana: User, everything: None
) -> None:
    for n in range(5):
        decided(photo(storefront), ana, timezone.now() + timedelta(seconds=n))
    assert [blind.sample(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_photo_that_was_erased_is_not_asked_about(
    sampled: BlindReview, storefront: Storefront, ana: User, ben: User
) -> None:
    gone = photo(storefront)
    decided(gone, ana, timezone.now())
    Image.objects.filter(pk__in=[gone.pk, sampled.decision.image_id]).delete()
    assert blind.sample() == 0
    assert blind.next_for(ben) is None


def test_never_the_decider_nor_anybody_who_decided_on_that_photo(
    sampled: BlindReview, ana: User, ben: User, make_user: MakeUser
) -> None:
    decided(sampled.decision.image, ben, timezone.now(), result=Result.UNDONE)
    cleo = make_user("cleo", "moderator")
    assert blind.next_for(ana) is None
    assert blind.next_for(ben) is None
    assert blind.next_for(cleo) == sampled


def test_a_policy_of_a_group_is_judged_by_that_group_and_leads(
    storefront: Storefront, ana: User, ben: User, make_user: MakeUser, everything: None
) -> None:
    group = Group.objects.create(name="Experts")
    policy = Policy.objects.create(slug="drugs", name="Drugs", group=group)
    decided(photo(storefront), ana, timezone.now(), about=policy)
    blind.sample()
    expert, lead = make_user("eva", "moderator"), make_user("lea", "lead")
    expert.groups.add(group)
    found = [blind.waiting_for(each).count() for each in (ben, expert, lead)]
    assert found == [0, 1, 1]


def test_two_people_do_not_look_at_the_same_one(
    sampled: BlindReview, ben: User, make_user: MakeUser
) -> None:
    cleo = make_user("cleo", "moderator")
    assert blind.next_for(ben) == sampled
    assert blind.next_for(cleo) is None
    assert blind.next_for(ben) == sampled
    with pytest.raises(BlindConflict) as refused:
        blind.answer(blind_review_id=sampled.pk, reviewer=cleo, action=Action.APPROVE)
    assert refused.value.code == "not_yours"
    BlindReview.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert blind.next_for(cleo) == sampled
    with pytest.raises(BlindConflict):
        blind.answer(blind_review_id=sampled.pk, reviewer=ben, action=Action.APPROVE)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_at_the_same_moment_get_different_ones(
    storefront: Storefront, ana: User, ben: User, make_user: MakeUser, everything: None
) -> None:
    for _ in range(2):
        decided(photo(storefront), ana, timezone.now())
    blind.sample()
    cleo = make_user("cleo", "moderator")
    taken: list[BlindReview | None] = []

    def other() -> None:
        taken.append(blind.next_for(cleo))
        connection.close()

    with transaction.atomic():
        taken.append(blind.next_for(ben))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert not thread.is_alive()
    assert None not in taken
    assert len({each.pk for each in taken if each}) == 2


def test_an_answer_is_kept_and_changes_nothing_about_the_photo(
    sampled: BlindReview, ben: User, weapons: Policy
) -> None:
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    blind.next_for(ben)
    with pytest.raises(ValueError, match="names the policy"):
        blind.answer(blind_review_id=sampled.pk, reviewer=ben, action=Action.REMOVE)
    kept = blind.answer(
        blind_review_id=sampled.pk, reviewer=ben, action=Action.REMOVE, policy=weapons
    )
    assert (kept.action, kept.policy, kept.reviewer) == (Action.REMOVE, weapons, ben)
    assert not blind.agrees(kept)
    assert Image.objects.get().status == Status.LIVE
    assert Decision.objects.count() == 1
    with pytest.raises(BlindConflict) as refused:
        blind.answer(blind_review_id=sampled.pk, reviewer=ben, action=Action.APPROVE)
    assert refused.value.code == "already_answered"
    assert blind.progress_of(ben) == blind.Progress(answered_today=1, waiting=0)


# --- the page ---------------------------------------------------------------------------------


def at(name: str, found: BlindReview) -> str:
    return reverse(f"moderation:blind_{name}", args=[found.pk])


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_second_looks_are_for_moderators(
    role: str | None, sampled: BlindReview, sign_in: SignIn
) -> None:
    client = sign_in(role)
    may = role in ("moderator", "lead")
    refused = 302 if role is None else 403
    assert client.get(reverse("moderation:blind")).status_code == (200 if may else refused)
    for step in ("answer", "skip", "stop"):
        answer = {"action": "approve"} if step == "answer" else {}
        if not may:
            assert client.post(at(step, sampled), answer).status_code == refused
        assert client.get(at(step, sampled)).status_code in (405, refused)
    sampled.refresh_from_db()
    assert sampled.answered_at is None


def test_looking_at_the_start_page_takes_nothing(sampled: BlindReview, sign_in: SignIn) -> None:
    page = sign_in("moderator").get(reverse("moderation:blind")).text
    assert "<b>1</b> waiting for you" in page
    sampled.refresh_from_db()
    assert sampled.reviewer is None


def test_nothing_of_the_verdict_or_the_flags_is_in_the_page(
    sampled: BlindReview, exemplar: Exemplar, sign_in: SignIn, storefront: Storefront
) -> None:
    image = sampled.decision.image
    product = Product.objects.create(storefront=storefront, sku="MUG-1", title="Blue mug")
    Image.objects.filter(pk=image.pk).update(product=product, status=Status.REMOVED)
    Decision.objects.get()  # the one that must not show
    Flag.objects.create(
        image=image,
        policy=exemplar.bank.policy,
        bank=exemplar.bank,
        bank_version=1,
        exemplar=exemplar,
        encoder=tag(image, "Gun", score=0.9).encoder,
        score=0.9317,
        threshold=0.8712,
        outcome=Outcome.HOLD,
    )
    client = sign_in("moderator")
    response = client.post(reverse("moderation:blind_begin"), follow=True)
    assert response.redirect_chain[-1][0] == at("review", sampled)
    page = response.text
    shown = page[page.index("<article") : page.index("</article>")]
    for kept in ("MUG-1", "Blue mug", "Corner shop", "Weapons", "No firearms."):
        assert kept in shown
    secret = (
        "ana", "0.93", "0.87", "Known weapons", "revolver", "held", "removed", "Removed",
        "approved", "Approved", "matched", reverse("moderation:exemplar", args=[exemplar.pk]),
        'href="' + reverse("catalog:photo", args=[image.pk]),
    )  # fmt: skip
    found = [word for word in secret if word in shown]
    assert found == []


def test_answering_leads_on_and_an_empty_queue_says_so(
    sampled: BlindReview, weapons: Policy, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:blind_begin"))
    response = client.post(
        at("answer", sampled), {"action": "remove", "policy": "weapons"}, follow=True
    )
    assert "No second look waits for you" in response.text
    assert "<b>1</b> done today" in response.text
    sampled.refresh_from_db()
    assert (sampled.action, sampled.policy) == (Action.REMOVE, weapons)


@pytest.mark.parametrize(
    "wrong", [{}, {"action": "escalate"}, {"action": "remove"}, {"action": "remove", "policy": "x"}]
)
def test_an_answer_that_makes_no_sense_is_refused(
    wrong: dict[str, str], sampled: BlindReview, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:blind_begin"))
    assert client.post(at("answer", sampled), wrong).status_code == 400
    sampled.refresh_from_db()
    assert sampled.answered_at is None


def test_skipping_offers_it_to_others_and_later_again(
    sampled: BlindReview, ben: User, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:blind_begin"))
    page = client.post(at("skip", sampled), follow=True).text
    assert "Only those you skipped are left" in page
    sampled.refresh_from_db()
    assert (sampled.reviewer, sampled.answered_at) == (None, None)
    again = client.post(reverse("moderation:blind_begin"))
    assert again["Location"] == at("review", sampled)
    client.post(at("stop", sampled))
    assert blind.next_for(ben) == sampled


def test_somebody_elses_is_not_shown_nor_answered(
    sampled: BlindReview, ben: User, sign_in: SignIn
) -> None:
    blind.next_for(ben)
    client = sign_in("moderator")
    assert client.get(at("review", sampled))["Location"] == reverse("moderation:blind")
    page = client.post(at("answer", sampled), {"action": "approve"}, follow=True).text
    assert "Somebody else is looking at this one" in page
    client.post(at("skip", sampled))
    client.post(at("stop", sampled))
    sampled.refresh_from_db()
    assert (sampled.reviewer, sampled.answered_at) == (ben, None)


def test_unknown_ones_are_not_found(sampled: BlindReview, sign_in: SignIn) -> None:
    client: Client = sign_in("moderator")
    missing = BlindReview(pk=sampled.pk + 999)
    assert client.get(at("review", missing)).status_code == 404
    for step in ("answer", "skip", "stop"):
        assert client.post(at(step, missing)).status_code == 404
