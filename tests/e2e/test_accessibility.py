"""axe-core on every page, in both themes and at two widths: no violation of WCAG 2 A and AA."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Page

from catalog import publishing
from catalog.choices import Status
from catalog.models import Image
from moderation.choices import Outcome
from moderation.models import Bank, Exemplar, Flag, Policy, Review
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
    "preload": False,  # axe would copy the stylesheets into the page, against its policy
}


@pytest.fixture
def photos(upload: Callable[..., Image], picture: Picture) -> dict[str, Image]:
    """One photo of each status; the held one is flagged, and waits for a review."""
    made = {}
    for n, status in enumerate(Status.values):
        made[status] = image = upload(picture("mug", n), filename=f"{status}.jpg")
        if status == Status.FAILED:
            publishing.fail(image=image, code="broken", reason="It is broken.")
        elif status != Status.PENDING:
            tag(image, "Mug", score=0.91)
            Image.objects.filter(pk=image.pk).update(status=status, screened_at=timezone.now())
    policy = Policy.objects.create(slug="weapons", name="Weapons", description="No firearms.")
    bank = Bank.objects.create(policy=policy, name="Known weapons", hold_threshold=0.87)
    known, safe = (Exemplar(bank=bank, sha256=name * 64) for name in "ab")
    for exemplar in (known, safe):
        exemplar.picture.save("x.jpg", ContentFile(picture("handgun")), save=False)
        exemplar.save()
    for status, outcome in ((Status.HELD, Outcome.HOLD), (Status.LIVE, Outcome.VETOED)):
        vetoed = outcome == Outcome.VETOED
        Flag.objects.create(
            image=made[status],
            policy=policy,
            bank=bank,
            bank_version=1,
            exemplar=known,
            encoder=made[status].tags.get().encoder,
            score=0.93,
            threshold=0.87,
            outcome=outcome,
            vetoed_by=safe if vetoed else None,
            veto_score=0.95 if vetoed else None,
        )
    Review.objects.create(
        image=made[Status.HELD],
        policy=policy,
        priority=2.0,
        due_at=timezone.now() - timedelta(minutes=3),
    )
    return made


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['html'][:120]} ({node['failureSummary'][:240]})"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("dark", "width"),
    [(False, 1440), (True, 1440), (True, 390)],
    ids=["light", "dark", "dark-phone"],
)
def test_every_page_is_accessible(
    dark: bool,
    width: int,
    photos: dict[str, Image],
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    found = violations(open_page(dark=dark, width=width))
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    addresses = ["/photos/", "/photos/?q=zebra", "/upload/", "/review/", "/no/such/page/"]
    addresses += [f"/photos/{image.pk}/" for image in photos.values()]
    review = Review.objects.get()
    for address in [*addresses, f"/review/{review.pk}/"]:
        page.goto(address)
        found += violations(page)
    page.get_by_role("button", name="Claim it").click()
    page.get_by_text("yours for").wait_for()
    found += violations(page)
    page.keyboard.press("r")
    page.get_by_text("Remove it for").wait_for()
    found += violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    if width > 760:  # the narrow bar has no room for a list of keys
        page.get_by_role("heading", name="Keys").wait_for()
        found += violations(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("heading", name="All clear").wait_for()
    found += violations(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_scrolls_sideways(
    width: int, photos: dict[str, Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("lea", "lead"), width=width)
    review = Review.objects.get()
    for address in (
        "/photos/",
        "/upload/",
        "/review/",
        f"/photos/{photos['live'].pk}/",
        f"/review/{review.pk}/",
    ):
        page.goto(address)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, address
