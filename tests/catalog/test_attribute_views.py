"""Attributes where people and programs meet them: pages, filters with counts, the API."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from benchmarks.photos import Photos, fill, unit
from catalog import keys, pipeline, query_vectors
from catalog.attributes import filtering, importing
from catalog.choices import Status
from catalog.models import (
    Attribute,
    AttributeValue,
    AttributeVerdict,
    Image,
    ImageAttribute,
    Storefront,
)
from tests.catalog.searching import DIMENSION, assert_best
from tests.catalog.test_attributes import square
from tests.openapi import ApiClient
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

OWN = """
attributes:
  - id: fit
    name: Fit
    by: words
    templates: ["a {label} garment"]
    contrast: [a garment]
    values: [{id: slim, name: Slim}]
"""


@pytest.fixture(autouse=True)
def loaded(db: None) -> None:
    importing.load()


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    return sign_in("staff")


@pytest.fixture
def red(upload: Callable[..., Image], process: Callable[[], pipeline.Drained]) -> Image:
    """A photo of something red, in a catalog with something blue."""
    photo = upload(square("#c81e24"), filename="red.png")
    upload(square("#1f4fbf"), filename="blue.png")
    process()
    return photo


def value(slug: str) -> AttributeValue:
    return AttributeValue.objects.get(slug=slug)


def shown(response: Any) -> list[uuid.UUID]:
    return [
        uuid.UUID(k)
        for k in re.findall(r'href="/photos/([0-9a-f-]{36})/" data-item', response.text)
    ]


def counts(client: Client, view: str, **asked: str) -> dict[str, int]:
    """Every option of a facet, as it is fetched when somebody opens it."""
    page = client.get(reverse(view, args=["colour"]), asked).text
    pattern = r'<li><a href="[^"]*"[^>]*>(?:<svg.*?</svg>\s*)?([\w ]+?) <span class="num">(\d+)'
    return {name: int(count) for name, count in re.findall(pattern, page, re.S)}


@pytest.mark.parametrize(
    ("role", "expected"), [(None, 302), ("nobody", 403), ("moderator", 403), ("staff", 200)]
)
def test_who_may_see_and_change_attributes(
    role: str | None, expected: int, sign_in: SignIn
) -> None:
    client = sign_in(role)
    assert client.get(reverse("catalog:attributes")).status_code == expected
    assert client.get(reverse("catalog:attributes_starter")).status_code == expected
    done = 302 if expected == 200 else expected
    off = client.post(reverse("catalog:attribute_switch", args=["pattern"]), {"on": "0"})
    assert off.status_code == done
    assert Attribute.objects.get(slug="pattern").is_active is (role != "staff")
    sent = client.post(
        reverse("catalog:attributes_upload"), {"file": SimpleUploadedFile("o.yaml", OWN.encode())}
    )
    assert sent.status_code == done
    assert Attribute.objects.filter(slug="fit").exists() is (role == "staff")


def test_the_page_shows_values_prompts_and_what_cannot_be_asked(red: Image, staff: Client) -> None:
    page = staff.get(reverse("catalog:attributes")).text
    assert "a photo of a product with a polka dot pattern" in page
    assert "?attribute=colour:red" in page
    assert page.count("Left open on every photo.") == 2
    assert 'fill="#d01c24"' in page
    assert "style=" not in page


def test_a_file_is_looked_at_taken_or_refused(staff: Client) -> None:
    def send(content: bytes, **more: str) -> Any:
        file = SimpleUploadedFile("own.yaml", content)
        return staff.post(reverse("catalog:attributes_upload"), {"file": file, **more}, follow=True)

    looked = send(OWN.encode(), look="1")
    assert "It would change this. Added: Fit, Fit: Slim" in looked.text
    assert not Attribute.objects.filter(slug="fit").exists()
    assert "Taken: 3 added." in send(OWN.encode()).text
    assert "Taken: nothing changed." in send(OWN.encode()).text
    assert staff.post(reverse("catalog:attributes_upload")).status_code == 422
    for content, said in {
        b"\xff\xfe": "not UTF-8",
        b"- [": "is not YAML",
        b"a: &x 1\nb: *x": "alias",
        b"attributes: 3": "a list of attributes is expected",
        OWN.replace(
            "slim, name: Slim", "Slim, name: Slim"
        ).encode(): "the id “Slim” cannot be used",
        OWN.replace("{label}", "label").encode(): "does not contain {label} once",
        OWN.replace("    contrast: [a garment]\n", "").encode(): "has no contrast",
        OWN.replace("name: Fit", 'name: "a\\0b"').encode(): "letters on one line",
        OWN.replace("by: words", "by: pixels").encode(): "has no swatches",
        OWN.replace("by: words", "by: words\n    threshold: nan").encode(): "above 0 and at most 1",
        OWN.replace("by: words", "by: words\n    colour: x").encode(): "has no “colour”",
    }.items():
        refused = send(content)
        assert refused.status_code == 422
        assert said in refused.text.replace("&#x27;", "'"), content


def test_staff_correct_a_photo_with_and_without_script(red: Image, staff: Client) -> None:
    address = reverse("catalog:correct_attributes", args=[red.pk])
    page = staff.get(reverse("catalog:photo", args=[red.pk])).text
    assert 'data-key="r"' in page
    assert 'data-key="w"' in page
    done = staff.post(address, {"value": value("red").pk, "verdict": "accept"})
    assert done["Location"] == reverse("catalog:photo", args=[red.pk])
    fragment = staff.post(
        address, {"value": value("wood").pk, "verdict": "accept"}, headers={"HX-Request": "true"}
    )
    assert fragment.text.count("confirmed") >= 2
    assert "<html" not in fragment.text
    nothing = staff.post(address, {"value": "x"}, headers={"HX-Request": "true"})
    assert "There is no such value." in nothing.text
    refused = staff.post(
        address, {"value": value("green").pk, "verdict": "reject"}, headers={"HX-Request": "true"}
    )
    assert "Nobody says that this photo is green." in refused.text
    rows = ImageAttribute.objects.filter(image=red, is_confirmed=True)
    assert set(rows.values_list("value__slug", flat=True)) == {"red", "wood"}


@pytest.mark.parametrize(("role", "expected"), [(None, 302), ("nobody", 403), ("moderator", 403)])
def test_only_staff_correct(role: str | None, expected: int, red: Image, sign_in: SignIn) -> None:
    address = reverse("catalog:correct_attributes", args=[red.pk])
    response = sign_in(role).post(address, {"value": value("red").pk, "verdict": "reject"})
    assert response.status_code == expected
    assert not AttributeVerdict.objects.exists()
    assert ImageAttribute.objects.filter(image=red).exists()


def test_the_grid_filters_and_counts(red: Image, staff: Client) -> None:
    url, facet = reverse("catalog:photos"), "catalog:photo_facet"
    page = staff.get(url).text
    assert 'href="?attribute=colour%3Ared"' in page  # works without script, uncounted
    assert reverse(facet, args=["colour"]) in page
    assert counts(staff, facet) == {"Red": 1, "Blue": 1}
    assert shown(staff.get(url, {"attribute": "colour:red"})) == [red.pk]
    # Alternatives are counted as before; other attributes are not.
    assert counts(staff, facet, attribute="colour:red") == {"Red": 1, "Blue": 1}
    assert counts(staff, facet, attribute="material:wood") == {}
    assert counts(staff, facet, q="red.png") == {"Red": 1}
    assert len(shown(staff.get(url, {"attribute": "colour:red,colour:blue"}))) == 2
    assert shown(staff.get(url, {"attribute": "colour:red,material:wood"})) == []
    strange = staff.get(url, {"attribute": "colour:mauve,\x00,:,red"})
    assert strange.status_code == 200
    assert "No attribute is called “colour:mauve”" in strange.text
    assert len(shown(strange)) == 2
    importing.switch(attribute=Attribute.objects.get(slug="colour"), on=False)
    assert staff.get(reverse(facet, args=["colour"])).status_code == 404
    assert "colour%3Ared" not in staff.get(url).text


@pytest.mark.parametrize("view", ["catalog:photo_facet", "catalog:search_facet"])
def test_only_people_with_a_role_may_count(view: str, sign_in: SignIn) -> None:
    address = reverse(view, args=["colour"])
    assert sign_in(None).get(address).status_code == 302
    assert sign_in("nobody").get(address).status_code == 403
    assert sign_in("moderator").get(address).status_code == 200


@pytest.fixture
def painted(db: None) -> tuple[Photos, np.ndarray]:
    """Photos of which every seventh is red, and a mask of those."""
    photos = fill(280, DIMENSION, clusters=10, tags=True)
    mask = np.arange(280) % 7 == 3
    ImageAttribute.objects.bulk_create(
        ImageAttribute(
            image_id=key,
            value=value("red" if painted else "blue"),
            encoder=photos.encoder,
            score=0.8,
            threshold=0.4,
        )
        for key, painted in zip(photos.ids, mask, strict=True)
    )
    return photos, mask


def test_searches_with_an_attribute_return_all_there_are(
    painted: tuple[Photos, np.ndarray], staff: Client
) -> None:
    photos, mask = painted
    vector = unit(photos.vectors[0] + photos.vectors[9]).astype(np.float16).astype(np.float32)
    query_vectors._keep(photos.encoder, query_vectors._digest_of_text("mug"), vector)
    page = staff.get("/search/", {"q": "mug", "attribute": "colour:red"})
    found = shown(page)
    assert len(found) == 40 == mask.sum()
    assert_best(photos, vector, found, mask)
    assert counts(staff, "catalog:search_facet", q="mug", attribute="colour:red")["Red"] == 40
    assert 'name="attribute" value="colour:red"' in page.text
    wrong = staff.get("/search/", {"q": "mug", "attribute": "colour:mauve"})
    assert "No attribute is called “colour:mauve”, so it was left out." in wrong.text


def test_the_api_filters_by_attributes_and_says_what_is_not_there(
    painted: tuple[Photos, np.ndarray],
) -> None:
    photos, mask = painted
    shop = photos.storefronts[0]
    own = set(Image.objects.filter(storefront=shop).values_list("pk", flat=True))
    api = ApiClient(keys.create_key(storefront=shop, name="Test")[1])
    like = next(iter(own))
    answer = api.get(
        "/api/v1/search", {"like": str(like), "attribute": "colour:red", "limit": "100"}
    )
    found = {uuid.UUID(each["image"]["id"]) for each in answer.json()["results"]}
    assert found == {k for k, is_red in zip(photos.ids, mask, strict=True) if is_red} & own - {like}
    refused = api.get("/api/v1/search", {"like": str(like), "attribute": "colour:mauve"})
    assert refused.status_code in (400, 422)
    assert "There is no “colour:mauve”." in refused.text


def test_the_api_shows_a_photos_attributes(red: Image, storefront: Storefront) -> None:
    api = ApiClient(keys.create_key(storefront=storefront, name="Test")[1])
    [colour] = api.get(f"/api/v1/images/{red.pk}").json()["attributes"]
    assert colour.pop("score") > 0.4
    assert colour == {"attribute": "colour", "value": "red", "name": "Red", "confirmed": False}
    Attribute.objects.update(is_active=False)
    assert api.get(f"/api/v1/images/{red.pk}").json()["attributes"] == []


def test_filters_are_written_as_they_are_read(db: None) -> None:
    values, unknown = filtering.parse(" colour:red, pattern:striped,colour:red,nonsense,,")
    assert filtering.written(values) in ("colour:red,pattern:striped", "pattern:striped,colour:red")
    assert unknown == ["nonsense"]
    assert filtering.parse("pattern:no-particular") == ((), ["pattern:no-particular"])


def test_photos_nobody_looked_at_have_no_attributes(
    upload: Callable[..., Image], staff: Client
) -> None:
    photo = upload(square("#c81e24"))
    assert photo.status == Status.PENDING
    assert "photo-attributes" not in staff.get(reverse("catalog:photo", args=[photo.pk])).text
