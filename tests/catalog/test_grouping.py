"""Groups of near-duplicates: complete, apart per storefront, and settled by staff."""

from collections.abc import Callable
from contextlib import closing
from uuid import UUID

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from benchmarks.photos import encoder_of
from catalog import duplicate_groups, grouping, products
from catalog.choices import EventKind, Status
from catalog.duplicate_groups import SettlingRefused
from catalog.locks import is_held
from catalog.models import (
    ComparedPhoto,
    DuplicateGroup,
    DuplicateLink,
    Embedding,
    Encoder,
    Event,
    Grouping,
    Image,
    PerceptualHash,
    ProductEvent,
    Storefront,
)
from tests.conftest import Picture

Make = Callable[..., Image]


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def eyes(db: None) -> Encoder:
    return encoder_of(8)


@pytest.fixture
def make(upload: Callable[..., Image], picture: Picture, eyes: Encoder) -> Make:
    """A live photo whose vector and hash are those of `like`, or its own; `bits` differ."""
    made = 0

    def photo(name: str, like: int, *, bits: int | None = 0, to: Storefront | None = None) -> Image:
        nonlocal made
        made += 1
        image = upload(picture("mug", made), filename=name, to=to)
        Image.objects.filter(pk=image.pk).update(status=Status.LIVE, screened_at=timezone.now())
        see(image, like, eyes, bits)
        return image

    return photo


def see(image: Image, like: int, encoder: Encoder, bits: int | None = 0) -> None:
    vector = np.eye(8)[like % 8]
    Embedding.objects.create(image=image, encoder=encoder, vector=HalfVector(vector))
    if bits is not None and not PerceptualHash.objects.filter(image=image).exists():
        own = np.random.default_rng(like).random(256) < 0.5
        own[:bits] ^= True
        text = "".join("01"[int(bit)] for bit in own)
        PerceptualHash.objects.create(image=image, pdq=text, quality=90)


def catch_up(storefront: Storefront) -> int:
    encoder = Encoder.objects.get(is_active=True)
    return grouping.catch_up(storefront=storefront, encoder=encoder)


def groups_of(storefront: Storefront) -> list[list[str]]:
    groups = DuplicateGroup.objects.filter(grouping__storefront=storefront)
    return sorted(sorted(group.images.values_list("filename", flat=True)) for group in groups)


def test_copies_are_grouped_and_other_photos_are_not(storefront: Storefront, make: Make) -> None:
    make("a", 0)
    make("a small", 0, bits=10)
    make("a cut", 0, bits=70)
    make("a other", 8)  # the same vector, another hash
    make("b", 1)
    make("plain", 2, bits=None)
    make("plain too", 2, bits=None)
    assert catch_up(storefront) == 7
    assert groups_of(storefront) == [["a", "a cut", "a small"], ["plain", "plain too"]]
    bits = DuplicateLink.objects.order_by("bits").values_list("bits", flat=True)
    assert list(bits) == [10, 60, 70, None]
    row = Grouping.objects.get()
    assert (row.version, row.is_stale) == (1, False)
    assert catch_up(storefront) == 0
    assert Grouping.objects.get().version == 1


def test_storefronts_never_meet(
    storefront: Storefront, other_storefront: Storefront, make: Make, eyes: Encoder
) -> None:
    make("ours", 0)
    make("theirs", 0, to=other_storefront)
    make("theirs too", 0, to=other_storefront)
    assert grouping.behind(eyes) == [storefront, other_storefront]
    assert grouping.catch_up_all(encoder=eyes) == 3
    assert grouping.behind(eyes) == []
    assert groups_of(storefront) == []
    assert groups_of(other_storefront) == [["theirs", "theirs too"]]
    shops = DuplicateLink.objects.values_list("left__storefront", "right__storefront")
    assert set(shops) == {(other_storefront.pk, other_storefront.pk)}


def test_new_photos_join_and_groups_that_stay_keep_their_rows(
    storefront: Storefront, make: Make
) -> None:
    make("a", 0)
    make("a2", 0)
    make("b", 1)
    catch_up(storefront)
    stays = DuplicateGroup.objects.get().pk
    make("b2", 1, bits=3)
    assert catch_up(storefront) == 1
    assert groups_of(storefront) == [["a", "a2"], ["b", "b2"]]
    assert DuplicateGroup.objects.filter(pk=stays, version=1).exists()
    make("a3", 0, bits=5)
    catch_up(storefront)
    assert groups_of(storefront) == [["a", "a2", "a3"], ["b", "b2"]]
    assert not DuplicateGroup.objects.filter(pk=stays).exists()


def test_what_was_killed_goes_on_where_it_stopped(
    storefront: Storefront, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        make(f"{number}", number % 2, bits=number)
    monkeypatch.setattr(grouping, "CHUNK", 2)
    store, calls = grouping._store, []

    def killed(**values: object) -> None:
        calls.append(values)
        if len(calls) == 2:
            raise KeyboardInterrupt
        store(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(grouping, "_store", killed)
    with pytest.raises(KeyboardInterrupt):
        catch_up(storefront)
    assert ComparedPhoto.objects.count() == 2
    assert catch_up(storefront) == 4
    assert groups_of(storefront) == [["0", "2", "4"], ["1", "3", "5"]]
    assert DuplicateLink.objects.count() == 6


def test_links_that_were_stored_before_a_kill_are_grouped_by_the_next_turn(
    storefront: Storefront, make: Make, eyes: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a", 0)
    make("a2", 0)
    with monkeypatch.context() as patched:
        patched.setattr(grouping, "regroup", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            catch_up(storefront)
    assert grouping.behind(eyes) == [storefront]
    assert catch_up(storefront) == 0
    assert groups_of(storefront) == [["a", "a2"]]


def test_a_photo_erased_meanwhile_takes_nothing_along(
    storefront: Storefront, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, _, _ = make("a", 0), make("a2", 0), make("a3", 0)
    store = grouping._store

    def after_erasing(**values: object) -> None:
        Image.objects.filter(pk=a.pk).delete()
        store(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(grouping, "_store", after_erasing)
    catch_up(storefront)
    assert groups_of(storefront) == [["a2", "a3"]]


def test_another_encoder_starts_anew(storefront: Storefront, make: Make, eyes: Encoder) -> None:
    a, b = make("a", 0, bits=None), make("b", 0, bits=None)
    catch_up(storefront)
    other = encoder_of(8)
    see(a, 1, other, None)
    see(b, 2, other, None)
    assert catch_up(storefront) == 2
    assert groups_of(storefront) == []
    assert Grouping.objects.get().encoder == other


def test_somebody_else_at_it_is_left_to_it(storefront: Storefront, make: Make) -> None:
    make("a", 0)
    somebody = connection.copy()
    with closing(somebody), somebody.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [grouping.LOCK, storefront.pk])
        assert is_held(grouping.LOCK, storefront.pk)
        assert catch_up(storefront) == 0
        assert not Grouping.objects.exists()
        # Closing alone would give it back a moment later.
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [grouping.LOCK, storefront.pk])
    assert catch_up(storefront) == 1


@pytest.fixture
def three(storefront: Storefront, make: Make) -> list[Image]:
    found = [make("large", 0), make("small", 0, bits=4), make("third", 0, bits=9)]
    for width, image in zip((900, 300, 200), found, strict=True):
        Image.objects.filter(pk=image.pk).update(width=width, height=width)
    catch_up(storefront)
    return found


def only_group() -> DuplicateGroup:
    return duplicate_groups.shown().get()


def test_cards_name_what_differs(storefront: Storefront, three: list[Image], sam: User) -> None:
    mug = products.upsert(storefront=storefront, sku="MUG")
    products.assign(image_id=three[1].pk, product=mug, by=sam)
    [card] = duplicate_groups.cards([only_group()])
    assert [member.image.filename for member in card.members] == ["small", "large", "third"]
    assert [member.best for member in card.members] == [True, False, False]
    assert card.differ == {"product", "size"}
    assert card.bits == (4, 9)
    Image.objects.filter(pk=three[1].pk).update(status=Status.HELD)
    [card] = duplicate_groups.cards([only_group()])
    assert card.differ == {"product", "size", "status"}
    assert card.members[0].image.filename == "large"


def test_one_is_kept_and_the_others_are_erased(three: list[Image], sam: User) -> None:
    group = only_group()
    erased = duplicate_groups.keep_one(group_id=group.pk, image_id=three[0].pk, by=sam)
    assert erased == 2
    assert list(Image.objects.values_list("filename", flat=True)) == ["large"]
    assert not DuplicateGroup.objects.exists()
    assert not DuplicateLink.objects.exists()
    noted = Event.objects.get(kind=EventKind.DUPLICATES_SETTLED)
    assert noted.image_id == three[0].pk
    assert noted.summary.startswith("Kept of 3 near-duplicates; erased: ")
    with pytest.raises(SettlingRefused, match="changed meanwhile"):
        duplicate_groups.keep_one(group_id=group.pk, image_id=three[0].pk, by=sam)


@pytest.mark.parametrize("status", [Status.HELD, Status.REMOVED])
def test_what_is_for_moderators_is_not_erased(
    three: list[Image], sam: User, status: Status
) -> None:
    Image.objects.filter(pk=three[2].pk).update(status=status)
    with pytest.raises(SettlingRefused, match="for moderators"):
        duplicate_groups.keep_one(group_id=only_group().pk, image_id=three[0].pk, by=sam)
    assert Image.objects.count() == 3
    with pytest.raises(SettlingRefused, match="not in this group"):
        duplicate_groups.keep_one(group_id=only_group().pk, image_id=UUID(int=1), by=sam)
    assert duplicate_groups.keep_one(group_id=only_group().pk, image_id=three[2].pk, by=sam) == 2


def test_all_are_given_to_one_product(
    storefront: Storefront, three: list[Image], sam: User
) -> None:
    with pytest.raises(SettlingRefused, match="photo that is of a product"):
        duplicate_groups.merge(group_id=only_group().pk, image_id=three[0].pk, by=sam)
    mug = products.upsert(storefront=storefront, sku="MUG")
    cup = products.upsert(storefront=storefront, sku="CUP")
    products.assign(image_id=three[0].pk, product=mug, by=sam)
    products.assign(image_id=three[1].pk, product=cup, by=sam)
    moved, refused = duplicate_groups.merge(group_id=only_group().pk, image_id=three[0].pk, by=sam)
    assert (moved, refused) == (2, [])
    assert set(Image.objects.values_list("product__sku", flat=True)) == {"MUG"}
    assert ProductEvent.objects.filter(product=cup, kind="photo_out").count() == 1
    assert only_group().members.count() == 3


def test_ignoring_is_remembered_until_another_photo_joins(
    storefront: Storefront, three: list[Image], sam: User, make: Make
) -> None:
    duplicate_groups.ignore(group_id=only_group().pk, by=sam)
    assert not duplicate_groups.shown().exists()
    assert duplicate_groups.shown(ignored=True).count() == 1
    Grouping.objects.all().delete()  # as after another encoder and back
    assert catch_up(storefront) == 3
    assert not duplicate_groups.shown().exists()
    make("fourth", 0, bits=2)
    catch_up(storefront)
    assert only_group().members.count() == 4
    Image.objects.filter(filename="fourth").delete()
    Grouping.objects.all().delete()
    catch_up(storefront)
    group = duplicate_groups.shown(ignored=True).get()
    duplicate_groups.heed(group_id=group.pk)
    assert only_group() == group


def test_groups_of_one_that_is_left_are_not_shown(three: list[Image]) -> None:
    Image.objects.exclude(pk=three[0].pk).delete()
    assert DuplicateGroup.objects.exists()
    assert not duplicate_groups.shown().exists()
