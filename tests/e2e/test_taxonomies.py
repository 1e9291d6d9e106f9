"""A taxonomy in the browser: from the file to tags, and what a shop leaves out of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from catalog import taxonomy
from catalog.models import Storefront, StorefrontPrune, Taxonomy
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WORKER_MILLISECONDS = 240_000  # the first vector waits for the model to load, on a busy machine
OLD = "slug: old\nname: Old\nversion: 1\ncategories: [{id: m, name: Mug}]\n"
ROOTS = 6


def rows(apple: str = "Apple", *, with_last: bool = True) -> bytes:
    """Some hundred categories, three levels deep."""
    lines = ["id,path", f"apple,{apple}"]
    for root in range(ROOTS if with_last else ROOTS - 1):
        lines.append(f"r{root},Aisle {root}")
        for shelf in range(5):
            lines.append(f"r{root}s{shelf},Aisle {root} > Shelf {shelf}")
            lines += [
                f"r{root}s{shelf}t{thing},Aisle {root} > Shelf {shelf} > Thing {root}{shelf}{thing}"
                for thing in range(4)
            ]
    return "\n".join(lines).encode()


def test_from_a_file_to_the_active_taxonomy(
    pipeline_worker: object,
    storefront: Storefront,
    make_user: Callable[..., User],
    file_of: Callable[[str, bytes], Path],
    open_page: SignIn,
) -> None:
    taxonomy.load(path=file_of("old.yaml", OLD.encode()))
    page = open_page(make_user("lea", "lead"))
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Taxonomy").click()
    page.get_by_label("A taxonomy file").set_input_files(
        file_of("broken.csv", b"id,path\n1,A\n1,B")
    )
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 3: the id “1” is used twice")

    page.get_by_label("A taxonomy file").set_input_files(file_of("aisles.csv", rows()))
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_text("A new taxonomy with")).to_contain_text("157 categories")
    found = violations(page)
    assert Taxonomy.objects.count() == 1
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("is in place")).to_be_visible()
    card = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="aisles"))
    # The worker rings through; the page follows along by itself until the switch has happened.
    expect(card.get_by_text("Active", exact=True)).to_be_visible(timeout=WORKER_MILLISECONDS)
    assert Taxonomy.objects.get(is_active=True).slug == "aisles"
    found += violations(page)

    newer = file_of("aisles.csv", rows("Apples", with_last=False))
    page.get_by_label("A taxonomy file").set_input_files(newer)
    page.get_by_role("button", name="See what it changes").click()
    expect(page.locator(".tile.retired")).to_contain_text("26")
    expect(page.locator(".tile.renamed")).to_contain_text("1")
    found += violations(page)
    page.get_by_role("button", name="Discard the file").click()
    page.get_by_role("heading", name="Taxonomies").wait_for()
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 1440), (True, 390)])
def test_looking_through_a_tree_and_leaving_parts_out(
    dark: bool,
    width: int,
    storefront: Storefront,
    make_user: Callable[..., User],
    file_of: Callable[[str, bytes], Path],
    open_page: SignIn,
) -> None:
    path = file_of("aisles.csv", rows())
    taxonomy.apply(document=taxonomy.open_file(path).named(slug="aisles"))
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    page.goto("/taxonomies/")
    found = violations(page)
    page.get_by_role("link", name=storefront.name).click()

    first = page.locator("summary", has_text="Aisle 0")
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("summary", has_text="Shelf 0")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    leaf = page.get_by_role("link", name="Thing 003")
    expect(leaf).to_be_visible()
    found += violations(page)
    page.keyboard.press("ArrowLeft")
    expect(leaf).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("summary", has_text="Shelf 0")).to_be_hidden()

    page.get_by_role("button", name="Leave out Aisle 1").click()
    expect(page.get_by_role("button", name="Use again Aisle 1")).to_be_focused()
    assert StorefrontPrune.objects.get().category.external_id == "r1"
    page.get_by_label("Find a category").fill("thing 123")
    page.get_by_role("link", name="Thing 123").click()
    expect(page.get_by_role("heading", name="Thing 123")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("Aisle 1")
    found += violations(page)
    assert not found, "\n".join(found)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
