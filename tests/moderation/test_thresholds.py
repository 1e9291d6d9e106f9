"""Past decisions against a bank, and setting its thresholds."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone

from catalog.models import Encoder, Image
from moderation import banks, lookback, matching, thresholds
from moderation.banks import Limits
from moderation.choices import Action, MatchKind, Result
from moderation.lookback import CONFIRMED, REFUTED, UNKNOWN, Lookback, look_back
from moderation.matching import Match
from moderation.models import BankThreshold, Policy, Settlement
from moderation.thresholds import ThresholdRefused
from tests.moderation.cases import decide, make_review, settle
from tests.moderation.lab import Lab, at

pytestmark = pytest.mark.django_db


def seen(lab: Lab) -> tuple[Lookback, dict[Image, tuple[float, int]]]:
    found = look_back(bank=lab.bank, encoder=lab.encoder)
    images = Image.objects.in_bulk(found.images)
    rows = zip(found.images, found.scores, found.verdicts, strict=True)
    return found, {images[key]: (float(score), int(verdict)) for key, score, verdict in rows}


def test_removals_are_positive_approvals_negative_and_others_only_recent(lab: Lab) -> None:
    removed, approved = lab.removed(at(0.75)), lab.approved(at(0.5))
    untouched = lab.photo(at(0.25))
    found, photos = seen(lab)
    assert photos == {
        removed: (0.75, CONFIRMED),
        approved: (0.5, REFUTED),
        untouched: (0.25, UNKNOWN),
    }
    assert (found.confirmed, found.refuted, found.days) == (1, 1, 1.0)
    scores, labels = found.known(safe=True)
    assert sorted(zip(scores.tolist(), labels.tolist(), strict=True)) == [
        (0.5, False),
        (0.75, True),
    ]


def test_removals_under_another_policy_say_nothing(lab: Lab) -> None:
    other = Policy.objects.create(slug="weapons", name="Weapons")
    image = lab.removed(at(0.75), other)
    found, photos = seen(lab)
    assert photos == {image: (0.75, UNKNOWN)}
    assert (found.confirmed, found.refuted, found.other_policy) == (0, 0, 1)


def test_drafts_undone_and_held_decisions_do_not_count(lab: Lab) -> None:
    photos = [lab.photo(at(0.75)) for _ in range(3)]
    drafts = [lab.draft(image, Action.REMOVE, lab.bank.policy) for image in photos]
    for review, result in zip(drafts[1:], (Result.UNDONE, Result.HELD), strict=True):
        Settlement.objects.create(decision=review.decisions.get(), result=result)
    assert {verdict for _, verdict in seen(lab)[1].values()} == {UNKNOWN}


def test_the_latest_decision_that_took_effect_counts(lab: Lab) -> None:
    image = lab.removed(at(0.75))
    ben = User.objects.create_user("ben")
    again = make_review(image, lab.bank.policy)
    decide(again, ben, Action.APPROVE)
    assert seen(lab)[1] == {image: (0.75, CONFIRMED)}, "the approval is a draft"
    settle(again)
    found, photos = seen(lab)
    assert photos == {image: (0.75, REFUTED)}
    assert (found.confirmed, found.refuted) == (0, 1)


def test_no_photo_is_compared_with_an_exemplar_made_of_it(lab: Lab) -> None:
    taken = lab.removed(at(0.75))
    lab.exemplar(lab.bank, (0.0, 0.0, 1.0, 0.0), taken_from=taken)
    same_bytes = lab.removed(at(0.5), sha256="c" * 64)
    lab.exemplar(lab.bank, (0.0, 0.0, 0.0, 1.0), sha256="c" * 64)
    # Either would score 1 against its own exemplar.
    for image, vector in ((taken, [0.75, 0, 1, 0]), (same_bytes, [0.5, 0, 0, 1])):
        image.embeddings.update(vector=vector)
    assert seen(lab)[1] == {taken: (0.75, CONFIRMED), same_bytes: (0.5, CONFIRMED)}


def test_a_photo_that_is_the_only_exemplar_is_left_out_and_counted(lab: Lab) -> None:
    lab.bank.exemplars.all().delete()
    image = lab.removed(at(0.75))
    lab.exemplar(lab.bank, (1.0, 0.0, 0.0, 0.0), taken_from=image)
    found, photos = seen(lab)
    assert photos == {}
    assert (found.confirmed, found.incomparable) == (0, 1)


def test_photos_without_a_vector_are_left_out_and_counted(lab: Lab) -> None:
    image = lab.removed(at(0.75))
    image.embeddings.all().delete()
    found, photos = seen(lab)
    assert (photos, found.incomparable) == ({}, 1)


def test_the_nearest_enabled_exemplar_counts(lab: Lab) -> None:
    image = lab.removed((0.5, 0.0, 0.75, 0.875))
    lab.exemplar(lab.bank, (0.0, 0.0, 1.0, 0.0))
    lab.exemplar(lab.bank, (0.0, 0.0, 0.0, 1.0), is_enabled=False)
    assert seen(lab)[1] == {image: (0.75, CONFIRMED)}


def test_another_encoder_sees_nothing(lab: Lab) -> None:
    lab.removed(at(0.75))
    other = Encoder.objects.create(
        name="other", fingerprint="5" * 64, dimension=4, scoring="softmax", logit_scale=1.0
    )
    found = look_back(bank=lab.bank, encoder=other)
    assert (found.images, found.incomparable) == ([], 1)


def test_the_safe_bank_vetoes_and_can_be_left_out(lab: Lab) -> None:
    lab.exemplar(lab.safe_bank, (0.0, 1.0, 0.0, 0.0))
    spared, kept = lab.approved(at(0.75, safe=0.75)), lab.removed(at(0.75, safe=0.5))
    below = lab.approved(at(0.25, safe=0.375))  # nearer to safe, but under its threshold
    found, _ = seen(lab)
    assert found.has_safe
    by_key = dict(zip(found.images, found.vetoed.tolist(), strict=True))
    assert by_key == {spared.pk: True, kept.pk: False, below.pk: False}
    assert sorted(found.known(safe=True)[0].tolist()) == [float("-inf"), 0.25, 0.75]
    assert sorted(found.known(safe=False)[0].tolist()) == [0.25, 0.75, 0.75]


def test_a_safe_exemplar_made_of_the_photo_does_not_vouch_for_it(lab: Lab) -> None:
    image = lab.approved(at(0.75, safe=0.875))
    lab.exemplar(lab.safe_bank, (0.0, 1.0, 0.0, 0.0), taken_from=image)
    found, _ = seen(lab)
    assert found.vetoed.tolist() == [False]


@pytest.mark.parametrize("margin", [0.0, 0.125])
@pytest.mark.parametrize("safe", [0.375, 0.5, 0.625, 0.75, 0.875, 1.0])
def test_vetoes_as_the_matcher_does(lab: Lab, safe: float, margin: float) -> None:
    lab.safe_bank.veto_margin = margin
    lab.safe_bank.save()
    exemplar = lab.exemplar(lab.safe_bank, (0.0, 1.0, 0.0, 0.0))
    lab.photo(at(0.75, safe=safe))
    own = lab.bank.exemplars.get()
    found, _ = seen(lab)
    looks = MatchKind.EMBEDDING
    match = Match(lab.bank, Limits(0.5), looks, own.pk, 0.75)
    matches = [match]
    if safe >= 0.5:  # the matcher names only what reaches its bank's threshold
        matches.append(Match(lab.safe_bank, Limits(0.5), looks, exemplar.pk, safe))
    veto = matching.veto(matches, policy_id=lab.bank.policy_id, against=match)
    assert found.vetoed.tolist() == [veto is not None]


def test_a_safe_bank_that_is_off_vetoes_nothing(lab: Lab) -> None:
    lab.exemplar(lab.safe_bank, (0.0, 1.0, 0.0, 0.0))
    lab.approved(at(0.75, safe=0.875))
    lab.safe_bank.is_enabled = False
    lab.safe_bank.save()
    found, _ = seen(lab)
    assert (found.has_safe, found.vetoed.tolist()) == (False, [False])


def test_photos_per_day_count_over_the_days_there_were(lab: Lab) -> None:
    now = timezone.now()
    for days in (0, 2, 4):
        image = lab.photo(at(0.5))
        Image.objects.filter(pk=image.pk).update(created_at=now - timedelta(days=days))
    found = look_back(bank=lab.bank, encoder=lab.encoder, now=now)
    assert (found.recent.sum(), round(found.days, 6)) == (3, 4.0)
    Image.objects.filter(pk=image.pk).update(created_at=now - timedelta(days=40))
    found = look_back(bank=lab.bank, encoder=lab.encoder, now=now)
    assert (found.recent.sum(), found.days) == (2, lookback.DAYS)


def test_many_photos_are_read_in_several_helpings(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback, "AT_ONCE", 2)
    images = {lab.photo(at(cosine)): cosine for cosine in (0.125, 0.25, 0.375, 0.5, 0.625)}
    assert {image: score for image, (score, _) in seen(lab)[1].items()} == images


def test_saving_counts_from_now_on_and_bumps_the_bank(lab: Lab) -> None:
    ana = User.objects.create_user("ana")
    version = lab.bank.version
    row = thresholds.save(
        bank=lab.bank, encoder=lab.encoder, hold=0.8, remove=0.95, author=ana, note="Too many."
    )
    assert (row.hold, row.remove, row.author, row.note, row.reverts) == (
        0.8,
        0.95,
        ana,
        "Too many.",
        None,
    )
    assert banks.thresholds_of(lab.bank, lab.encoder) == Limits(0.8, 0.95)
    lab.bank.refresh_from_db()
    assert lab.bank.version == version + 1
    assert lab.bank.hold_threshold == 0.875, "the bank's own serve other encoders"


@pytest.mark.parametrize(
    ("hold", "remove", "why"),
    [
        (0.0, None, "to hold must be above 0 and at most 1, not 0"),
        (-0.5, None, "to hold must be above 0"),
        (1.5, None, "not 1.5"),
        (float("nan"), None, "not nan"),
        (0.5, float("inf"), "to remove must be above 0"),
        (0.5, 0.0, "to remove must be above 0"),
        (0.9, 0.8, "removed from 0.800 but held only from 0.900"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(
    lab: Lab, hold: float, remove: float | None, why: str
) -> None:
    with pytest.raises(ThresholdRefused, match=why):
        thresholds.save(
            bank=lab.bank,
            encoder=lab.encoder,
            hold=hold,
            remove=remove,
            author=lab.moderator,
            note="",
        )
    assert not BankThreshold.objects.exists()
    lab.bank.refresh_from_db()
    assert lab.bank.version == 1


def test_a_safe_bank_removes_nothing_and_a_note_has_an_end(lab: Lab) -> None:
    given = {"encoder": lab.encoder, "hold": 0.5, "author": lab.moderator}
    with pytest.raises(ThresholdRefused, match="only vetoes"):
        thresholds.save(bank=lab.safe_bank, remove=0.9, note="", **given)  # type: ignore[arg-type]
    with pytest.raises(ThresholdRefused, match="301 characters; 300 fit"):
        thresholds.save(bank=lab.bank, remove=None, note="x" * 301, **given)  # type: ignore[arg-type]
    assert not BankThreshold.objects.exists()


def save(lab: Lab, hold: float, remove: float | None = None) -> BankThreshold:
    return thresholds.save(
        bank=lab.bank,
        encoder=lab.encoder,
        hold=hold,
        remove=remove,
        author=lab.moderator,
        note="",
    )


def test_reverting_is_a_new_row_that_names_the_old_one(lab: Lab) -> None:
    first, second = save(lab, 0.8, 0.95), save(lab, 0.7)
    back = thresholds.revert(threshold=second, author=lab.moderator, note="Flood.")
    assert (back.hold, back.remove, back.reverts, back.note) == (0.8, 0.95, second, "Flood.")
    assert banks.thresholds_of(lab.bank, lab.encoder) == Limits(0.8, 0.95)
    assert list(thresholds.history(lab.bank, lab.encoder)) == [back, second, first]
    lab.bank.refresh_from_db()
    assert lab.bank.version == 4
    again = thresholds.revert(threshold=back, author=lab.moderator)
    assert (again.hold, again.remove, again.reverts) == (0.7, None, back)


def test_reverting_the_first_change_restores_the_banks_own(lab: Lab) -> None:
    back = thresholds.revert(threshold=save(lab, 0.5), author=lab.moderator)
    assert (back.hold, back.remove) == (0.875, None)


def test_only_the_latest_change_can_be_taken_back(lab: Lab) -> None:
    first = save(lab, 0.8)
    save(lab, 0.7)
    with pytest.raises(ThresholdRefused, match="changed again since then"):
        thresholds.revert(threshold=first, author=lab.moderator)
    assert banks.thresholds_of(lab.bank, lab.encoder) == Limits(0.7)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_set(lab: Lab, change: str) -> None:
    row = save(lab, 0.8)
    rows = BankThreshold.objects.filter(pk=row.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(hold=0.1) if change == "update" else rows.delete()
    row.refresh_from_db()
    assert row.hold == 0.8
