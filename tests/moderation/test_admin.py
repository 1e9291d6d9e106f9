"""Moderation's admin: history cannot be touched, and workers notice every change to a bank."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pgvector import HalfVector

from catalog.models import Encoder, Image
from moderation import banks, matching
from moderation.choices import Action, Outcome
from moderation.models import Bank, Decision, Exemplar, ExemplarVector, Flag, Policy, Review, Skip
from tests.admin import assert_nothing_can_be_changed, assert_pages_load, models_of, url

Picture = Callable[..., bytes]
HISTORY = [Decision, ExemplarVector, Flag, Review, Skip]
BANK_FIELDS = {
    "name": "Handguns",
    "kind": "violating",
    "hold_threshold": "0.9",
    "veto_margin": "0",
}


@pytest.fixture
def bank(db: None) -> Bank:
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    return Bank.objects.create(policy=policy, name="Handguns")


@pytest.fixture
def exemplar(bank: Bank, picture: Picture) -> Exemplar:
    return banks.add_exemplar(bank=bank, data=picture("handgun"), note="Black, from the left")


@pytest.fixture
def decided(
    bank: Bank,
    exemplar: Exemplar,
    upload: Callable[..., Image],
    picture: Picture,
    admin_user: Any,
) -> Image:
    """One photo that was flagged and decided, so that every model has a row."""
    encoder = Encoder.objects.create(
        name="mini", fingerprint="f", dimension=3, scoring="softmax", logit_scale=100.0
    )
    photo = upload(picture("handgun"))
    ExemplarVector.objects.create(exemplar=exemplar, encoder=encoder, vector=HalfVector([1, 0, 0]))
    Flag.objects.create(
        image=photo,
        policy=bank.policy,
        bank=bank,
        bank_version=bank.version,
        exemplar=exemplar,
        encoder=encoder,
        score=0.97,
        threshold=0.9,
        outcome=Outcome.HOLD,
    )
    review = Review.objects.create(image=photo, policy=bank.policy, due_at=timezone.now())
    Skip.objects.create(review=review, moderator=admin_user)
    Decision.objects.create(
        review=review,
        image=photo,
        action=Action.REMOVE,
        policy=bank.policy,
        decided_by=admin_user,
    )
    return photo


@pytest.mark.parametrize("model", models_of("moderation"))
def test_every_page_of_every_model_loads(model: Any, decided: Image, admin_client: Client) -> None:
    assert_pages_load(admin_client, model)


@pytest.mark.parametrize("model", HISTORY)
def test_history_stands(model: Any, decided: Image, admin_client: Client) -> None:
    assert_nothing_can_be_changed(admin_client, model)


@pytest.mark.parametrize("model", models_of("moderation"))
def test_nothing_is_deleted(model: Any, decided: Image, admin_client: Client) -> None:
    row = model.objects.first()
    assert admin_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_an_exemplar_is_added_by_its_file(
    bank: Bank, picture: Picture, admin_client: Client, admin_user: Any, media: Path
) -> None:
    before = matching.state()
    file = SimpleUploadedFile("gun.jpg", picture("handgun"))
    fields = {"bank": bank.pk, "note": "Black", "file": file}
    response = admin_client.post(url(Exemplar, "add"), fields)

    assert response.status_code == 302
    added = Exemplar.objects.get()
    assert (added.bank, added.note, added.added_by) == (bank, "Black", admin_user)
    assert (media / added.picture.name).stat().st_size > 0
    assert matching.state() != before


def test_a_refused_exemplar_is_an_error_of_the_form(bank: Bank, admin_client: Client) -> None:
    before = matching.state()
    fields = {"bank": bank.pk, "file": SimpleUploadedFile("gun.jpg", b"<svg/>")}
    response = admin_client.post(url(Exemplar, "add"), fields)

    assert response.status_code == 200
    assert response.context["adminform"].form.errors["file"]
    assert not Exemplar.objects.exists()
    assert matching.state() == before


def test_an_exemplar_keeps_its_bank_and_picture(exemplar: Exemplar, admin_client: Client) -> None:
    other = Bank.objects.create(policy=exemplar.bank.policy, name="Rifles")
    before = matching.state()
    fields = {"note": "Black", "bank": other.pk, "sha256": "0" * 64, "picture": "x"}
    admin_client.post(url(Exemplar, "change", exemplar.pk), fields)

    after = Exemplar.objects.get()
    assert (after.note, after.is_enabled) == ("Black", False)
    assert (after.bank, after.sha256, after.picture) == (
        exemplar.bank,
        exemplar.sha256,
        exemplar.picture,
    )
    assert matching.state() != before


@pytest.mark.parametrize(("action", "enabled"), [("disable", False), ("enable", True)])
def test_exemplars_are_switched_from_the_list(
    action: str, enabled: bool, exemplar: Exemplar, admin_client: Client
) -> None:
    Exemplar.objects.update(is_enabled=not enabled)
    before = matching.state()
    chosen = {"action": action, "_selected_action": str(exemplar.pk)}

    admin_client.post(url(Exemplar, "changelist"), chosen)
    assert Exemplar.objects.get().is_enabled is enabled
    changed = matching.state()
    assert changed != before

    admin_client.post(url(Exemplar, "changelist"), chosen)
    assert matching.state() == changed  # nothing changed, so no worker rebuilds for it


def test_a_bank_keeps_a_version_that_grew_while_its_form_was_open(
    bank: Bank, admin_client: Client
) -> None:
    for _ in range(3):
        banks.touch(bank)
    grown = bank.version

    fields = BANK_FIELDS | {"policy": bank.policy_id, "hold_threshold": "0.8", "version": "1"}
    assert admin_client.post(url(Bank, "change", bank.pk), fields).status_code == 302

    bank.refresh_from_db()
    assert bank.hold_threshold == 0.8
    assert bank.version == grown + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold_threshold": "1.5"},
        {"remove_threshold": "0.5"},
        {"kind": "safe", "remove_threshold": "0.99"},
    ],
)
def test_thresholds_that_make_no_sense_are_errors_of_the_form(
    wrong: dict[str, str], bank: Bank, admin_client: Client
) -> None:
    fields = BANK_FIELDS | {"policy": bank.policy_id} | wrong
    response = admin_client.post(url(Bank, "change", bank.pk), fields)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["__all__"]
    assert Bank.objects.get().hold_threshold == 0.9


def test_a_changed_policy_reaches_the_workers_of_its_banks(
    bank: Bank, admin_client: Client
) -> None:
    fields = {
        "slug": "weapons",
        "name": "Weapons",
        "severity": "4",
        "review_within_minutes": "30",
        "is_enabled": "on",
        "banks-TOTAL_FORMS": "0",
        "banks-INITIAL_FORMS": "0",
    }
    before = bank.version
    assert admin_client.post(url(Policy, "change", bank.policy_id), fields).status_code == 302
    bank.refresh_from_db()
    assert bank.policy.severity == 4
    assert bank.version == before + 1
