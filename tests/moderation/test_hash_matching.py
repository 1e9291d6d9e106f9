"""Matching by perceptual hash: exact to the bit, and only where a hash can tell a picture."""

from collections.abc import Callable

import numpy as np
import pytest
from django.db import connection, transaction

from catalog import pipeline
from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.ml import pdq_text
from catalog.models import Event, Image
from moderation import banks, embedding, matching
from moderation.banks import Limits
from moderation.choices import BankKind, MatchKind, ModerationEvent, Outcome
from moderation.matching import Match
from moderation.models import Bank, Exemplar, Flag, Policy, Review
from moderation.parts import packed
from moderation.screening import ScreenImages
from tests.conftest import Picture
from tests.moderation.banking import flipped, known, unit

pytestmark = pytest.mark.django_db

Process = Callable[[], pipeline.Drained]
Upload = Callable[..., Image]


@pytest.fixture
def bank(policy: Policy) -> Bank:
    """Matches by hash only: no cosine reaches its threshold but that of the same vector."""
    return Bank.objects.create(policy=policy, name="Known", hold_threshold=1.0)


@pytest.fixture
def safe(bank: Bank) -> Bank:
    return Bank.objects.create(
        policy=bank.policy, name="Toys", kind=BankKind.SAFE, hold_threshold=1.0
    )


@pytest.fixture
def a_hash() -> np.ndarray:
    return np.random.default_rng(5).random(256) > 0.5


@pytest.fixture
def screen(
    upload: Upload, picture: Picture, encoder: LoadedEncoder
) -> Callable[..., tuple[Item, list[Flag]]]:
    """Screen one photo with this hash; its vector resembles nothing unless one is given."""

    def run(
        pdq: np.ndarray, quality: int = 100, vector: np.ndarray | None = None
    ) -> tuple[Item, list[Flag]]:
        photo = upload(picture("mug"))
        if vector is None:
            vector = unit(0.0, 0.0, 0.0, dimension=encoder.row.dimension)
        item = Item(photo, vector, pdq=pdq, pdq_quality=quality)
        with transaction.atomic():
            ScreenImages().process(Batch([item], encoder))
        return item, list(Flag.objects.filter(image=photo).order_by("pk"))

    return run


Screen = Callable[..., tuple[Item, list[Flag]]]


@pytest.mark.parametrize(("bits", "held"), [(0, True), (31, True), (32, False)])
def test_a_hash_matches_within_the_banks_distance_and_no_further(
    bits: int, held: bool, bank: Bank, a_hash: np.ndarray, screen: Screen
) -> None:
    exemplar = banks.add_hash(bank=bank, pdq_hex=pdq_text.to_hex(a_hash))
    item, flags = screen(flipped(a_hash, bits))
    assert item.screened
    if not held:
        assert (item.verdict, flags) == (Status.LIVE, [])
        return
    assert item.verdict == Status.HELD
    (flag,) = flags
    assert (flag.kind, flag.exemplar_id, flag.bank_version) == (
        MatchKind.HASH,
        exemplar.pk,
        bank.version,
    )
    assert (flag.score, flag.threshold, flag.encoder) == (bits, 31, None)
    assert flag.outcome == Outcome.HOLD
    assert Review.objects.get().image_id == item.image.pk
    event = Event.objects.get(kind=ModerationEvent.FLAGGED)
    assert event.summary == f"Arms: same picture, {bits} bits differ in Known (within 31)"


@pytest.mark.parametrize(("exemplars", "photo"), [(49, 100), (100, 49), (49, 49)])
def test_a_picture_without_detail_is_told_by_no_hash(
    exemplars: int, photo: int, bank: Bank, a_hash: np.ndarray, screen: Screen
) -> None:
    known(bank, pdq=a_hash, quality=exemplars)
    assert screen(a_hash, photo)[1] == []


def test_the_least_quality_is_enough(bank: Bank, a_hash: np.ndarray, screen: Screen) -> None:
    known(bank, pdq=a_hash, quality=50)
    assert len(screen(a_hash, 50)[1]) == 1


def test_a_bank_without_a_distance_matches_by_no_hash(
    bank: Bank, a_hash: np.ndarray, screen: Screen
) -> None:
    known(bank, pdq=a_hash)
    Bank.objects.update(hash_distance=None)
    assert screen(a_hash)[1] == []


def test_a_distance_of_zero_is_a_distance(bank: Bank, a_hash: np.ndarray, screen: Screen) -> None:
    known(bank, pdq=a_hash)
    Bank.objects.update(hash_distance=0)
    assert [flag.threshold for flag in screen(a_hash)[1]] == [0]


def test_one_flag_per_bank_and_kind_names_the_nearest(
    bank: Bank, a_hash: np.ndarray, screen: Screen, encoder: LoadedEncoder
) -> None:
    vector = unit(1.0, dimension=encoder.row.dimension)
    bank.hold_threshold = 0.9
    bank.save()
    for bits in (9, 3, 6):
        known(bank, pdq=flipped(a_hash, bits))
    nearest = known(bank, pdq=flipped(a_hash, 2, start=100))
    both = known(bank, encoder, vector, pdq=flipped(a_hash, 20))
    _, flags = screen(a_hash, 100, vector)
    assert [(flag.kind, flag.exemplar_id) for flag in flags] == [
        (MatchKind.EMBEDDING, both.pk),
        (MatchKind.HASH, nearest.pk),
    ]
    assert (flags[1].score, flags[0].score) == (2, pytest.approx(1.0))
    assert Review.objects.count() == 1


def test_every_hash_that_postgresql_finds_is_found(policy: Policy, encoder: LoadedEncoder) -> None:
    random = np.random.default_rng(9)
    photos = random.random((24, 256)) > 0.5
    owners = [
        Bank.objects.create(policy=policy, name=str(n), hash_distance=distance)
        for n, distance in enumerate((0, 31, 12, 64))
    ]
    for index in range(300):
        bits = int(random.integers(0, 70))
        hash_ = photos[index % 24].copy()
        hash_[random.choice(256, size=bits, replace=False)] ^= True
        known(owners[int(random.integers(4))], pdq=hash_)
    matcher = matching.build(encoder)
    vectors = np.zeros((24, encoder.row.dimension), np.float32)
    found = matcher.matches(vectors, photos, np.full(24, 100))
    ours = {
        (number, match.bank.pk, match.score)
        for number, matches in enumerate(found)
        for match in matches
    }
    theirs = set()
    with connection.cursor() as cursor:
        for number, photo in enumerate(photos):
            cursor.execute(
                "SELECT bank_id, min(x.pdq <~> %s::bit(256)) FROM moderation_exemplar x "
                "JOIN moderation_bank b ON b.id = bank_id "
                "WHERE x.pdq <~> %s::bit(256) <= b.hash_distance GROUP BY bank_id",
                [pdq_text.bits(photo)] * 2,
            )
            theirs |= {(number, bank, bits) for bank, bits in cursor.fetchall()}
    assert ours == theirs
    assert len(ours) > 30


def test_packing_keeps_every_bit() -> None:
    hashes = np.random.default_rng(2).random((3, 256)) > 0.5
    words = packed(hashes)
    assert (words.shape, words.dtype) == ((3, 4), np.uint64)
    differing = np.bitwise_count(words[0] ^ words[1]).sum()
    assert differing == (hashes[0] != hashes[1]).sum()


def test_a_picture_is_hashed_when_it_is_embedded(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    photo = upload(picture("handgun", 1, size=400))  # resized and compressed anew
    other = upload(picture("mug", 2))
    process()
    exemplar.refresh_from_db()
    assert exemplar.pdq_quality is not None
    assert exemplar.pdq_quality >= 50
    photo.refresh_from_db()
    other.refresh_from_db()
    assert (photo.status, other.status) == (Status.HELD, Status.LIVE)
    flag = Flag.objects.get(kind=MatchKind.HASH)
    stored = pdq_text.from_bits(photo.perceptual_hash.pdq)
    assert flag.score == (stored != pdq_text.from_bits(str(exemplar.pdq))).sum() <= 31


def test_a_picture_that_was_embedded_before_hashes_were_gets_one(
    bank: Bank, picture: Picture, encoder: LoadedEncoder
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    embedding.embed_missing(encoder)
    Exemplar.objects.update(pdq=None, pdq_quality=None)
    assert [e.pk for e in embedding.missing(encoder.row)] == [exemplar.pk]
    embedding.embed_missing(encoder)
    exemplar.refresh_from_db()
    assert exemplar.pdq is not None
    assert not embedding.missing(encoder.row).exists()
    assert exemplar.vectors.count() == 1


def test_a_bare_hash_waits_for_no_model(
    bank: Bank, a_hash: np.ndarray, encoder: LoadedEncoder
) -> None:
    banks.add_hash(bank=bank, pdq_hex=pdq_text.to_hex(a_hash))
    assert not embedding.missing(encoder.row).exists()


# --- safe hashes ---


@pytest.mark.parametrize(("violating", "near", "vetoed"), [
    (10, 4, True), (4, 10, False), (4, 4, False), (4, 31, False), (31, 30, True),
])  # fmt: skip
def test_a_safe_hash_vetoes_a_hash_only_when_it_is_nearer(
    violating: int,
    near: int,
    vetoed: bool,
    bank: Bank,
    safe: Bank,
    a_hash: np.ndarray,
    screen: Screen,
) -> None:
    known(bank, pdq=flipped(a_hash, violating))
    toy = known(safe, pdq=flipped(a_hash, near))
    item, (flag,) = screen(a_hash)
    assert flag.score == violating
    if vetoed:
        assert (flag.outcome, flag.vetoed_by_id, flag.veto_score) == (
            Outcome.VETOED,
            toy.pk,
            near,
        )
        assert item.verdict == Status.LIVE
        assert not Review.objects.exists()
    else:
        assert (flag.outcome, flag.vetoed_by_id, flag.veto_score) == (Outcome.HOLD, None, None)
        assert item.verdict == Status.HELD


def test_the_same_picture_in_a_safe_bank_vetoes_a_look_alike(
    bank: Bank, safe: Bank, a_hash: np.ndarray, screen: Screen, encoder: LoadedEncoder
) -> None:
    vector = unit(1.0, dimension=encoder.row.dimension)
    bank.hold_threshold = 0.9
    bank.save()
    known(bank, encoder, vector)
    toy = known(safe, pdq=flipped(a_hash, 8))
    item, (flag,) = screen(a_hash, 100, vector)
    assert (flag.kind, flag.outcome, flag.vetoed_by_id) == (
        MatchKind.EMBEDDING,
        Outcome.VETOED,
        toy.pk,
    )
    assert flag.veto_score == 1 - 8 / 256
    assert item.verdict == Status.LIVE


def test_a_safe_look_alike_does_not_veto_the_same_picture(bank: Bank, safe: Bank) -> None:
    same = Match(bank, Limits(0.9), MatchKind.HASH, known(bank).pk, 31)
    alike = Match(safe, Limits(0.8), MatchKind.EMBEDDING, known(safe).pk, 1.0)
    assert matching.veto([same, alike], policy_id=bank.policy_id, against=same) is None


def test_screening_again_replaces_the_flags_of_before(
    bank: Bank, a_hash: np.ndarray, screen: Screen
) -> None:
    known(bank, pdq=a_hash)
    _, first = screen(a_hash)
    _, second = screen(a_hash)
    assert len(first) == len(second) == Flag.objects.count() == 1
    assert first[0].pk != second[0].pk
