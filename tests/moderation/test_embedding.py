"""Exemplars are embedded as soon as they are added, on the real worker."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from catalog import doorbell
from catalog.choices import Status
from catalog.models import Image
from moderation import banks, embedding, prompts
from moderation.choices import MatchKind
from moderation.models import Bank, Exemplar, ExemplarVector, Flag, Policy, PolicyPrompt
from moderation.tasks import embed_exemplars
from tests.conftest import Picture

Upload = Callable[..., Image]


def until(true: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait for what another process is about to do."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.05)


@pytest.fixture
def bank(transactional_db: None) -> Bank:
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    return Bank.objects.create(policy=policy, name="Handguns", hold_threshold=0.9)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pipeline_worker")
def test_a_photo_uploaded_right_after_its_exemplar_was_added_is_held(
    bank: Bank, upload: Upload, picture: Picture
) -> None:
    first = upload(picture("mug", 1))
    until(lambda: Image.objects.get(pk=first.pk).status == Status.LIVE)  # the matcher is built

    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    photo = upload(picture("handgun", 1))
    until(lambda: Image.objects.get(pk=photo.pk).status != Status.PENDING)
    assert Image.objects.get(pk=photo.pk).status == Status.HELD
    flags = Flag.objects.filter(image=photo)
    assert {flag.kind for flag in flags} == {MatchKind.EMBEDDING, MatchKind.HASH}
    assert {flag.exemplar_id for flag in flags} == {exemplar.pk}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pipeline_worker")
def test_an_exemplar_and_a_prompt_need_no_photo_to_be_embedded(
    bank: Bank, picture: Picture
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    until(lambda: ExemplarVector.objects.filter(exemplar=exemplar).exists())
    exemplar.refresh_from_db()
    assert exemplar.pdq is not None
    PolicyPrompt.objects.create(policy=bank.policy, text="a photo of a handgun")
    banks.touch_policy(bank.policy)
    until(lambda: PolicyPrompt.objects.filter(vectors__isnull=False).exists())


@pytest.mark.django_db
def test_the_task_loads_no_model_when_nothing_is_missing(
    encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        pytest.fail("It loaded the model.")

    monkeypatch.setattr("moderation.tasks.load_configured", refuse)
    embed_exemplars()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "rings"),
    [
        (lambda bank, data: banks.add_exemplar(bank=bank, data=data), 1),
        (lambda bank, data: banks.touch_policy(bank.policy), 1),
        (lambda bank, data: banks.add_hash(bank=bank, pdq_hex="a" * 64), 0),
        (lambda bank, data: banks.touch(bank), 0),
    ],
    ids=["exemplar", "policy", "hash", "touch"],
)
def test_who_rings_for_it(
    change: Callable[..., object],
    rings: int,
    picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    bank = Bank.objects.create(policy=policy, name="Handguns")
    rung: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda task: rung.append(task))
    with django_capture_on_commit_callbacks(execute=True):
        change(bank, picture("handgun", 1))
        assert rung == []  # not before the commit
    assert rung == ["moderation.tasks.embed_exemplars"] * rings


@pytest.mark.django_db
def test_what_is_switched_off_is_embedded_when_it_is_switched_on(
    picture: Picture, encoder: Any
) -> None:
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    bank = Bank.objects.create(policy=policy, name="Handguns")
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    banks.disable_exemplar(exemplar=exemplar)
    assert embedding.embed_missing(encoder) == 0
    assert prompts.encode_missing(encoder) == 0
    assert banks.add_exemplar(bank=bank, data=picture("handgun", 1)) == exemplar  # enables it
    assert Exemplar.objects.get().is_enabled
    assert embedding.embed_missing(encoder) == 1
