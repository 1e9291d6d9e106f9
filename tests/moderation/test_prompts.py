"""Cold start: policies that act on words before they have an exemplar."""

from collections.abc import Callable

import numpy as np
import pytest

from catalog import pipeline
from catalog.choices import Scoring, Status
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import probabilities
from catalog.models import Embedding, Encoder, Event, Image
from moderation import banks, prompts
from moderation.choices import BankKind, MatchKind, ModerationEvent, Outcome
from moderation.models import Bank, Flag, Policy, PolicyPrompt, PromptVector, Review
from moderation.prompts import Described
from tests.conftest import Picture

pytestmark = pytest.mark.django_db

Process = Callable[[], pipeline.Drained]
Upload = Callable[..., Image]


@pytest.fixture
def arms(policy: Policy) -> Policy:
    """Handguns and water pistols violate it; mugs and dresses are what else there is."""
    policy.prompt_threshold = 0.6
    policy.save()
    for text, contrast in (
        ("a photo of a handgun", False),
        ("a photo of a water pistol", False),
        ("a photo of a mug", True),
        ("a photo of a dress", True),
    ):
        PolicyPrompt.objects.create(policy=policy, text=text, is_contrast=contrast)
    return policy


def test_a_described_photo_is_held_without_any_exemplar(
    arms: Policy, upload: Upload, picture: Picture, process: Process, encoder: LoadedEncoder
) -> None:
    held, harmless = (
        upload(picture("handgun", 3, calm=True)),
        upload(picture("mug", 2, calm=True)),
    )
    process()
    held.refresh_from_db()
    harmless.refresh_from_db()
    assert (held.status, harmless.status) == (Status.HELD, Status.LIVE)
    flag = Flag.objects.get()
    assert (flag.image_id, flag.kind, flag.outcome) == (held.pk, MatchKind.PROMPT, Outcome.HOLD)
    assert (flag.bank, flag.exemplar, flag.encoder) == (None, None, encoder.row)
    assert (flag.prompt_text, flag.bank_version, flag.threshold) == (
        "a photo of a handgun",
        arms.version,
        0.6,
    )
    vectors = {v.text: np.asarray(v.vector, np.float32) for v in PromptVector.objects.all()}
    photo = np.asarray(Embedding.objects.get(image=held).vector, np.float32)
    shares = probabilities(
        np.stack([photo @ vector for vector in vectors.values()])[None],
        scoring=encoder.row.scoring,
        logit_scale=encoder.row.logit_scale,
    )[0]
    by_text = dict(zip(vectors, shares, strict=True))
    both = by_text["a photo of a handgun"] + by_text["a photo of a water pistol"]
    assert flag.score == pytest.approx(both, abs=1e-4)
    assert flag.score > by_text["a photo of a handgun"] + 0.01  # together, not the best alone
    review = Review.objects.get()
    assert (review.image_id, review.policy) == (held.pk, arms)
    event = Event.objects.get(kind=ModerationEvent.FLAGGED)
    assert event.summary == (f"Arms: {flag.score:.2f} for “a photo of a handgun” (threshold 0.60)")


@pytest.mark.parametrize(
    "change",
    [
        lambda arms: Policy.objects.update(prompt_threshold=None),
        lambda arms: Policy.objects.update(is_enabled=False),
        lambda arms: arms.prompts.filter(is_contrast=True).update(is_enabled=False),
        lambda arms: arms.prompts.filter(is_contrast=True).delete(),
        lambda arms: arms.prompts.filter(is_contrast=False).update(is_enabled=False),
    ],
    ids=["no threshold", "switched off", "contrast off", "no contrast", "nothing violates"],
)
def test_what_is_incomplete_is_never_scored(
    change: Callable[[Policy], object],
    arms: Policy,
    upload: Upload,
    picture: Picture,
    process: Process,
) -> None:
    change(arms)
    photo = upload(picture("handgun", 1, calm=True))
    process()
    photo.refresh_from_db()
    assert photo.status == Status.LIVE
    assert not Flag.objects.exists()


def test_a_changed_prompt_is_encoded_anew_and_only_that_one(
    arms: Policy, encoder: LoadedEncoder
) -> None:
    prompts.build(encoder)
    before = {v.prompt_id: (v.pk, v.text, list(v.vector)) for v in PromptVector.objects.all()}
    assert len(before) == 4
    assert not prompts.missing(encoder.row).exists()

    changed = arms.prompts.get(text="a photo of a dress")
    changed.text = "a photo of a table"
    changed.save()
    assert [prompt.pk for prompt in prompts.missing(encoder.row)] == [changed.pk]
    (described,) = prompts.build(encoder)
    after = {v.prompt_id: (v.pk, v.text, list(v.vector)) for v in PromptVector.objects.all()}
    assert {key for key in after if after[key] != before[key]} == {changed.pk}
    assert after[changed.pk][1] == "a photo of a table"
    assert changed.text in {prompt.text for prompt in described.prompts}


def test_a_prompt_added_between_two_batches_counts_in_the_second(
    arms: Policy, upload: Upload, picture: Picture, encoder: LoadedEncoder
) -> None:
    stages = pipeline.load_stages()
    arms.prompts.filter(is_contrast=False).delete()
    before = upload(picture("handgun", 1, calm=True))
    pipeline.drain(encoder=encoder, stages=stages, seconds=60)
    PolicyPrompt.objects.create(policy=arms, text="a photo of a handgun")
    banks.touch_policy(arms)
    after = upload(picture("handgun", 2, calm=True))
    pipeline.drain(encoder=encoder, stages=stages, seconds=60)
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.status, after.status) == (Status.LIVE, Status.HELD)
    assert Flag.objects.get().bank_version == arms.version == 2


def test_a_safe_exemplar_vetoes_a_prompt_of_its_policy(
    arms: Policy, upload: Upload, picture: Picture, process: Process
) -> None:
    safe = Bank.objects.create(
        policy=arms, name="Toys", kind=BankKind.SAFE, hold_threshold=0.95, hash_distance=None
    )
    toy = banks.add_exemplar(bank=safe, data=picture("water-pistol", 1, calm=True))
    allowed, other = (
        upload(picture("water-pistol", 1, calm=True)),
        upload(picture("handgun", 1, calm=True)),
    )
    process()
    allowed.refresh_from_db()
    other.refresh_from_db()
    assert (allowed.status, other.status) == (Status.LIVE, Status.HELD)
    flag = Flag.objects.get(image=allowed)
    assert (flag.kind, flag.outcome, flag.vetoed_by_id) == (
        MatchKind.PROMPT,
        Outcome.VETOED,
        toy.pk,
    )
    assert flag.veto_score == pytest.approx(1.0, abs=0.01)


def test_the_same_picture_in_a_safe_bank_vetoes_a_prompt(
    arms: Policy, upload: Upload, picture: Picture, process: Process
) -> None:
    safe = Bank.objects.create(
        policy=arms, name="Toys", kind=BankKind.SAFE, hold_threshold=1.0, hash_distance=31
    )
    banks.add_exemplar(bank=safe, data=picture("water-pistol", 1, calm=True))
    photo = upload(picture("water-pistol", 1, calm=True, size=300))
    process()
    photo.refresh_from_db()
    assert photo.status == Status.LIVE
    assert Flag.objects.get().outcome == Outcome.VETOED


def test_a_safe_bank_of_another_policy_vetoes_no_prompt(
    arms: Policy, upload: Upload, picture: Picture, process: Process
) -> None:
    other = Policy.objects.create(slug="other", name="Other")
    safe = Bank.objects.create(policy=other, name="Safe", kind=BankKind.SAFE, hold_threshold=0.5)
    banks.add_exemplar(bank=safe, data=picture("handgun", 1, calm=True))
    photo = upload(picture("handgun", 1, calm=True))
    process()
    photo.refresh_from_db()
    assert photo.status == Status.HELD


def test_a_sigmoid_encoder_answers_each_prompt_by_itself(policy: Policy) -> None:
    encoder = Encoder(scoring=Scoring.SIGMOID, logit_scale=10.0, logit_bias=-5.0, dimension=2)
    texts = [PolicyPrompt(pk=1, text="a"), PolicyPrompt(pk=2, text="b"), PolicyPrompt(pk=3)]
    vectors = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    described = Described(policy, 0.7, tuple(texts), 2, vectors)
    photos = np.array([[0.6, 0.8], [0.5, 0.5]], np.float32)
    sure, unsure = prompts.matches([described], photos, encoder)
    assert unsure == []  # two of 0.5 are not 1.0
    (match,) = sure
    assert match.prompt.text == "b"
    assert match.score == pytest.approx(1 / (1 + np.exp(-3.0)), abs=2e-3)
