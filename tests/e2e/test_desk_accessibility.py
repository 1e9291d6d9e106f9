"""axe on the moderator's pages, in both themes, at desk and phone widths; none scrolls sideways."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog.models import Image
from moderation import deciding, reviewing
from moderation.choices import MatchKind, Outcome, Queue
from moderation.models import Bank, Decision, Exemplar, Flag, Policy, Review
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.moderation.piles import pile
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cluster(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """A cluster with an outlier; one matched by a bare hash, one by a prompt; one escalated."""
    policy = Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    bank = Bank.objects.create(policy=policy, name="Known weapons")
    encoder = tag(upload(picture("mug")), "Mug", score=0.9).encoder
    reviews = pile(upload, picture, policy, encoder, [1.0, 0.99, 0.985, 0.98, 0.91])
    bare = Exemplar.objects.create(bank=bank, sha256="h" * 64, pdq="01" * 128)
    common = {"policy": policy, "bank_version": 1, "outcome": Outcome.HOLD}
    Flag.objects.create(
        **common,
        image=reviews[0].image,
        kind=MatchKind.HASH,
        bank=bank,
        exemplar=bare,
        score=6,
        threshold=31,
    )
    Flag.objects.create(
        **common,
        image=reviews[1].image,
        kind=MatchKind.PROMPT,
        prompt_text="a revolver",
        encoder=encoder,
        score=0.7,
        threshold=0.6,
    )
    return reviews


@pytest.mark.parametrize(
    ("dark", "width"),
    [(False, 1440), (True, 1440), (False, 390), (True, 390)],
    ids=["light", "dark", "light-phone", "dark-phone"],
)
def test_the_moderators_pages_are_accessible(
    dark: bool,
    width: int,
    cluster: list[Review],
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    lea = make_user("lea", "lead")
    claimed = reviewing.claim(review_id=cluster[4].pk, moderator=lea)
    reviewing.escalate(review_id=claimed.pk, moderator=lea, version=claimed.version, note="Deko?")
    reviewing.claim(review_id=cluster[0].pk, moderator=lea)
    cases = [(review.pk, review.version) for review in cluster[2:4]]
    together = deciding.decide_together(
        moderator=lea, cases=[*cases, (cluster[1].pk, 99)], action="approve"
    )
    assert len(together.conflicts) == 1
    assert Decision.objects.count() == 2
    page = open_page(lea, dark=dark, width=width)
    found = []
    for address in (
        "/review/",
        f"/review/?queue={Queue.SECOND}",
        "/review/?policy=weapons&older=60",
        f"/review/{cluster[0].pk}/",
        f"/review/{cluster[1].pk}/",
        f"/review/{cluster[2].pk}/",
        f"/review/{cluster[4].pk}/",
        f"/review/{cluster[0].pk}/cluster/",
        f"/review/{cluster[2].pk}/cluster/",
        "/review/together/",
        f"/review/batches/{together.batch}/",
        "/preferences/",
    ):
        page.goto(address)
        found += violations(page)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, address
    page.get_by_label("Approve: the photo goes live").fill("R")
    found += violations(page)
    if width > 760:
        page.goto(f"/review/{cluster[0].pk}/")
        page.wait_for_load_state()
        for key, shown in (("e", "A lead decides it."), ("r", "Remove it for")):
            page.keyboard.press(key)
            page.get_by_text(shown).wait_for()
            found += violations(page)
        page.keyboard.press("Escape")
        page.keyboard.press("z")
        page.locator(".rail").wait_for(state="hidden")
        found += violations(page)
    assert not found, "\n".join(found)
