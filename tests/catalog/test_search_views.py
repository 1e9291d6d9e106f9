"""The search page: what it finds, what it says when it cannot, and who may open it."""

import re
import uuid
from collections.abc import Callable

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pgvector import HalfVector

from benchmarks.photos import Photos, fill, unit
from catalog import asking, query_vectors
from catalog.choices import Status
from catalog.models import Category, CategoryVector, Embedding, Image, PerceptualHash, QueryVector
from catalog.views import search as view
from tests.catalog.searching import DIMENSION, assert_best
from tests.conftest import Picture
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

SEARCH = "/search/"


@pytest.fixture
def photos(db: None) -> Photos:
    return fill(120, DIMENSION, clusters=10, tags=True)


@pytest.fixture
def mug(photos: Photos) -> np.ndarray:
    vector = unit(photos.vectors[0] + photos.vectors[9]).astype(np.float16).astype(np.float32)
    query_vectors._keep(photos.encoder, query_vectors._digest_of_text("mug"), vector)
    return vector


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    return sign_in("staff")


def shown(response: object) -> list[uuid.UUID]:
    found = re.findall(
        r'href="/photos/([0-9a-f-]{36})/" data-item',
        response.text,  # type: ignore[attr-defined]
    )
    return [uuid.UUID(key) for key in found]


@pytest.mark.parametrize(
    "address", [SEARCH, f"{SEARCH}categories/", f"/photos/{uuid.UUID(int=0)}/similar/"]
)
def test_only_people_with_a_role_may_search(address: str, sign_in: SignIn) -> None:
    assert sign_in(None).get(address).status_code == 302
    assert sign_in("nobody").get(address).status_code == 403
    for role in ("staff", "moderator", "lead"):
        assert sign_in(role).get(address).status_code in (200, 404)


def test_only_people_with_a_role_may_search_by_a_picture(
    sign_in: SignIn, photos: Photos, picture: Picture
) -> None:
    for role in (None, "nobody"):
        file = SimpleUploadedFile("mug.jpg", picture("mug"))
        response = sign_in(role).post(f"{SEARCH}picture/", {"picture": file})
        assert response.status_code in (302, 403)
        assert "/search/" not in response.headers.get("Location", "").partition("?")[0]


def test_the_empty_page_says_what_to_do(staff: Client) -> None:
    page = staff.get(SEARCH).text
    assert "Search by looking" in page
    assert "autofocus" in page
    assert "data-item" not in page


def test_a_text_finds_photos_page_after_page(
    staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    first = staff.get(SEARCH, {"q": "mug"})
    assert_best(photos, mug, shown(first))
    assert len(shown(first)) == view.PAGE_SIZE
    found = shown(first)
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    while more:
        later = staff.get(SEARCH + more[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
        assert "<html" not in later.text
        found += shown(later)
        more = re.search(r'rel="next" href="([^"]+)"', later.text)
    assert sorted(found) == sorted(photos.ids)
    assert "That was the last photo." in later.text


def test_more_like_this_leaves_the_photo_out_and_names_categories(
    staff: Client, photos: Photos
) -> None:
    category = Category.objects.get(external_id="c3")
    category.taxonomy.is_active = True
    category.taxonomy.save()
    CategoryVector.objects.create(
        category=category,
        encoder=photos.encoder,
        words_digest="d",
        template_version="v",
        vector=HalfVector(photos.vectors[5]),
    )
    key = photos.ids[5]
    page = staff.get(SEARCH, {"like": key})
    assert key not in shown(page)
    others = np.arange(len(photos.ids)) != 5
    assert_best(photos, photos.vectors[5], shown(page), others)
    assert f"like={key}&amp;category=C3" in page.text


def test_words_and_a_photo_are_blended_by_the_slider(
    staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    page = staff.get(SEARCH, {"q": "mug", "like": photos.ids[5], "weight": "20"})
    assert 'type="range"' in page.text
    vector = unit(0.8 * mug + 0.2 * photos.vectors[5]).astype(np.float16).astype(np.float32)
    assert_best(photos, vector, shown(page), np.arange(len(photos.ids)) != 5)
    assert 'type="range"' not in staff.get(SEARCH, {"q": "mug"}).text


def test_filters_narrow_and_are_kept_in_the_address(
    staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    held = photos.ids[:5]
    Image.objects.filter(pk__in=held).update(status=Status.HELD)
    assert set(shown(staff.get(SEARCH, {"q": "mug", "status": "held"}))) == set(held)
    shop = photos.storefronts[1]
    own = {photos.ids[n] for n in np.flatnonzero(photos.shops == 1)}
    assert set(shown(staff.get(SEARCH, {"q": "mug", "storefront": shop.slug}))) == own
    under = {photos.ids[n] for n in np.flatnonzero(photos.clusters == 4)}
    assert set(shown(staff.get(SEARCH, {"q": "mug", "category": "c4"}))) == under
    page = staff.get(SEARCH, {"q": "mug", "until": "2001-01-01"})
    assert shown(page) == []
    assert "No photo passes the filters" in page.text
    assert 'href="?q=mug"' in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"category": "Unicorns"}, "No category is called “Unicorns”"),
        ({"since": "yesterday"}, "“yesterday” is no date"),
        ({"until": "2026-02-31"}, "“2026-02-31” is no date"),
        ({"since": "9999-12-31"}, "“9999-12-31” is no date"),
        ({"like": "x"}, "not here (any more)"),
        ({"like": str(uuid.UUID(int=0))}, "not here (any more)"),
    ],
)
def test_what_cannot_be_understood_is_named_and_left_out(
    query: dict[str, str], said: str, staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    page = staff.get(SEARCH, {"q": "mug", **query})
    assert page.status_code == 200
    assert said in page.text
    assert len(shown(page)) == view.PAGE_SIZE


@pytest.mark.parametrize("q", ["\x00mug", "  MUG ", "mug\x00"])
def test_odd_texts_are_read_as_they_are_meant(
    q: str, staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    assert len(shown(staff.get(SEARCH, {"q": q, "weight": "NaN"}))) == view.PAGE_SIZE


def test_without_a_worker_the_page_says_so(
    staff: Client, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    page = staff.get(SEARCH, {"q": "never typed before"})
    assert page.status_code == 200
    assert "No interactive worker answered" in page.text
    assert "Try again" in page.text


def test_a_picture_that_was_forgotten_and_a_cursor_of_another_search(
    staff: Client, photos: Photos, mug: np.ndarray
) -> None:
    assert "no longer known here" in staff.get(SEARCH, {"picture": "0" * 64}).text
    assert "This search has changed" in staff.get(SEARCH, {"q": "mug", "cursor": "x"}).text
    fragment = staff.get(SEARCH, {"q": "mug", "cursor": "x"}, headers={"HX-Request": "true"})
    assert "Start it again" in fragment.text
    assert "<html" not in fragment.text


def test_a_picture_that_is_none_is_refused_with_a_sentence(staff: Client, photos: Photos) -> None:
    file = SimpleUploadedFile("mug.jpg", b"no picture")
    page = staff.post(f"{SEARCH}picture/", {"picture": file, "q": "mug"}, follow=False)
    assert page["Location"] == f"{SEARCH}?q=mug"
    assert 'class="toast error"' in staff.get(SEARCH).text
    assert "Choose a picture first" in staff.post(f"{SEARCH}picture/", {}, follow=True).text


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_reads_texts_and_pictures_and_keeps_neither(
    pipeline_worker: object,
    upload: Callable[..., Image],
    picture: Picture,
    sign_in: SignIn,
) -> None:
    from tests.catalog.test_labels import wait_until_processed

    mug, bicycle = upload(picture("mug", 11, calm=True)), upload(picture("bicycle", 3, calm=True))
    for image in (mug, bicycle):
        wait_until_processed(image)
    staff = sign_in("staff")
    assert shown(staff.get(SEARCH, {"q": "a mug"})) == [mug.pk, bicycle.pk]
    assert shown(staff.get(SEARCH, {"q": "bicycle"})) == [bicycle.pk, mug.pk]
    file = SimpleUploadedFile("x.jpg", picture("bicycle", 3, calm=True, size=200))
    answer = staff.post(f"{SEARCH}picture/", {"picture": file})
    assert shown(staff.get(answer["Location"])) == [bicycle.pk, mug.pk]
    assert QueryVector.objects.count() == 3
    assert Image.objects.count() == 2


class TestBesideAPhoto:
    def test_similar_photos_and_near_duplicates_apart(self, staff: Client, photos: Photos) -> None:
        key, copy = photos.ids[:2]
        PerceptualHash.objects.create(image_id=key, pdq="0" * 256, quality=90)
        PerceptualHash.objects.create(image_id=copy, pdq="1" * 9 + "0" * 247, quality=90)
        page = staff.get(reverse("catalog:similar", args=[key])).text
        same, _, alike = page.partition("Similar photos")
        assert f"/photos/{copy}/" in same
        assert "9 bits" in same
        assert f"/photos/{copy}/" not in alike
        assert alike.count("/thumbnail.jpg") == view.STRIP
        assert f"/photos/{key}/" not in page
        assert f"{SEARCH}?like={key}" in alike

    def test_a_photo_the_encoder_has_not_seen(self, staff: Client, photos: Photos) -> None:
        Embedding.objects.filter(image_id=photos.ids[0]).delete()
        page = staff.get(reverse("catalog:similar", args=[photos.ids[0]])).text
        assert "has not seen this photo yet" in page

    def test_the_photo_page_fetches_them_when_they_come_into_view(
        self, staff: Client, photos: Photos
    ) -> None:
        page = staff.get(reverse("catalog:photo", args=[photos.ids[0]])).text
        assert f'hx-get="/photos/{photos.ids[0]}/similar/" hx-trigger="revealed"' in page
        Image.objects.filter(pk=photos.ids[0]).update(status=Status.PENDING)
        assert "/similar/" not in staff.get(reverse("catalog:photo", args=[photos.ids[0]])).text


def test_categories_are_suggested_while_one_is_typed(staff: Client, photos: Photos) -> None:
    options = staff.get(f"{SEARCH}categories/", {"category": "c1"}).text
    assert '<option value="C1">' in options
    assert '<option value="C2">' not in options
    assert "<option" not in staff.get(f"{SEARCH}categories/").text
