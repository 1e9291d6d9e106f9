"""Moderation's admin: history cannot be touched, and workers notice every change to a bank."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pgvector import HalfVector

from catalog import erasing
from catalog.choices import Source, Status
from catalog.models import Encoder, Image
from moderation import banks, flooding, matching
from moderation.choices import Action, Outcome, Queue, Result
from moderation.models import (
    Appeal,
    Bank,
    BankThreshold,
    BankTraffic,
    BlindReview,
    Decision,
    Exemplar,
    ExemplarVector,
    Flag,
    JudgedCount,
    Notice,
    Policy,
    PolicyPrompt,
    Preferences,
    PromptVector,
    Review,
    Settlement,
    Skip,
    StorefrontPolicy,
    Sweep,
    SweepHit,
    TrialAppeal,
    TrialDecision,
)
from tests.admin import assert_nothing_can_be_changed, assert_pages_load, models_of, url

Picture = Callable[..., bytes]
HISTORY = [
    *(Appeal, BankThreshold, BankTraffic, BlindReview, Decision, ExemplarVector, Flag, Notice),
    *(PolicyPrompt, Preferences, PromptVector, Review, Settlement, Skip, Sweep, SweepHit),
    *(JudgedCount, StorefrontPolicy),
]
BANK_FIELDS = {
    "name": "Handguns",
    "kind": "violating",
    "hold_threshold": "0.9",
    "veto_margin": "0",
    "hash_distance": "31",
    "sample_rate": "1",
    "sample_seed": "0",
    "thresholds-TOTAL_FORMS": "0",
    "thresholds-INITIAL_FORMS": "0",
}
POLICY_FIELDS = {
    "slug": "weapons",
    "name": "Weapons",
    "severity": "4",
    "review_within_minutes": "30",
    "is_enabled": "on",
    "banks-TOTAL_FORMS": "0",
    "banks-INITIAL_FORMS": "0",
    "prompts-TOTAL_FORMS": "0",
    "prompts-INITIAL_FORMS": "0",
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
    decision = Decision.objects.create(
        review=review,
        image=photo,
        action=Action.REMOVE,
        policy=bank.policy,
        decided_by=admin_user,
    )
    Settlement.objects.create(decision=decision, result=Result.EFFECTIVE)
    second = Review.objects.create(
        image=photo,
        queue=Queue.APPEALS,
        policy=bank.policy,
        due_at=timezone.now(),
        status="decided",
    )
    Appeal.objects.create(
        decision=decision, image=photo, review=second, text="It is a toy.", source=Source.API
    )
    BlindReview.objects.create(decision=decision)
    BankThreshold.objects.create(bank=bank, encoder=encoder, hold=0.8, author=admin_user)
    BankTraffic.objects.create(bank=bank, hour=timezone.now(), screened=9, held=1)
    Notice.objects.create(bank=bank, text="Look.")
    prompt = PolicyPrompt.objects.create(policy=bank.policy, text="a photo of a handgun")
    PromptVector.objects.create(
        prompt=prompt, encoder=encoder, text=prompt.text, vector=HalfVector([1, 0, 0])
    )
    sweep = Sweep.objects.create(bank=bank, encoder=encoder, rate=10)
    SweepHit.objects.create(
        sweep=sweep, image=photo, exemplar=exemplar, score=0.9, status_before=Status.LIVE
    )
    Preferences.objects.create(user=admin_user)
    JudgedCount.objects.create(
        storefront=photo.storefront, day=timezone.now(), status=Status.LIVE, photos=1
    )
    TrialDecision.objects.create(image=photo, action=Action.APPROVE)
    TrialAppeal.objects.create(image=photo, text="It is a toy.")
    StorefrontPolicy.objects.create(storefront=photo.storefront, policy=bank.policy)
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
    fields = {"bank": bank.pk, "note": "Black", "source": "Customs", "file": file}
    response = admin_client.post(url(Exemplar, "add"), fields)

    assert response.status_code == 302
    added = Exemplar.objects.get()
    assert (added.bank, added.note, added.source) == (bank, "Black", "Customs")
    assert added.added_by == admin_user
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
    before = bank.version
    page = url(Policy, "change", bank.policy_id)
    assert admin_client.post(page, POLICY_FIELDS).status_code == 302
    bank = Bank.objects.select_related("policy").get(pk=bank.pk)
    assert (bank.policy.severity, bank.policy.version) == (4, 2)
    assert bank.version == before + 1


def prompt_fields(*prompts: tuple[str, bool, bool]) -> dict[str, str]:
    """The form of a policy with these prompts: text, whether a contrast, whether enabled."""
    fields = POLICY_FIELDS | {"prompt_threshold": "0.6", "prompts-TOTAL_FORMS": str(len(prompts))}
    for index, (text, is_contrast, is_enabled) in enumerate(prompts):
        fields[f"prompts-{index}-text"] = text
        if is_contrast:
            fields[f"prompts-{index}-is_contrast"] = "on"
        if is_enabled:
            fields[f"prompts-{index}-is_enabled"] = "on"
    return fields


def test_a_policy_is_described_by_prompts(bank: Bank, admin_client: Client) -> None:
    before = matching.state()
    fields = prompt_fields(("a photo of a handgun", False, True), ("a photo of a mug", True, True))
    page = url(Policy, "change", bank.policy_id)
    assert admin_client.post(page, fields).status_code == 302
    prompts = PolicyPrompt.objects.values_list("text", "is_contrast")
    assert set(prompts) == {("a photo of a handgun", False), ("a photo of a mug", True)}
    assert matching.state() != before


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([("a handgun", False, True)], "Add a contrast prompt"),
        ([("a handgun", False, True), ("a mug", True, False)], "Add a contrast prompt"),
        ([], "no prompt that says what violates it"),
        ([("a mug", True, True)], "no prompt that says what violates it"),
    ],
)
def test_prompts_that_could_not_be_scored_are_errors_of_the_form(
    prompts: list[tuple[str, bool, bool]], message: str, bank: Bank, admin_client: Client
) -> None:
    before = matching.state()
    response = admin_client.post(url(Policy, "change", bank.policy_id), prompt_fields(*prompts))
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not PolicyPrompt.objects.exists()
    assert matching.state() == before


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "__all__"),
        ({"pdq_hex": "abc"}, "pdq_hex"),
        ({"pdq_hex": "a" * 64, "file": True}, "__all__"),
    ],
)
def test_an_exemplar_is_a_file_or_a_hash(
    given: dict[str, Any], error: str, bank: Bank, picture: Picture, admin_client: Client
) -> None:
    if given.get("file"):
        given = given | {"file": SimpleUploadedFile("gun.jpg", picture("handgun"))}
    response = admin_client.post(url(Exemplar, "add"), {"bank": bank.pk} | given)
    assert list(response.context["adminform"].form.errors) == [error]
    assert not Exemplar.objects.exists()


def test_a_hash_is_added_by_its_digits(bank: Bank, admin_client: Client) -> None:
    before = matching.state()
    fields = {"bank": bank.pk, "pdq_hex": "A" * 64, "source": "A list"}
    assert admin_client.post(url(Exemplar, "add"), fields).status_code == 302
    added = Exemplar.objects.get()
    assert (added.sha256, added.pdq_quality, added.source) == ("a" * 64, 100, "A list")
    assert matching.state() != before
    page = admin_client.get(url(Exemplar, "change", added.pk)).content.decode()
    assert "hash only" in page
    assert "a" * 64 in page
    assert admin_client.get(url(Exemplar, "changelist")).status_code == 200


def test_a_quarantine_is_lifted_from_the_list(bank: Bank, admin_client: Client) -> None:
    flooding.quarantine(bank=bank, reason="Too many.")
    page = admin_client.get(url(Bank, "change", bank.pk)).content.decode()
    assert "Too many." in page
    chosen = {"action": "lift_quarantine", "_selected_action": str(bank.pk)}
    admin_client.post(url(Bank, "changelist"), chosen)
    bank.refresh_from_db()
    assert bank.quarantined_at is None
    assert Notice.objects.get().settled_at is not None


def test_decisions_about_an_erased_photo_can_still_be_read(
    decided: Image, admin_client: Client
) -> None:
    decision = Decision.objects.get()
    Appeal.objects.all().delete()
    erasing.erase(Image.objects.filter(pk=decided.pk))
    assert "erased" in admin_client.get(url(Decision, "changelist")).content.decode()
    assert admin_client.get(url(Decision, "change", decision.pk)).status_code == 200
    assert admin_client.get(url(Settlement, "changelist")).status_code == 200
