"""A lead sees what a sweep would do, starts it, watches it, and takes it back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from catalog.choices import Status
from catalog.models import Image, Storefront
from moderation.choices import SweepStatus
from moderation.models import Bank, Exemplar, Policy, Sweep
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.moderation.swept import (
    Everything,
    add_vector,
    gap,
    make_encoder,
    make_photos,
    run,
    statuses,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def exemplar(storefront: Storefront, picture: Picture) -> Exemplar:
    """One of a bank that would hold some of a few hundred photos."""
    encoder = make_encoder()
    make_photos(storefront, encoder, 300)
    everything = Everything.read()
    scores = everything.best([everything.vectors[0]])
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    bank = Bank.objects.create(
        policy=policy, name="Pistols", hold_threshold=gap(scores, 18), hash_distance=None
    )
    exemplar = add_vector(bank, encoder, everything.vectors[0])
    exemplar.picture.save("x.jpg", ContentFile(picture("handgun")))
    return exemplar


@pytest.mark.parametrize(
    ("dark", "width"), [(False, 1440), (True, 390)], ids=["light", "dark-phone"]
)
def test_a_sweep_from_its_preview_until_it_is_taken_back(
    dark: bool,
    width: int,
    exemplar: Exemplar,
    make_user: Callable[..., User],
    open_page: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("moderation.chunks.CHUNK", 100)
    monkeypatch.setattr("moderation.reverting.PHOTOS_AT_ONCE", 5)
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    page.goto("/sweeps/")
    found = violations(page)
    page.goto("/sweeps/new/")
    found += violations(page)
    page.get_by_role("link", name="Pistols").click()
    count = int(page.locator(".sweep-would b").inner_text())
    assert 8 < count < 30
    found += violations(page)
    page.get_by_label("Note").fill("after the alert")
    page.get_by_role("button", name="Start the sweep").click()
    page.get_by_text("0 of 300 photos looked at").wait_for()
    sweep = Sweep.objects.get()
    assert (sweep.note, sweep.status) == ("after the alert", SweepStatus.RUNNING)
    run(sweep, most=1)
    page.get_by_text("100 of 300 photos looked at").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused", exact=True).wait_for()
    run(sweep)
    assert sweep.scanned == 100
    page.get_by_role("button", name="Resume").click()
    run(sweep)
    page.get_by_text("300 of 300 photos looked at").wait_for()
    expect(page.locator(".sweep-grid li")).to_have_count(count)
    held = set(Image.objects.filter(status=Status.HELD).values_list("pk", flat=True))
    assert len(held) == count
    found += violations(page)

    page.get_by_role("button", name="Take back…").click()
    dialog = page.get_by_role("dialog", name="Take this sweep back?")
    dialog.get_by_text(f"{count} photos it held or removed").wait_for()
    found += violations(page)
    dialog.get_by_role("button", name=f"Take back {count} photos").click()
    page.get_by_text("Being taken back", exact=True).wait_for()
    run(sweep)
    page.get_by_text(f"{count} of {count} photos put right").wait_for()
    assert statuses(held) == {Status.LIVE}
    found += violations(page)
    page.goto("/sweeps/")
    page.get_by_text(f"{count} photos matched").wait_for()
    found += violations(page)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    assert not found, "\n".join(found)
