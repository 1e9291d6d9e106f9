"""Dropping a ZIP, watching it finish, reading what was refused; and a connection that is lost."""

import base64
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from catalog import unpacking
from catalog.choices import ImportStatus, Status
from catalog.models import Image, Import, Storefront, Upload
from catalog.pipeline import Drained
from tests.catalog.zips import zip_of
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "application/zip", lastModified: 5 }));
  for (const kind of ["dragover", "drop"]) {
    document.querySelector("[data-dropzone]").dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def archive(picture: Picture) -> bytes:
    photos = {f"photos/{n}.jpg": picture("mug", n) for n in range(6)}
    table = b"sku,title,image\nMUG-1,Blue mug,0.jpg\nMUG-2,Red mug,https://example.com/x.jpg\n"
    return zip_of(
        {**photos, "../../x.jpg": picture("vase"), "broken.jpg": b"\xff\xd8\xff", "p.csv": table}
    )


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def work(**values: float) -> None:
    """A turn of the background worker, in a thread: Playwright's loop runs in this one."""
    thread = threading.Thread(target=unpacking.run_turn, kwargs=values)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("dark", "width"), [(False, 1440), (True, 390)], ids=["light", "dark-phone"]
)
def test_a_dropped_zip_until_it_is_done(
    dark: bool,
    width: int,
    storefront: Storefront,
    make_user: Callable[..., User],
    open_page: SignIn,
    archive: bytes,
    process: Callable[[], Drained],
    starter: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("catalog.views.resumable.CHUNK_BYTES", 20_000)
    page = open_page(make_user("sam", "staff"), dark=dark, width=width)
    page.goto("/imports/")
    expect(page.get_by_role("heading", name="Nothing was imported yet")).to_be_visible()
    found = violations(page)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Upload", exact=True)).to_be_visible()
    page.get_by_text("With a table of products").click()
    found += violations(page)
    drop(page, "autumn.zip", archive)
    expect(page.get_by_role("heading", name="autumn.zip")).to_be_visible()
    expect(page.get_by_text("Reading what is in it")).to_be_visible()
    found += violations(page)

    work(seconds=0)
    expect(page.get_by_text("2 of 9 entries done")).to_be_visible()
    expect(page.get_by_text("../../x.jpg")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    found += violations(page)
    work()
    assert not Image.objects.exists()
    page.keyboard.press("p")
    expect(page.get_by_text("Unpacking", exact=True)).to_be_visible()
    work()
    expect(page.get_by_text("Being tagged")).to_be_visible()
    expect(page.get_by_text("6 photos wait for a worker")).to_be_visible()
    found += violations(page)
    process()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.get_by_text("9 of 9 entries done")).to_be_visible()
    refusals = page.locator(".not-taken li")
    expect(refusals).to_have_count(3)
    expect(refusals.filter(has_text="../../x.jpg")).to_contain_text("leads out of the archive")
    expect(refusals.filter(has_text="broken.jpg")).to_contain_text("The file is damaged")
    expect(refusals.filter(has_text="p.csv ▸ https://example.com/x.jpg")).to_contain_text(
        "not fetched"
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as CSV").click()
    assert Path(download.value.path()).read_text().count("\n") == 4
    found += violations(page)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    page.keyboard.press("o")
    expect(page.locator(".grid li")).to_have_count(6)
    assert Image.objects.filter(status=Status.LIVE).count() == 6
    assert Image.objects.get(product__sku="MUG-1").filename == "0.jpg"
    page.goto("/imports/")
    expect(page.get_by_text("3 refused")).to_be_visible()
    found += violations(page)
    assert not found, "\n".join(found)


def test_a_lost_connection_and_a_reload_cost_nothing_that_arrived(
    storefront: Storefront,
    make_user: Callable[..., User],
    open_page: SignIn,
    archive: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("catalog.views.resumable.CHUNK_BYTES", 10_000)
    page = open_page(make_user("sam", "staff"))
    page.goto("/upload/")
    sent: list[str] = []
    cut = {"after": 2}

    def line(route: Route) -> None:
        if route.request.method == "PUT" and len(sent) >= cut["after"]:
            route.abort()
            return
        if route.request.method == "PUT":
            sent.append(route.request.url.partition("offset=")[2])
        route.continue_()

    page.route("**/uploads/**", line)
    drop(page, "autumn.zip", archive)
    expect(page.get_by_text("The connection was lost. Trying again in")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. What arrived is kept")).to_be_visible()
    found = violations(page)
    assert Upload.objects.get().received == 20_000

    page.goto("/upload/")
    expect(page.locator(".unfinished li")).to_contain_text("autumn.zip")
    found += violations(page)
    cut["after"] = 10_000
    drop(page, "autumn.zip", archive)
    page.wait_for_url("**/imports/*/")
    assert sent == [str(at) for at in range(0, len(archive), 10_000)]
    assert Upload.objects.get().received == len(archive)
    assert Import.objects.get().status == ImportStatus.RUNNING

    page.get_by_role("button", name="Cancel…").click()
    found += violations(page)
    page.get_by_role("button", name="Cancel the import").click()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    page.goto("/upload/")
    drop(page, "empty.zip", b"")
    expect(page.get_by_text("empty.zip is empty. Choose the file again.")).to_be_visible()
    found += violations(page)
    assert not found, "\n".join(found)
