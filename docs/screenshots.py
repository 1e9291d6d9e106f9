"""Take the screenshots in docs/screenshots of a running demo.

    VITRINE_UNDO_SECONDS=2 make demo                           # in one terminal
    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000 PASSWORD

The password is the one `make demo` prints. Everything shown went through the real pipeline, from a
fresh demo: its own pictures are sent again by staff, a moderator decides what is held by what the
pictures are known to show, and a lead looks at what came of it.
"""

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "demo" / "samples"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
# Other pictures each time: what is here already is not stored again.
UPLOADED = {
    "desktop-light": ("mug-1", "teapot-1", "wristwatch-1", "handgun-1", "umbrella-1", "camera-1"),
    "desktop-dark": ("mug-2", "sofa-1", "wristwatch-2", "rifle-1", "backpack-1", "book-1"),
    "phone-light": ("vase-1", "guitar-1", "vape-1", "chair-1", "laptop-1", "key-1"),
    "phone-dark": ("bicycle-1", "spoon-1", "pills-1", "chair-2", "lipstick-1", "book-2"),
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def signed_in(
    browser: Browser, address: str, user: str, password: str, size: str, theme: str
) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=theme
    )
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Name").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    """Save what the page shows, as WebP: a tenth of the PNG, and nobody can tell."""
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    with Image.open(BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(HERE / "screenshots" / f"{name}.webp", quality=88, method=6)


def staff(page: Page, name: str) -> None:
    page.goto("/upload/")
    files = [SAMPLES / f"{sample}.jpg" for sample in UPLOADED[name]]
    page.locator("input[name=files]").set_input_files(files)
    done = f"{len(files)} of {len(files)} done"
    expect(page.locator("[data-summary]")).to_have_text(done, timeout=120_000)
    keep(page, f"upload-{name}")
    page.goto("/photos/?q=TEAPOT-0")
    page.locator("[data-item]").first.click()
    page.wait_for_url("**/photos/*-*/")
    keep(page, f"photo-{name}")


def moderator(page: Page, name: str) -> None:
    page.goto("/review/")
    keep(page, f"queue-{name}")
    page.get_by_role("button", name="Start reviewing").click()
    page.get_by_text("yours for").wait_for()
    for veil in ("Blur", "Gray"):
        page.get_by_role("button", name=veil).click()
    keep(page, f"review-{name}")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_url("**/review/")


def decide_all(page: Page) -> None:
    """Decide what is held as the manifest says it should be; severe ones wait for a second."""
    manifest = json.loads((HERE.parent / "demo" / "manifest.json").read_text())
    bad = {Path(entry["file"]).name: entry["flag"] for entry in manifest["samples"]}
    page.goto("/review/")
    start = page.get_by_role("button", name="Start reviewing")
    if not start.count():
        return
    start.click()
    while True:
        page.wait_for_load_state("networkidle")
        if not page.locator("#desk.mine").count():
            return
        version = page.locator("#desk").get_attribute("data-version")
        address = page.url
        policy = bad.get(page.locator("a[href^='/photos/']", has_text=".jpg").first.inner_text())
        if policy:
            page.keyboard.press("r")
            page.locator(f"button[name=policy][value={policy}]").click()
        else:
            page.keyboard.press("a")
        page.wait_for_function(
            "([url, version]) => location.href !== url"
            " || document.getElementById('desk')?.dataset.version !== version",
            arg=[address, version],
        )


def lead(page: Page, name: str) -> None:
    page.goto("/policies/")
    keep(page, f"policies-{name}")
    page.get_by_role("link", name="Known alcohol").first.click()
    page.wait_for_url("**/banks/*/")
    bank = page.url.rstrip("/").rsplit("/", 1)[1]
    keep(page, f"bank-{name}")
    page.goto(f"/banks/{bank}/lab/")
    keep(page, f"lab-{name}")
    page.goto("/insights/")
    keep(page, f"insights-{name}")
    page.goto("/search/?q=a+mug")
    keep(page, f"search-{name}")
    page.goto("/map/")
    keep(page, f"map-{name}")
    page.goto("/photos/")
    keep(page, f"photos-{name}")
    page.goto("/products/")
    keep(page, f"products-{name}")
    page.locator("a[href^='/products/']", has_text="Mug").first.click()
    page.wait_for_url("**/products/*/")
    keep(page, f"product-{name}")
    page.goto("/prompt-lab/")
    keep(page, f"prompt-lab-{name}")
    page.goto("/storefronts/")
    page.locator("main a[href^='/storefronts/']").first.click()
    page.wait_for_url("**/storefronts/*/")
    keep(page, f"storefront-{name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("password")
    asked = parser.parse_args()
    (HERE / "screenshots").mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("VITRINE_CHROMIUM") or None, args=FLAGS
        )
        looks = [(size, theme) for size in SIZES for theme in ("light", "dark")]
        for size, theme in looks:
            for user, story in (("demo-staff", staff), ("demo-moderator", moderator)):
                with signed_in(browser, asked.address, user, asked.password, size, theme) as page:
                    story(page, f"{size}-{theme}")
        with signed_in(browser, asked.address, "demo-moderator", asked.password, *looks[0]) as page:
            decide_all(page)
            page.wait_for_timeout(10_000)  # until the last decision has taken effect
        for size, theme in looks:
            with signed_in(
                browser, asked.address, "demo-lead", asked.password, size, theme
            ) as page:
                lead(page, f"{size}-{theme}")
        browser.close()


if __name__ == "__main__":
    main()
