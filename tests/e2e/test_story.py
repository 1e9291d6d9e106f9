"""The whole job in a browser: staff upload, a worker tags and holds, a moderator removes by key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Route, expect

from catalog import keys, taxonomy
from catalog.models import Image, Storefront
from moderation import banks
from moderation.models import Bank, Policy
from tests.conftest import Picture
from tests.e2e.conftest import SignIn

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WORKER_MILLISECONDS = 240_000  # the first photo waits for the model to load, on a busy machine


# A small tree: text vectors of the starter taxonomy take a tiny machine half a minute.
TAXONOMY = b"""
slug: few
name: A few things
version: 1
categories:
  - id: home
    name: Home
    children:
      - {id: mug, name: Mug}
      - {id: vase, name: Vase}
  - {id: handgun, name: Handgun}
"""


def test_photos_chosen_before_the_script_has_come_are_sent(
    storefront: Storefront,
    make_user: Callable[..., User],
    picture: Picture,
    file_of: Callable[[str, bytes], Path],
    open_page: SignIn,
) -> None:
    staff = open_page(make_user("sam", "staff"))
    held_back: list[Route] = []
    staff.route(re.compile(r"/js/upload\.[^/]*js$"), lambda route: held_back.append(route))
    staff.goto("/upload/", wait_until="commit")
    chooser = staff.locator("input[name=files]")
    chooser.set_input_files(file_of("mug.jpg", picture("mug", 4)))
    rows = staff.locator("[data-rows] > li")
    expect(rows).to_have_count(0)
    held_back[0].continue_()
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("link", name="Open mug.jpg")).to_be_visible()
    assert Image.objects.get().filename == "mug.jpg"
    assert chooser.input_value() == ""


def test_from_upload_to_removal(
    pipeline_worker: object,
    storefront: Storefront,
    make_user: Callable[..., User],
    picture: Picture,
    file_of: Callable[[str, bytes], Path],
    open_page: SignIn,
    settings: object,
) -> None:
    settings.VITRINE_UNDO_SECONDS = 0  # type: ignore[attr-defined]
    taxonomy.load(path=file_of("few.yaml", TAXONOMY))
    weapons = Policy.objects.create(slug="weapons", name="Weapons", description="No firearms.")
    Policy.objects.create(slug="other", name="Other", severity=1)
    bank = Bank.objects.create(policy=weapons, name="Known weapons", hold_threshold=0.97)
    known = picture("handgun", 11)
    exemplar = banks.add_exemplar(bank=bank, data=known, note="revolver")
    # The same picture, saved anew: other bytes, so that only its content can give it away.
    banned = file_of("toy.png", picture("handgun", 11, format="PNG"))
    harmless = file_of("mug.jpg", picture("mug", 4))
    broken = file_of("notes.jpg", b"not a picture")

    staff = open_page(make_user("sam", "staff"))
    staff.get_by_role("link", name="Upload", exact=True).click()
    with staff.expect_file_chooser() as chooser:
        staff.get_by_text("Choose photos").click()
    chooser.value.set_files([banned, harmless, broken])

    rows = staff.locator("[data-rows] > li")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="notes.jpg")).to_contain_text("Not taken")
    held, live = rows.filter(has_text="toy.png"), rows.filter(has_text="mug.jpg")
    expect(held.locator("[data-status]")).to_have_text("Held", timeout=WORKER_MILLISECONDS)
    expect(live.locator("[data-status]")).to_have_text("Live", timeout=WORKER_MILLISECONDS)
    expect(staff.locator("[data-summary]")).to_have_text("3 of 3 done, 1 not taken")

    desk = open_page(make_user("ana", "moderator"))
    expect(desk.get_by_role("heading", name="Review")).to_be_visible()
    desk.keyboard.press("n")
    expect(desk.get_by_role("heading", name="Weapons")).to_be_visible()
    image = Image.objects.get(filename="toy.png")
    for source in (f"/photos/{image.pk}/display.jpg", f"/exemplars/{exemplar.pk}.jpg"):
        shown = desk.locator(f'.stage img[src="{source}"]')
        expect(shown).to_be_visible()
        expect(shown).to_have_js_property("complete", True)
        assert shown.evaluate("image => image.naturalWidth") > 0
        assert "blur" in shown.evaluate("image => getComputedStyle(image).filter")
    desk.keyboard.press("b")
    desk.keyboard.press("g")
    assert desk.locator("[data-photo]").evaluate("i => getComputedStyle(i).filter") == "none"

    _, secret = keys.create_key(storefront=storefront, name="e2e")
    headers = {"Authorization": f"Bearer {secret}"}

    def told_the_shop() -> str:
        return str(desk.request.get(f"/api/v1/images/{image.pk}", headers=headers).json()["status"])

    assert told_the_shop() == "held"
    desk.keyboard.press("r")
    expect(desk.get_by_role("button", name="1 Weapons")).to_be_focused()
    desk.keyboard.press("1")
    expect(desk.get_by_role("heading", name="All clear")).to_be_visible()
    assert told_the_shop() == "removed"
    image.refresh_from_db()
    assert image.status == "removed"
