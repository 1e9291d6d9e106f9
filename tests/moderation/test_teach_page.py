"""The teaching dialog: a fragment for htmx, a page without it, and who may use it."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from moderation import banks, deciding
from moderation.choices import Action
from moderation.models import Bank, Decision, Exemplar, Review
from tests.moderation.cases import decide
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def decision(review: Review, ana: User) -> Decision:
    return decide(review, ana, Action.REMOVE, review.policy)


@pytest.fixture
def moderator(sign_in: SignIn) -> Client:
    return sign_in("moderator")


def where(decision: Decision) -> str:
    page = reverse("moderation:teach", args=[decision.image_id])
    return f"{page}?decision={decision.pk}"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 302), ("nobody", 403), ("staff", 403), ("moderator", 200), ("lead", 200)],
)
def test_moderators_may_teach(
    method: str, role: str | None, status: int, decision: Decision, sign_in: SignIn
) -> None:
    response = getattr(sign_in(role), method)(where(decision))
    nothing_chosen = method == "post" and status == 200
    assert response.status_code == (422 if nothing_chosen else status)
    assert not Exemplar.objects.filter(taught_by=decision).exists()


def test_without_htmx_it_is_a_page(decision: Decision, moderator: Client, review: Review) -> None:
    page = moderator.get(where(decision)).text
    assert page.startswith("<!doctype html>")
    assert '<dialog id="teach"' not in page
    bank = Bank.objects.get()
    data = {"decision": decision.pk, "bank": bank.pk}
    response = moderator.post(where(decision), data)
    assert response.url == reverse("catalog:photo", args=[review.image_id])  # type: ignore[attr-defined]
    assert bank.exemplars.get(taught_by=decision).added_by.username == "the-moderator"  # type: ignore[union-attr]


def test_the_latest_decision_is_meant_when_none_is_named(
    decision: Decision, moderator: Client
) -> None:
    page = reverse("moderation:teach", args=[decision.image_id])
    assert f'name="decision" value="{decision.pk}"' in moderator.get(page).text


def test_moderators_go_on_at_once_and_leads_are_offered_a_sweep(
    decision: Decision, sign_in: SignIn
) -> None:
    bank = Bank.objects.get()
    data = {"decision": decision.pk, "bank": bank.pk}
    done = sign_in("moderator").post(where(decision), data, headers=HTMX).text
    assert "Known weapons has learned this photo." in done
    assert "<dialog" not in done
    Exemplar.objects.filter(taught_by=decision).delete()
    offered = sign_in("lead").post(where(decision), data, headers=HTMX).text
    learned = Exemplar.objects.get(taught_by=decision)
    assert f"/sweeps/new/?bank={bank.pk}&amp;exemplars={learned.pk}" in offered


@pytest.mark.parametrize("bank", ["", "999999", "new-1", "mangled"])
def test_a_bank_that_was_not_offered_is_refused_in_words(
    bank: str, decision: Decision, moderator: Client
) -> None:
    response = moderator.post(where(decision), {"decision": decision.pk, "bank": bank})
    assert response.status_code == 422
    assert "Choose the bank that should learn." in response.text
    assert not Exemplar.objects.filter(taught_by=decision).exists()


def test_an_undone_decision_is_refused_in_words(
    decision: Decision, moderator: Client, ana: User
) -> None:
    deciding.undo(decision_id=decision.pk, moderator=ana)
    data = {"decision": decision.pk, "bank": Bank.objects.get().pk}
    response = moderator.post(where(decision), data, headers=HTMX)
    assert response.status_code == 200  # htmx shows it
    assert "This decision was undone, so it teaches nothing." in response.text


def test_a_bank_that_knows_the_photo_cannot_be_chosen_again(
    decision: Decision, moderator: Client
) -> None:
    bank = Bank.objects.get()
    moderator.post(where(decision), {"decision": decision.pk, "bank": bank.pk})
    page = moderator.get(where(decision)).text
    assert "Knows this photo already." in page
    banks.disable_exemplar(exemplar=Exemplar.objects.get(taught_by=decision))
    assert "This photo was in it, and was retired." in moderator.get(where(decision)).text


def test_what_is_not_there_is_a_404(decision: Decision, moderator: Client, review: Review) -> None:
    nowhere = reverse("moderation:teach", args=[uuid4()])
    assert moderator.get(nowhere).status_code == 404
    page = reverse("moderation:teach", args=[review.image_id])
    for asked in ("999999", "-1", "x", "9" * 40):
        assert moderator.get(page, {"decision": asked}).status_code == 404


def test_another_photos_decision_is_a_404(
    decision: Decision, moderator: Client, upload: object, picture: object
) -> None:
    other = upload(picture("mug", 77))  # type: ignore[operator]
    page = reverse("moderation:teach", args=[other.pk])
    assert moderator.get(page, {"decision": decision.pk}).status_code == 404
    assert moderator.get(page).status_code == 404
