"""Correcting the tags of many photos at once, taking it back, and the grid one does it in."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from catalog import correcting, erasing, pipeline, verdicts
from catalog.choices import Status, TagStep
from catalog.correcting import Shown
from catalog.models import Category, Event, Image, Storefront, Tag, TagVerdict, Taxonomy
from tests.catalog.test_photo_list import shown
from tests.conftest import Picture
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def three(upload: Callable[..., Image], picture: Picture) -> list[Image]:
    """Live photos tagged Mug (first) and Kettle, surer from one to the next."""
    made = [upload(picture("mug", seed), filename=f"mug-{seed}.jpg") for seed in range(3)]
    Image.objects.update(status=Status.LIVE, screened_at="2026-01-01T00:00Z")
    for n, image in enumerate(made):
        tag(image, "Mug", score=0.5 + n / 10)
        Tag.objects.filter(pk=tag(image, "Kettle", score=0.4).pk).update(rank=2)
    return [Image.objects.get(pk=image.pk) for image in made]


def tags_of(image: Image) -> list[tuple[str, int, bool, float]]:
    rows = image.tags.order_by("rank")
    return list(rows.values_list("category__name", "rank", "is_confirmed", "score"))


def category(name: str) -> Category:
    return Category.objects.get(name=name, taxonomy__slug="t")


def seen(*images: Image) -> list[str]:
    return [f"{image.pk}:{image.tags.get(rank=1).category_id}" for image in images]


def test_confirming_moves_a_tag_to_the_first_place_at_once(three: list[Image], sam: User) -> None:
    image = three[0]
    verdicts.judge(image_id=image.pk, category=category("Kettle"), accepted=True, by=sam)
    assert tags_of(image) == [("Kettle", 1, True, 0.4), ("Mug", 2, False, 0.5)]
    verdicts.judge(image_id=image.pk, category=category("Mug"), accepted=True, by=sam)
    assert [row[:3] for row in tags_of(image)] == [("Mug", 1, True), ("Kettle", 2, True)]
    verdicts.judge(image_id=image.pk, category=category("Mug"), accepted=False, by=sam)
    assert [row[:3] for row in tags_of(image)] == [("Kettle", 1, True)]


@pytest.mark.parametrize("step", list(TagStep))
def test_every_step_is_taken_back_exactly(step: TagStep, three: list[Image], sam: User) -> None:
    mug, kettle = category("Mug"), category("Kettle")
    before = [tags_of(image) for image in three]
    done = correcting.correct(
        shown={image.pk: Shown(tag=mug, chosen=kettle) for image in three}, step=step, by=sam
    )
    assert set(done.photos) == {image.pk for image in three}
    assert all(tags_of(image) != was for image, was in zip(three, before, strict=True))
    rows = TagVerdict.objects.count()
    assert correcting.latest(sam) == correcting.Latest(done.together, 3)
    back = correcting.undo(together=done.together, by=sam)
    assert set(back.photos) == set(done.photos)
    assert [tags_of(image) for image in three] == before
    assert TagVerdict.objects.count() == 2 * rows  # nothing was deleted
    assert not TagVerdict.objects.standing().exists()
    assert correcting.confirmed_today(sam) == 0
    again = correcting.undo(together=back.together, by=sam)  # and taken back once more
    assert set(again.photos) == set(done.photos)
    assert all(tags_of(image) != was for image, was in zip(three, before, strict=True))


def test_undoing_brings_the_earlier_verdict_back(three: list[Image], sam: User) -> None:
    mug = category("Mug")
    verdicts.judge(image_id=three[0].pk, category=mug, accepted=True, by=sam)
    before = tags_of(three[0])
    done = correcting.correct(shown={three[0].pk: Shown(tag=mug)}, step=TagStep.REJECT, by=sam)
    correcting.undo(together=done.together, by=sam)
    assert [row.accepted for row in TagVerdict.objects.order_by("pk")] == [True, False, True]
    assert tags_of(three[0]) == before


def test_photos_of_which_more_was_said_since_keep_it_and_nobody_undoes_for_others(
    three: list[Image], sam: User, make_user: Callable[..., User]
) -> None:
    mug, eve = category("Mug"), make_user("eve", "staff")
    shown_now = {image.pk: Shown(tag=mug) for image in three}
    done = correcting.correct(shown=shown_now, step=TagStep.CONFIRM, by=sam)
    assert correcting.undo(together=done.together, by=eve).photos == []
    verdicts.judge(image_id=three[1].pk, category=mug, accepted=False, by=eve)
    back = correcting.undo(together=done.together, by=sam)
    assert (set(back.photos), back.unchanged) == ({three[0].pk, three[2].pk}, 1)
    assert tags_of(three[1]) == [("Kettle", 1, False, 0.4)]


def test_a_photo_that_refuses_does_not_take_the_others_along(three: list[Image], sam: User) -> None:
    Tag.objects.filter(image=three[0]).delete()
    mug = category("Mug")
    shown_now = {image.pk: Shown(tag=mug) for image in three}
    done = correcting.correct(shown=shown_now, step=TagStep.REJECT, by=sam)
    assert set(done.photos) == {three[1].pk, three[2].pk}
    assert done.refused == ["This photo has no tag Mug that could be wrong."]
    repeated = correcting.correct(shown=shown_now, step=TagStep.REJECT, by=sam)
    assert (repeated.photos, repeated.unchanged) == ([], 2)


def test_the_database_refuses_to_edit_a_verdict_or_to_forget_it_before_its_photo(
    three: list[Image], sam: User
) -> None:
    verdicts.judge(image_id=three[0].pk, category=category("Mug"), accepted=True, by=sam)
    with pytest.raises(IntegrityError, match="append-only: UPDATE"), transaction.atomic():
        TagVerdict.objects.update(accepted=False)

    def forget() -> None:
        with transaction.atomic():
            TagVerdict.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="DELETE refused while the photo is here"):
        forget()
    assert TagVerdict.objects.get().accepted
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    Image.objects.filter(pk=three[0].pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not TagVerdict.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 302), ("nobody", 403), ("moderator", 403), ("staff", 200), ("lead", 200)],
)
def test_staff_correct_many_and_others_do_not(
    role: str | None, status: int, sign_in: SignIn, three: list[Image]
) -> None:
    client = sign_in(role)
    headers = HTMX if role not in (None,) else {}
    data = {"photo": seen(*three), "step": "confirm"}
    assert client.post(reverse("catalog:correct_many"), data, headers=headers).status_code == status
    allowed = role in ("staff", "lead")
    assert TagVerdict.objects.count() == (3 if allowed else 0)
    page = client.get(reverse("catalog:photos"))
    if role in ("moderator", "staff", "lead"):
        assert ("fix-bar" in page.text) == allowed
    together = TagVerdict.objects.values_list("together", flat=True).first() or "x"
    undo = client.post(reverse("catalog:undo_many"), {"together": str(together)}, headers=headers)
    assert undo.status_code == status
    assert TagVerdict.objects.count() == (6 if allowed else 0)


def test_the_answer_draws_the_photos_that_changed_and_counts_the_day(
    sign_in: SignIn, three: list[Image]
) -> None:
    client = sign_in("staff")
    data = {"photo": seen(*three[:2]), "step": "confirm"}
    answer = client.post(reverse("catalog:correct_many"), data, headers=HTMX).text
    assert "2 photos confirmed." in answer
    assert re.findall(r'<li id="photo-([0-9a-f-]+)" hx-swap-oob', answer) == [
        str(image.pk) for image in sorted(three[:2], key=lambda i: i.created_at, reverse=True)
    ]
    assert '<b class="num">2</b> confirmed today' in answer
    without_script = client.post(
        reverse("catalog:correct_many"), {**data, "back": "status=live"}, follow=True
    )
    assert without_script.redirect_chain == [("/photos/?status=live", 302)]
    assert "2 photos left as before." in without_script.text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"step": "confirm"}, "Select photos first"),
        ({"photo": "x\x00:y", "step": "confirm"}, "Select photos first"),
        ({"photo": "PHOTO", "step": "explode"}, "Choose what to say"),
        ({"photo": "PHOTO", "step": "add"}, "Type a category first"),
        ({"photo": "PHOTO", "step": "add", "name": "zebra\x00"}, "There is no category “zebra”"),
        ({"photo": "PHOTO", "step": "confirm"}, "This photo has no tag"),
    ],
)
def test_what_cannot_be_done_is_explained(
    data: dict[str, str], sentence: str, sign_in: SignIn, three: list[Image]
) -> None:
    sent = {key: value.replace("PHOTO", f"{three[0].pk}:") for key, value in data.items()}
    answer = sign_in("staff").post(reverse("catalog:correct_many"), sent, headers=HTMX)
    assert answer.status_code == 200
    assert sentence in answer.text
    assert not TagVerdict.objects.exists()
    undo = answer.client.post(reverse("catalog:undo_many"), {"together": "1\x00"}, headers=HTMX)
    assert "There is nothing to undo." in undo.text


def test_another_category_for_photos_of_several_storefronts(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    other_storefront: Storefront,
    sign_in: SignIn,
) -> None:
    own = upload(picture("mug", 11, calm=True))
    theirs = upload(picture("mug", 11, calm=True), to=other_storefront)
    process()
    client = sign_in("staff")
    names = client.get(reverse("catalog:names_in_use"), {"name": "lemon"}).text
    assert names.count("▸ Lemon") == 1
    data = {"photo": seen(own, theirs), "step": "replace", "name": "lemon"}
    assert (
        "2 photos tagged anew."
        in client.post(reverse("catalog:correct_many"), data, headers=HTMX).text
    )
    for image in (own, theirs):
        first = image.tags.get(rank=1)
        assert (first.category.external_id, first.is_confirmed) == ("lemon", True)
        assert not image.tags.filter(category__external_id="mug").exists()


def test_the_least_sure_come_first_and_confirmed_ones_not_at_all(
    three: list[Image], sam: User, sign_in: SignIn, upload: Callable[..., Image], picture: Picture
) -> None:
    upload(picture("vase"))  # pending
    client, url = sign_in("staff"), reverse("catalog:photos")
    keys = [str(image.pk) for image in three]
    assert shown(client.get(url, {"order": "least-sure"})) == keys
    verdicts.judge(image_id=three[1].pk, category=category("Mug"), accepted=True, by=sam)
    assert shown(client.get(url, {"order": "least-sure"})) == [keys[0], keys[2]]
    assert set(shown(client.get(url, {"unconfirmed": "1"}))) == {keys[0], keys[2]}
    after = f"0.5~{keys[0]}"
    assert shown(client.get(url, {"order": "least-sure", "before": after})) == [keys[2]]
    assert shown(client.get(url, {"order": "least-sure", "after": f"0.7~{keys[2]}"})) == [keys[0]]
    for hostile in ("x~y", "nan~" + keys[0], "\x00"):
        page = client.get(url, {"order": "least-sure", "before": hostile})
        assert page.status_code == 200


def test_facets_count_what_they_would_show(
    three: list[Image], sign_in: SignIn, other_storefront: Storefront
) -> None:
    Image.objects.filter(pk=three[0].pk).update(status=Status.HELD, storefront=other_storefront)
    Tag.objects.filter(image=three[2], rank=1).delete()
    Tag.objects.filter(image=three[2]).update(rank=1)  # a kettle now
    client, url = sign_in("staff"), reverse("catalog:photos")
    page = client.get(url).text
    assert 'Live <span class="num">2</span>' in page
    assert 'Held <span class="num">1</span>' in page
    assert 'Mug <span class="num">2</span>' in page
    assert 'Kettle <span class="num">1</span>' in page
    assert "Rival shop (1)" in page
    held = client.get(url, {"status": "held"})
    assert 'Live <span class="num">2</span>' in held.text  # as if no status had been chosen
    assert "Kettle" not in held.text.split('aria-label="Categories"')[1].split("</nav>")[0]
    kettles = client.get(url, {"category": "kettle"})
    assert shown(kettles) == [str(three[2].pk)]
    nobody = client.get(url, {"category": "zebra\x00"})
    assert "No category is called “zebra”" in nobody.text
    assert len(shown(nobody)) == 3


def test_a_photo_that_is_erased_takes_its_verdicts_along(three: list[Image], sam: User) -> None:
    done = correcting.correct(
        shown={three[0].pk: Shown(tag=category("Mug"))}, step=TagStep.CONFIRM, by=sam
    )
    erasing.erase(Image.objects.filter(pk=three[0].pk))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not TagVerdict.objects.exists()
    assert correcting.undo(together=done.together, by=sam).photos == []
    assert Event.objects.filter(image_id=three[0].pk).exists()
