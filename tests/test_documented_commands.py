"""Every command and every line of Python that the documentation of the API shows is run, as it
stands there, against a running site with a worker."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path

import httpx
import pytest

from catalog import keys, storefronts
from catalog.choices import Status
from catalog.models import Image, Storefront
from moderation import trials
from moderation.choices import Action
from moderation.models import Policy
from tests.conftest import ROOT, Picture

DOCS = ROOT / "docs"
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PHOTO = "7c9e6679-…"  # the id in examples
GIVEN = re.compile(r"^(VITRINE|KEY)=")  # what readers put in for themselves
# curl that says what went wrong, fails where the answer is a problem, and is as patient with a
# busy worker (503) as the documentation asks its readers to be.
CURL = 'curl() { command curl -sS --fail-with-body --retry 3 --max-time 60 "$@"; }\n'
WARM_UP_SECONDS = 120


def commands(text: str) -> str:
    """The commands of a console block, without their prompts and what they print."""
    lines, goes_on = [], False
    for line in text.splitlines():
        if line.startswith("$ ") or goes_on:
            command = line.removeprefix("$ ")
            goes_on = command.endswith("\\")
            if not GIVEN.match(command):
                lines.append(command)
    return "\n".join(lines)


@pytest.fixture
def shop(storefront: Storefront) -> Storefront:
    return storefronts.sandbox_of(storefront=storefront)


@pytest.fixture
def judged(
    shop: Storefront,
    starter: object,
    pipeline_worker: object,
    upload: Callable[..., Image],
    picture: Picture,
) -> Callable[[], Image]:
    """Has the worker judge one more photo."""
    numbers = count(20)

    def one() -> Image:
        photo = upload(picture("mug", next(numbers)), to=shop)
        until = time.monotonic() + WARM_UP_SECONDS
        while photo.status == Status.PENDING and time.monotonic() < until:
            time.sleep(0.2)
            photo.refresh_from_db()
        return photo

    return one


@pytest.fixture
def around(
    live_server: object,
    shop: Storefront,
    judged: Callable[[], Image],
    picture: Picture,
    tmp_path: Path,
) -> dict[str, str]:
    """What the commands find: an address, a key, some files."""
    Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    _, secret = keys.create_key(storefront=shop, name="Documentation")
    judged()  # the model is loaded, the categories are encoded
    (tmp_path / "mug.jpg").write_bytes(picture("mug", 4, calm=True))
    (tmp_path / "notes.txt").write_text("no picture")
    return {
        **os.environ,
        "VITRINE": live_server.url,  # type: ignore[attr-defined]
        "KEY": secret,
        "PYTHONPATH": str(ROOT / "examples"),
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def test_getting_started(around: dict[str, str], tmp_path: Path, shop: Storefront) -> None:
    blocks = BLOCK.findall((DOCS / "getting-started.md").read_text())
    console = [commands(text) for kind, text in blocks if kind == "console"]
    python = [text for kind, text in blocks if kind == "python"]
    assert (len(console), len(python)) == (9, 1)
    said = run(["bash", "-euo", "pipefail", "-c", CURL + "\n".join(console)], tmp_path, around)
    assert '"live"' in said.splitlines()[0]
    assert '"removed"' in said
    given = "import os\nVITRINE, KEY = os.environ['VITRINE'], os.environ['KEY']\n"
    said = run([sys.executable, "-c", given + python[0]], tmp_path, around)
    assert said.startswith("live ")
    assert "unsupported_format" in said
    assert set(Image.objects.values_list("storefront", flat=True)) == {shop.pk}


def test_the_commands_of_the_reference(
    around: dict[str, str],
    tmp_path: Path,
    judged: Callable[[], Image],
) -> None:
    """Each by itself, on a photo of its own, which is removed where the command wants that."""
    text = (DOCS / "api.md").read_text().replace("https://vitrine.example", around["VITRINE"])
    blocks = [commands(block) for kind, block in BLOCK.findall(text) if kind == "console"]
    shown = [block for block in blocks if "curl" in block]
    assert len(shown) == text.count("```console\n$ c")  # of curl, or of cat before curl
    around["TEST_KEY"] = around["KEY"]
    line = {"image": {"url": "https://cdn.shop.example/vase.jpg"}, "sku": "VASE-2"}
    (tmp_path / "photos.ndjson").write_text(json.dumps(line))
    for block in shown:
        if PHOTO in block:
            photo = judged()
            if "/appeal" in block:
                trials.decide(image=photo, action=Action.REMOVE)
            block = block.replace(PHOTO, str(photo.pk))
        run(["bash", "-euo", "pipefail", "-c", CURL + block], tmp_path, around)


def test_the_shop_of_one_page(
    around: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    shop, client = import_module("storefront"), import_module("vitrine_client")
    shop.Shop.vitrine = client.Vitrine(around["VITRINE"], around["KEY"])
    shop.Shop.folder = tmp_path
    assert shop.Shop.vitrine.upload(tmp_path / "mug.jpg", sku="MUG-1", wait=30).is_live
    server = shop.ThreadingHTTPServer(("127.0.0.1", 0), shop.Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=60) as browser:
        for page in (browser.get("/"), browser.get("/", params={"q": "a <mug>"})):
            assert page.status_code == 200
            assert 'src="/photos/mug.jpg"' in page.text
        assert 'value="a &lt;mug&gt;"' in page.text
        assert browser.get("/photos/mug.jpg").content == (tmp_path / "mug.jpg").read_bytes()
        assert browser.get("/photos/..%2f..%2fetc%2fpasswd").status_code == 404
    server.shutdown()
    server.server_close()
