"""Searching in a real browser: words and "more like this" by keyboard, a dropped picture, axe."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from benchmarks.photos import encoder_of, unit
from catalog import asking, embedding, query_vectors
from catalog.choices import Status
from catalog.models import Image
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

KINDS = ("mug", "bicycle", "vase", "handgun")


@pytest.fixture
def photos(upload: Callable[..., Image], picture: Picture) -> list[Image]:
    """Sixty photos of four kinds, whose vectors are made up; one of them is held."""
    made = [
        upload(picture(kind, n), filename=f"{kind}-{n}.jpg") for n in range(15) for kind in KINDS
    ]
    for image in made[:20]:
        tag(image, image.filename.split("-")[0].capitalize(), score=0.9)
    encoder = encoder_of(8)
    rng = np.random.default_rng(1)
    vectors = np.eye(8, dtype=np.float32)[[n % 4 for n in range(60)]]
    vectors = unit(vectors + 0.1 * rng.standard_normal((60, 8)))
    keys = [image.pk for image in made]
    embedding.store(encoder_id=encoder.pk, image_ids=keys, vectors=vectors)
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    Image.objects.filter(pk=made[4].pk).update(status=Status.HELD)
    for number, kind in enumerate(KINDS):
        vector = np.eye(8, dtype=np.float32)[number]
        query_vectors._keep(encoder, query_vectors._digest_of_text(kind), vector)
    return made


def names(page: Page) -> list[str]:
    return page.locator(".results .card-file").all_inner_texts()


def test_words_and_more_like_this_by_keyboard(
    photos: list[Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.keyboard.press("/")
    page.wait_for_url("**/search/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("mug")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=mug")
    assert all(name.startswith("mug") for name in names(page)[:15])
    assert len(names(page)) == 48
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator(".results [data-item]").first
    expect(first).to_be_focused()
    expect(page.locator(".results .card-score").first).to_have_css("opacity", "1")
    page.keyboard.press("n")
    expect(page.locator(".results [data-item]")).to_have_count(60)
    expect(page.locator(".results [data-item]").nth(48)).to_be_focused()
    assert len(set(names(page))) == 60
    first.focus()
    page.keyboard.press("m")
    page.wait_for_url("**/search/?like=*")
    assert all(name.startswith("mug") for name in names(page)[:14])
    expect(page.locator(".search-photo img")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("vase")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=vase**")
    weight = page.locator("#weight")
    weight.focus()
    for _ in range(8):
        weight.press("ArrowLeft")
        page.wait_for_url("**weight=*")
        weight = page.locator("#weight")
        weight.focus()
    assert names(page)[0].startswith("vase")
    page.locator(".results [data-item]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/photos/**")


def test_the_photo_page_shows_what_it_resembles_and_leads_on(
    photos: list[Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.goto(f"/photos/{photos[0].pk}/")
    page.mouse.wheel(0, 2000)
    expect(page.locator("#similar.similar .strip-photos").first).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("m")
    page.wait_for_url(f"**/search/?like={photos[0].pk}")


def test_nothing_found_and_no_worker(
    photos: list[Image],
    make_user: Callable[..., User],
    open_page: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    page = open_page(make_user("sam", "staff"))
    page.goto("/search/?q=mug")
    page.locator("select[name=status]").select_option("removed")
    page.wait_for_url("**status=removed**")
    expect(page.get_by_text("No photo passes the filters")).to_be_visible()
    page.get_by_role("link", name="search everything").click()
    page.wait_for_url("**/search/?q=mug")
    page.goto("/search/?q=something+new")
    expect(page.get_by_text("Nothing can be searched right now")).to_be_visible()


@pytest.mark.slow
def test_a_chosen_picture_is_searched_by_and_not_kept(
    pipeline_worker: object,
    upload: Callable[..., Image],
    picture: Picture,
    file_of: Callable[[str, bytes], Path],
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    mug = upload(picture("mug", 11, calm=True), filename="mug.jpg")
    page = open_page(make_user("sam", "staff"))
    page.goto(f"/photos/{mug.pk}/")
    expect(page.locator(".panel .status.live, .panel .status.held")).to_be_visible(timeout=60_000)
    page.goto("/search/")
    page.locator("#picture").set_input_files(file_of("x.jpg", picture("mug", 12, calm=True)))
    page.wait_for_url("**picture=*", timeout=30_000)
    expect(page.locator(".search-photo img")).to_be_visible()
    assert names(page) == ["mug.jpg"]
    assert Image.objects.count() == 1


@pytest.mark.parametrize(
    ("dark", "width"),
    [(False, 1440), (True, 1440), (False, 390), (True, 390)],
    ids=["light", "dark", "light-phone", "dark-phone"],
)
def test_searching_is_accessible(
    dark: bool,
    width: int,
    photos: list[Image],
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    found = []
    like = photos[0].pk
    for address in (
        "/search/",
        "/search/?q=mug",
        f"/search/?q=vase&like={like}&since=x",
        "/search/?q=mug&status=removed",
        f"/photos/{like}/",
    ):
        page.goto(address)
        if "photos" in address:
            page.mouse.wheel(0, 4000)
            expect(page.locator("#similar.similar")).to_be_visible()
        found += violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert not found, "\n".join(found)
