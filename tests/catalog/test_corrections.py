"""Correcting tags on the photo page: who may, what it does, and what it says when it cannot."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from catalog import pipeline
from catalog.models import Category, Image, TagVerdict, Taxonomy
from tests.conftest import Picture
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def address(image: Image) -> str:
    return reverse("catalog:correct_tags", args=[image.pk])


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 302), ("nobody", 403), ("moderator", 403), ("staff", 302), ("lead", 302)],
)
def test_staff_correct_and_others_do_not(
    role: str | None, status: int, sign_in: SignIn, photo: Image
) -> None:
    given = tag(photo, "Mug", score=0.9)
    data = {"category": given.category_id, "verdict": "reject"}
    assert sign_in(role).post(address(photo), data).status_code == status
    assert TagVerdict.objects.exists() == (role in ("staff", "lead"))
    assert photo.tags.exists() == (role not in ("staff", "lead"))


def test_only_staff_see_how_to_correct(sign_in: SignIn, photo: Image) -> None:
    Image.objects.filter(pk=photo.pk).update(status="held", screened_at="2026-01-01T00:00Z")
    tag(photo, "Mug", score=0.9)
    page = reverse("catalog:photo", args=[photo.pk])
    assert b'data-key="y"' not in sign_in("moderator").get(page).content
    assert sign_in("staff").get(page).content.count(b'data-key="y"') == 1


def test_confirming_marks_and_rejecting_can_be_taken_back(sign_in: SignIn, photo: Image) -> None:
    given = tag(photo, "Mug", score=0.9)
    client = sign_in("staff")
    data = {"category": given.category_id, "verdict": "accept"}
    content = client.post(address(photo), data, headers=HTMX).content.decode()
    assert "confirmed" in content
    assert 'data-key="y"' not in content
    data["verdict"] = "reject"
    content = client.post(address(photo), data, headers=HTMX).content.decode()
    assert "Not Mug" in content
    assert not photo.tags.exists()


@pytest.mark.parametrize("name", ["", "no such thing", "a\x00b", "9" * 400])
def test_a_name_nobody_knows_is_explained(name: str, sign_in: SignIn, photo: Image) -> None:
    answer = sign_in("staff").post(address(photo), {"name": name}, headers=HTMX)
    assert answer.status_code == 200
    assert b"There is no such category" in answer.content
    assert not TagVerdict.objects.exists()


def test_adding_by_name_within_the_shops_own_taxonomy(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    sign_in: SignIn,
) -> None:
    image = upload(picture("mug", 11, calm=True))
    process()
    other = Taxonomy.objects.create(slug="other", name="Other", version="1")
    Category.objects.create(
        taxonomy=other, external_id="x", name="Foreign lemon", path="Foreign lemon", position=1
    )
    client = sign_in("staff")
    names = client.get(reverse("catalog:tag_names", args=[image.pk]), {"name": "lemon"})
    assert "▸ Lemon" in names.content.decode()
    assert "Foreign" not in names.content.decode()
    refused = client.post(address(image), {"name": "Foreign lemon"}, headers=HTMX)
    assert b"There is no such category" in refused.content
    added = client.post(address(image), {"name": "lemon"}, headers=HTMX)
    assert "How sure at each level" in added.content.decode()
    assert image.tags.get(category__external_id="lemon").is_confirmed
