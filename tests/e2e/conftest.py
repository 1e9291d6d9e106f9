"""A real Chromium against a running site."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

from catalog.models import Image
from moderation.models import Policy, Review
from tests.conftest import Picture
from tests.moderation.piles import pile

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Playwright's loop runs in this thread, and Django refuses database calls beside one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SignIn = Callable[..., Page]


def _launch(playwright: Playwright) -> Browser:
    """The one `make test` found, the system's, or else the one Playwright downloaded."""
    for name in (os.environ.get("VITRINE_CHROMIUM", ""), *NAMES):
        if path := shutil.which(name):
            return playwright.chromium.launch(executable_path=path, args=FLAGS)
    return playwright.chromium.launch(args=FLAGS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = _launch(playwright)
        except Error as missing:
            reason = (
                "No Chromium starts here. Install Debian's `chromium`, or run "
                f"`playwright install chromium`. ({missing.message.splitlines()[0]})"
            )
            if os.environ.get("VITRINE_REQUIRE_BROWSER") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        with closing(browser):
            yield browser


def _press_only_what_listens(page: Page) -> None:
    """Have keys wait for the scripts of a page that is still on its way, as people do."""
    press = page.keyboard.press

    def patiently(key: str, **options: Any) -> None:
        page.wait_for_load_state()
        press(key, **options)

    page.keyboard.press = patiently  # type: ignore[method-assign]


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages complain about: errors of scripts, and everything the page's policy blocked."""
    seen: list[str] = []
    yield seen
    assert not seen, seen


@pytest.fixture
def open_page(browser: Browser, live_server: object, complaints: list[str]) -> Iterator[SignIn]:
    """A browser of its own for this user, on the page they land on after signing in."""
    contexts = []

    def enter(user: User | None = None, *, dark: bool = False, width: int = 1440) -> Page:
        context = browser.new_context(
            base_url=live_server.url,  # type: ignore[attr-defined]
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        _press_only_what_listens(page)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{page.url}: {message.text}")
                if "Content Security Policy" in message.text
                else None
            ),
        )
        page.goto("/login/")
        if user:
            page.get_by_label("Name").fill(user.username)
            page.get_by_label("Password").fill("a long password")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/login/" not in url)
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def reviews(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """Three open reviews, the most urgent first."""
    policy = Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    Policy.objects.create(slug="drugs", name="Drugs", severity=3)
    return pile(upload, picture, policy)


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Bytes as a file that a file chooser can choose."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
