"""Banks by hand: exemplars added, retired and rolled back; a decision teaches by the keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pgvector import HalfVector
from playwright.sync_api import Page, expect

from catalog.choices import Status
from catalog.models import Embedding, Image
from moderation import banks, flooding
from moderation.choices import Action, Outcome
from moderation.models import Bank, Decision, Exemplar, Flag, Notice, Policy, Review
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.moderation.cases import decide, make_review, settle
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Flagged = Callable[..., Review]


@pytest.fixture
def bank(db: None) -> Bank:
    policy = Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    policy.prompts.create(text="a photo of a gun")
    return Bank.objects.create(policy=policy, name="Known weapons", hold_threshold=0.87)


@pytest.fixture
def gun(bank: Bank, picture: Picture) -> Exemplar:
    return banks.add_exemplar(bank=bank, data=picture("handgun", 9), note="revolver")


@pytest.fixture
def flagged(gun: Exemplar, upload: Callable[..., Image], picture: Picture) -> Flagged:
    """Another review of a photo the gun flagged; all their vectors are alike."""
    count = iter(range(1000))

    def make() -> Review:
        n = next(count)
        image = upload(picture("mug", n), filename=f"photo-{n}.jpg")
        encoder = tag(image, "Mug", score=0.9).encoder
        Embedding.objects.create(image=image, encoder=encoder, vector=HalfVector([1, 0, 0, 0]))
        review = make_review(image, gun.bank.policy, priority=9 - n)
        Flag.objects.create(
            image=image, policy=gun.bank.policy, bank=gun.bank, bank_version=1, exemplar=gun,
            encoder=encoder, score=0.93, threshold=0.87, outcome=Outcome.HOLD,
        )  # fmt: skip
        return review

    return make


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    return make_user("ana", "moderator")


def test_a_lead_adds_retires_and_brings_back_an_exemplar(
    bank: Bank,
    lea: User,
    picture: Picture,
    file_of: Callable[[str, bytes], Path],
    open_page: SignIn,
) -> None:
    page = open_page(lea)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Policies").click()
    page.get_by_role("link", name="Known weapons").click()
    expect(page.get_by_text("No exemplars yet")).to_be_visible()
    files = [file_of("gun.jpg", picture("handgun")), file_of("notes.jpg", b"not a picture")]
    page.get_by_label("Pictures").set_input_files(files)
    page.get_by_label("Note", exact=True).first.fill("a pistol")
    page.get_by_role("button", name="Add exemplars").click()
    expect(page.get_by_text("1 of 2 files could not be added")).to_be_visible()
    expect(page.get_by_text("notes.jpg: ")).to_be_visible()
    page.get_by_role("button", name="Retire a pistol").click()
    expect(page.get_by_text("No exemplars yet")).to_be_visible()
    page.get_by_role("link", name="Retired 1").click()
    page.get_by_role("button", name="Bring back a pistol").click()
    expect(page.get_by_role("button", name="Retire a pistol")).to_be_visible()
    assert bank.exemplars.get().is_enabled


def test_pictures_are_dropped_anywhere_on_the_page(
    bank: Bank, lea: User, picture: Picture, open_page: SignIn
) -> None:
    page = open_page(lea)
    page.goto(f"/banks/{bank.pk}/")
    dropped = page.evaluate_handle(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "gun.jpg", {type: "image/jpeg"}));
            return data;
        }""",
        list(picture("handgun")),
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": dropped})
    expect(page.get_by_text("Drop to add to Known weapons")).to_be_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": dropped})
    expect(page.get_by_text("1 exemplar added.")).to_be_visible()
    assert bank.exemplars.count() == 1


def test_a_lead_rolls_back_an_exemplar_by_the_keyboard(
    gun: Exemplar, flagged: Flagged, lea: User, open_page: SignIn
) -> None:
    reviews = [flagged(), flagged()]
    page = open_page(lea)
    page.goto(f"/banks/{gun.bank_id}/")
    page.get_by_role("link", name="Roll back revolver").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Roll back this exemplar?")
    expect(dialog.get_by_text("2 flags nobody has judged are withdrawn")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert Flag.objects.standing().count() == 2
    page.get_by_role("link", name="Roll back revolver").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 flags withdrawn, 2 reviews closed, 2 photos live")).to_be_visible()
    assert not Flag.objects.standing().exists()
    assert Image.objects.filter(status=Status.LIVE).count() == len(reviews)


def _teach_open(page: Page, decision: Decision) -> None:
    """Open the dialog as the desk does, into its place for dialogs."""
    page.evaluate(
        """url => { document.body.insertAdjacentHTML("beforeend", '<div id="here"></div>');
                    htmx.ajax("GET", url, {target: "#here", swap: "innerHTML"}); }""",
        f"/photos/{decision.image_id}/teach/?decision={decision.pk}",
    )


def test_a_moderator_teaches_a_bank_by_the_keyboard(
    gun: Exemplar, flagged: Flagged, ana: User, open_page: SignIn
) -> None:
    flagged()
    decision = decide(flagged(), ana, Action.REMOVE, gun.bank.policy)
    other = Bank.objects.create(policy=gun.bank.policy, name="Partner list")
    page = open_page(ana)
    _teach_open(page, decision)
    dialog = page.get_by_role("dialog", name="Hold photos like this one")
    expect(dialog.get_by_text("Would hold 0 live photos; 1 like it is held already")).to_have_count(
        2
    )
    page.keyboard.press("2")
    expect(dialog.get_by_role("radio", name="Partner list")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Partner list has learned this photo.")).to_be_visible()
    expect(dialog).to_have_count(0)
    learned = other.exemplars.get()
    assert (learned.taken_from_id, learned.added_by, learned.taught_by) == (
        decision.image_id,
        ana,
        decision,
    )


def test_a_false_alarm_teaches_a_new_safe_bank_and_a_lead_goes_on_from_there(
    flagged: Flagged, lea: User, open_page: SignIn
) -> None:
    flagged()
    decision = decide(flagged(), lea)
    page = open_page(lea)
    _teach_open(page, decision)
    dialog = page.get_by_role("dialog", name="Stop flagging photos like this one")
    expect(dialog.get_by_text("Would have spared 1 open review.")).to_be_visible()
    page.keyboard.press("Enter")
    taught = page.get_by_role("dialog", name="Allowed look-alikes has learned it")
    expect(taught.get_by_role("link", name="Open the bank")).to_be_visible()
    page.keyboard.press("Enter")
    expect(taught).to_have_count(0)
    assert Bank.objects.get(kind="safe").exemplars.count() == 1


@pytest.mark.parametrize(
    ("dark", "width"),
    [(False, 1440), (True, 1440), (True, 390)],
    ids=["light", "dark", "dark-phone"],
)
def test_pages_of_banks_are_accessible_and_fit(
    dark: bool,
    width: int,
    gun: Exemplar,
    flagged: Flagged,
    lea: User,
    ana: User,
    open_page: SignIn,
) -> None:
    bank = gun.bank
    for _ in range(5):
        review = flagged()
        decide(review, ana)
        settle(review)
    decision = decide(flagged(), ana, Action.REMOVE, bank.policy)
    flagged()
    Exemplar.objects.create(bank=bank, sha256="a" * 64, pdq="0" * 256, source="Partner")
    Policy.objects.create(slug="nudity", name="Nudity", is_enabled=False)
    flooding.quarantine(bank=bank, reason="Held 412 of 900 photos.")
    Notice.objects.create(
        text="Dealt with already.", settled_by=lea, settled_at=bank.quarantined_at
    )
    page = open_page(lea, dark=dark, width=width)
    found: list[str] = []

    def look() -> None:
        found.extend(violations(page))
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if page.evaluate(wide) > 0:
            found.append(f"{page.url} scrolls sideways")

    for where in (
        "/policies/",
        "/policies/new/",
        "/policies/weapons/",
        "/policies/weapons/banks/new/",
        f"/banks/{bank.pk}/",
        f"/banks/{bank.pk}/?show=hashes",
        f"/exemplars/{gun.pk}/roll-back/",
        f"/photos/{decision.image_id}/teach/?decision={decision.pk}",
        "/notices/",
    ):
        page.goto(where)
        look()
    page.goto("/policies/weapons/")
    page.get_by_label("Hold from probability").fill("0.8")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Add at least one contrast prompt").first).to_be_visible()
    look()
    page.goto(f"/banks/{bank.pk}/")
    page.get_by_role("link", name="Roll back the worst exemplar").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look()
    page.keyboard.press("Escape")
    _teach_open(page, decision)
    expect(page.get_by_role("dialog")).to_be_visible()
    look()
    page.keyboard.press("Enter")
    expect(page.get_by_text("has learned it")).to_be_visible()
    look()
    assert not found, "\n".join(found)


def test_one_key_on_the_desk_teaches_from_the_last_decision(
    gun: Exemplar, flagged: Flagged, ana: User, open_page: SignIn
) -> None:
    first, second = flagged(), flagged()
    page = open_page(ana)
    page.goto("/review/")
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.press("1")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
    page.keyboard.press("t")
    expect(page.get_by_role("dialog", name="Hold photos like this one")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Known weapons has learned this photo.")).to_be_visible()
    assert page.url.split("?")[0].endswith(f"/review/{second.pk}/")
    assert gun.bank.exemplars.get(taken_from=first.image).taught_by == Decision.objects.get()
