"""The prompt lab by hand: labels, photos, a dropped picture, two template sets side by side."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from catalog import prompting, query_vectors
from catalog.encoders import LoadedEncoder
from catalog.models import Image, Taxonomy
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LABELS = ("mug", "handgun", "hat")
A, B = "a photo of {label}", "a drawing of {label}"


@pytest.fixture
def encoded(
    starter: object,
    encoder: LoadedEncoder,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], object],
) -> LoadedEncoder:
    """Two photos, and every sentence that is tried, as the interactive worker leaves them."""
    for kind in ("mug", "handgun"):
        upload(picture(kind, calm=True), filename=f"{kind}.jpg")
    process()
    texts = [template.replace("{label}", label) for template in (A, B) for label in LABELS]
    prompting.encode(texts=texts, encoder=encoder)
    return encoder


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 1440), (True, 390)])
def test_two_template_sets_on_the_same_photos(
    dark: bool,
    width: int,
    encoded: LoadedEncoder,
    picture: Picture,
    file_of: Callable[[str, bytes], Path],
    make_user: Callable[..., User],
    open_page: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        query_vectors,
        "_ask",
        lambda task, digest, sent: query_vectors.encode_picture(
            digest=digest, picture=sent, encoder=encoded
        ),
    )
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    page.goto("/prompt-lab/")
    found = violations(page)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Type at least one label.")).to_be_visible()
    expect(page.get_by_text("Choose or drop at least one photo.")).to_be_visible()

    page.get_by_label("Labels, one per line").fill("\n".join(LABELS))
    page.get_by_label("Templates A").fill(A)
    page.get_by_label("Templates B").fill(B)
    page.get_by_role("checkbox", name="mug.jpg").check()
    page.get_by_label("Pictures to try").set_input_files(file_of("hat.jpg", picture("mug", 5)))
    expect(page.get_by_role("checkbox", name="Dropped: hat.jpg")).to_be_checked()
    page.get_by_label("Find photos").fill("handgun")
    expect(page.get_by_role("checkbox", name="mug.jpg")).to_be_checked()
    page.get_by_role("checkbox", name="handgun.jpg").check()
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status").filter(has_text="of 3 photos")).to_be_visible()
    expect(page.locator("svg.heat")).to_have_count(4)
    drawn = page.locator("[data-heat-picture]").first
    expect(drawn).to_have_attribute("href", re.compile("^blob:"))
    page.get_by_text("The numbers as a table").first.click()
    table = page.get_by_role("table").first
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table.get_by_role("columnheader", name="Dropped 1")).to_be_visible()
    found += violations(page)
    assert not found, "\n".join(found)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    assert Image.objects.count() == 2, "what is dropped is not stored"
    assert Taxonomy.objects.count() == 1

    with page.expect_download() as download:
        page.get_by_role("button", name="Download B as YAML").click()
    assert download.value.suggested_filename == "prompt_templates.yaml"
    assert B in Path(download.value.path()).read_text()
