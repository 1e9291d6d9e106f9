"""The map's page, its file and its texts: what they say, and to whom."""

import uuid

import pytest
from django.test import Client

from benchmarks.photos import Photos, fill
from catalog import asking, mapping, query_vectors
from catalog.choices import MapKind
from catalog.models import Image, Projection
from tests.pages import SignIn
from tests.test_pages import assert_nothing_inline

pytestmark = pytest.mark.django_db

MAP = "/map/"


@pytest.fixture
def photos(db: None) -> Photos:
    return fill(60, 16, clusters=4, tags=True)


@pytest.fixture
def projection(photos: Photos) -> Projection:
    projection = mapping.fit(encoder=photos.encoder, kind=MapKind.LINEAR)
    assert projection
    mapping.place(projection=projection, seconds=60)
    return projection


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    return sign_in("staff")


@pytest.mark.parametrize("page", ["", "{}/points.bin", "{}/text/?q=mug"])
def test_only_people_with_a_role_may_see_the_map(
    page: str, projection: Projection, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.1)
    address = MAP + page.format(projection.pk)
    assert sign_in(None).get(address).status_code == 302
    assert sign_in("nobody").get(address).status_code == 403
    for role in ("staff", "moderator", "lead"):
        assert sign_in(role).get(address).status_code == 200


def test_without_photos_the_page_says_what_to_do(staff: Client) -> None:
    page = staff.get(MAP).text
    assert "There is no map yet" in page
    assert "Start one and upload photos" in page
    assert "data-points" not in page


def test_the_page_lists_what_the_map_shows(staff: Client, projection: Projection) -> None:
    page = staff.get(MAP).text
    assert_nothing_inline(page)
    assert f'data-points="/map/{projection.pk}/points.bin"' in page
    assert "60 photos as points" in page
    for number in range(4):
        assert f"?q=C{number}&amp;category=C{number}" in page
    assert "on their way" not in page


def test_photos_without_a_place_yet_are_counted(staff: Client, projection: Projection) -> None:
    projection.points.all()[:1].get().delete()
    assert "59 photos, 1 more on their way" in staff.get(MAP).text


def test_neighbours_are_shown_once_they_are_ready(
    staff: Client, photos: Photos, projection: Projection
) -> None:
    other = mapping.fit(encoder=photos.encoder, kind=MapKind.NEIGHBOURS)
    assert other
    assert f"/map/{projection.pk}/points.bin" in staff.get(MAP).text
    assert f"/map/{other.pk}/points.bin" in staff.get(MAP, {"by": "neighbours"}).text
    mapping.place(projection=other, seconds=60)
    assert f"/map/{other.pk}/points.bin" in staff.get(MAP).text
    assert f"/map/{projection.pk}/points.bin" in staff.get(MAP, {"by": "linear"}).text


def test_the_file_travels_once(staff: Client, photos: Photos, projection: Projection) -> None:
    address = f"/map/{projection.pk}/points.bin"
    first = staff.get(address)
    assert first.content[:4] == b"VMAP"
    assert first["Cache-Control"] == "private, no-cache"
    again = staff.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Image.objects.filter(pk=photos.ids[0]).update(status="held")
    changed = staff.get(address, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_a_text_is_shown_where_it_lands(
    staff: Client, photos: Photos, projection: Projection
) -> None:
    digest = query_vectors._digest_of_text("mug")
    query_vectors._keep(photos.encoder, digest, photos.vectors[7])
    fragment = staff.get(f"/map/{projection.pk}/text/", {"q": "Mug"}).text
    point = projection.points.get(embedding__image_id=photos.ids[7])
    assert f'data-x="{point.x:.2f}' in fragment
    assert f'data-near="{photos.ids[7]}"' in fragment
    assert "<html" not in fragment
    whole = staff.get(MAP, {"q": "mug"}).text
    assert f'data-near="{photos.ids[7]}"' in whole
    assert "<html" in whole


def test_without_a_worker_the_map_says_so(
    staff: Client, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    fragment = staff.get(f"/map/{projection.pk}/text/", {"q": "never typed before"})
    assert fragment.status_code == 200
    assert "No interactive worker answered" in fragment.text


@pytest.mark.parametrize("query", [{"q": "\x00"}, {"q": ""}, {"by": "magic"}, {"q": " " * 400}])
def test_odd_questions_show_the_plain_map(
    query: dict[str, str], staff: Client, projection: Projection
) -> None:
    page = staff.get(MAP, query)
    assert page.status_code == 200
    assert "data-x" not in page.text


def test_a_map_that_is_gone_is_not_found(staff: Client) -> None:
    assert staff.get("/map/4711/points.bin").status_code == 404
    assert staff.get("/map/4711/text/", {"q": str(uuid.uuid4())}).status_code == 404
