"""Insights: who may see whose numbers, filters in the URL, charts, and files for spreadsheets."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from catalog.models import Storefront
from moderation.choices import Action, MatchKind, Outcome
from moderation.models import Bank, Exemplar, Flag, Policy, Review
from moderation.templatetags import charts
from moderation.templatetags.charts import Point
from moderation.views.insight_tables import TABLES
from moderation.views.tables import Unit, duration, raw, shown
from tests.moderation.decided import decided, judged_blind, photo
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., User]
INSIGHTS = "/insights/"


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: MakeUser) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def drugs(db: None) -> Policy:
    return Policy.objects.create(slug="drugs", name="Drugs")


@pytest.fixture
def busy(
    storefront: Storefront,
    other_storefront: Storefront,
    ana: User,
    ben: User,
    exemplar: Exemplar,
    drugs: Policy,
) -> None:
    """Three removals under Weapons by Ana (Ben agrees with two of them), one approval under Drugs
    by Ben in the other shop, forty days ago one more; each photo of Weapons has a flag."""
    now, weapons = timezone.now(), exemplar.bank.policy
    for n in range(3):
        image = photo(storefront)
        Flag.objects.create(
            image=image,
            kind=MatchKind.HASH,
            policy=weapons,
            bank=exemplar.bank,
            bank_version=1,
            exemplar=exemplar,
            score=4,
            threshold=31,
            outcome=Outcome.HOLD,
        )
        made = decided(image, ana, timezone.now(), Action.REMOVE, policy=weapons, about=weapons)
        second: tuple[Any, ...] = (Action.REMOVE, weapons) if n else (Action.APPROVE,)
        judged_blind(made, ben, timezone.now(), *second)
    decided(photo(other_storefront), ben, now, about=drugs, took=25)
    decided(photo(storefront), ben, now - timedelta(days=40), about=weapons)


def rows_of(response: Any) -> list[list[str]]:
    assert isinstance(response, StreamingHttpResponse)
    return list(csv.reader(b"".join(response).decode().splitlines()))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_everybodys_numbers_are_for_leads(role: str | None, busy: None, sign_in: SignIn) -> None:
    client = sign_in(role)
    for url in (INSIGHTS, *(f"/insights/{slug}.csv" for slug in TABLES)):
        response = client.get(url)
        if role is None:
            assert response["Location"].startswith(reverse("login"))
        else:
            assert response.status_code == (200 if role == "lead" else 403), url


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_ones_own_numbers_are_for_everybody_who_moderates(
    role: str | None, busy: None, sign_in: SignIn
) -> None:
    client = sign_in(role)
    for url in ("/insights/me/", "/insights/me/days.csv"):
        response = client.get(url)
        expected = 302 if role is None else 200 if role in ("moderator", "lead") else 403
        assert response.status_code == expected


def test_ones_own_page_shows_nobody_else(busy: None, client: Any, ana: User) -> None:
    client.force_login(ana)
    page = client.get("/insights/me/").text
    main = page[page.index("<main") : page.index("</main>")]
    assert re.search(r"<dt>Decisions</dt><dd class=\"number\">3</dd>", main)
    assert "3 judged twice" in main
    assert "ben" not in main
    decisions = [int(row[1]) for row in rows_of(client.get("/insights/me/days.csv"))[1:]]
    assert (len(decisions), sum(decisions)) == (30, 3)


def test_the_page_shows_what_was_counted(busy: None, sign_in: SignIn) -> None:
    page = sign_in("lead").get(INSIGHTS).text
    cards = dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"number\">([^<]+)</dd>", page))
    assert cards == {
        "Decisions": "4",
        "Handling time": "10 s",
        "Time to decision": "10 min",
        "Decided in time": "100 %",
        "Overturned": "0 %",
        "Undone": "0 %",
        "Agreement": "κ 0.00",
        "Skipped": "0",
        "Escalated": "0",
    }
    assert "Weapons ▸ Known weapons" in page
    assert "100 % of 3" in page
    assert "First <b>removed, Weapons</b>, then <b>approved</b>" in page
    assert page.count('<svg viewBox="0 0 100 100"') == 6  # three lines, three bars


@pytest.mark.parametrize(
    ("query", "decisions"),
    [
        ("", "4"),
        ("days=90", "5"),
        ("days=7", "4"),
        ("policy=drugs", "1"),
        ("storefront=corner-shop", "3"),
        ("storefront=corner-shop&policy=drugs&days=90", "0"),
        ("days=1e9&policy=%00&storefront=nowhere", "4"),
    ],
)
def test_filters_are_in_the_url_and_nonsense_is_left_out(
    query: str, decisions: str, busy: None, sign_in: SignIn
) -> None:
    client = sign_in("lead")
    page = client.get(f"{INSIGHTS}?{query}").text
    found = re.search(r"<dt>Decisions</dt><dd class=\"number\">([^<]+)</dd>", page)
    assert (found and found[1]) == (decisions if decisions != "0" else None)
    total = sum(int(row[1]) for row in rows_of(client.get(f"/insights/days.csv?{query}"))[1:])
    assert total == int(decisions)


def test_the_files_a_page_offers_keep_its_filters(busy: None, sign_in: SignIn) -> None:
    client = sign_in("lead")
    page = client.get(f"{INSIGHTS}?days=90&policy=weapons").text
    files = re.findall(r'href="(/insights/[\w-]+\.csv)\?([^"]*)"', page)
    assert {path for path, _ in files} == {f"/insights/{slug}.csv" for slug in TABLES}
    assert {query for _, query in files} == {"days=90&amp;policy=weapons"}


def test_people_stand_in_the_order_of_their_names(
    busy: None, storefront: Storefront, make_user: MakeUser, sign_in: SignIn
) -> None:
    for _ in range(9):
        decided(
            photo(storefront),
            make_user("Zoe", "moderator") if not _ else User.objects.get(username="Zoe"),
            timezone.now(),
        )
    rows = rows_of(sign_in("lead").get("/insights/people.csv"))
    assert [row[0] for row in rows[1:]] == ["ana", "ben", "Zoe"]
    assert rows[0][:4] == [
        "Moderator",
        "Decisions (count)",
        "Removals (count)",
        "Handling time, median (s)",
    ]


def test_a_files_cells_never_start_a_formula(
    storefront: Storefront, exemplar: Exemplar, sign_in: SignIn
) -> None:
    weapons = exemplar.bank.policy
    Policy.objects.filter(pk=weapons.pk).update(name='=HYPERLINK("http://x","y")')
    Bank.objects.update(name="@SUM(1)")
    Flag.objects.create(
        image=photo(storefront),
        kind=MatchKind.HASH,
        policy=weapons,
        bank=exemplar.bank,
        bank_version=1,
        exemplar=exemplar,
        score=4,
        threshold=31,
        outcome=Outcome.HOLD,
    )
    response = sign_in("lead").get("/insights/flags.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="vitrine-flags.csv"'
    assert "no-store" in response["Cache-Control"]
    rows = rows_of(response)
    assert rows[1] == ['\'=HYPERLINK("http://x","y") ▸ @SUM(1)', "1", "0", "0", "0", "0"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_starts_like_a_formula_is_quoted_and_numbers_are_not(start: str) -> None:
    assert raw(f"{start}1+1") == f"'{start}1+1"
    assert raw(-0.25, Unit.KAPPA) == "-0.2500"


def test_unknown_tables_are_not_found(sign_in: SignIn) -> None:
    client = sign_in("lead")
    assert client.get("/insights/salaries.csv").status_code == 404
    assert client.post(INSIGHTS).status_code == 405


def test_without_anything_the_pages_say_so(sign_in: SignIn) -> None:
    client = sign_in("lead")
    assert "Nothing to count yet" in client.get(INSIGHTS).text
    assert "Nothing to count yet" in client.get(f"{INSIGHTS}?days=90").text
    assert "No decisions of yours here" in client.get("/insights/me/").text
    for slug in TABLES:
        assert len(rows_of(client.get(f"/insights/{slug}.csv"))) == (31 if slug == "days" else 1)


def test_a_disagreement_can_be_sent_to_review(
    busy: None, sign_in: SignIn, storefront: Storefront
) -> None:
    client = sign_in("lead")
    page = client.get(INSIGHTS).text
    action = re.search(r'<form method="post" action="(/photos/[^"]+/review/)"', page)
    assert action
    image_id = action[1].split("/")[2]
    storefront.images.filter(pk=image_id).update(screened_at=timezone.now(), status="removed")
    client.post(action[1], {"note": "Two people judged it differently"})
    assert Review.objects.open().filter(image_id=image_id).exists()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (8.46, "8.5 s"), (42.4, "42 s"), (65, "1 min 5 s"), (6000, "1 h 40 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_values_in_words() -> None:
    assert [shown(None), shown(0.932, Unit.SHARE), shown(-0.125, Unit.KAPPA)] == [
        "–",
        "93 %",
        "−0.12",
    ]
    assert shown(12345, Unit.COUNT) == "12 345"


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 0.25, 0.5, 0.75, 1]),
        (7, [0, 2, 4, 6, 8]),
        (41, [0, 20, 40, 60]),
        (100, [0, 25, 50, 75, 100]),
        (1234, [0, 500, 1000, 1500]),
    ],
)
def test_ticks_are_round_and_reach_the_largest(largest: float, expected: list[float]) -> None:
    assert charts.ticks(largest) == expected


def test_counts_have_whole_ticks() -> None:
    assert charts.ticks(1, whole=True) == [0, 1]
    assert charts.ticks(3, whole=True) == [0, 1, 2, 3]
    assert charts.ticks(9, whole=True) == [0, 5, 10]
    drawn = charts.line_chart("Load", [Point("a", 1), Point("b", None)])
    assert [text for text, _ in drawn["ticks"]] == ["0", "1"]


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    points = [Point("a", 0), Point("b", 8), Point("c", None), Point("d", 4), Point("e", 2)]
    drawn = charts.line_chart("Load", points, "photos")
    assert drawn["path"] == "M0 100L25 0M75 50L100 75"
    assert drawn["summary"] == "Load, a to e. Highest 8 photos (b), last 2."
    assert drawn["labels"] == ["a", "c", "e"]
    assert charts.line_chart("Load", [])["summary"] == "Load: no values."


def test_bars_share_one_scale_and_carry_their_interval() -> None:
    drawn = charts.bar_chart(
        "Precision", [Point("a", 0.5, "50 %", 0.25, 0.75), Point("b", None, "–")], largest=1
    )
    first, second = drawn["bars"]
    assert (first.width, first.low, first.high) == (50, 25, 75)
    assert (second.width, second.low, second.high) == (0, None, None)
    assert drawn["ends"] == ("0", "100 %")
