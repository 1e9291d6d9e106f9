"""docs/webhooks.md: its commands run, its Python verifies what is really sent, its example is what
an event looks like."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from catalog import endpoints, keys, publishing, webhooks
from catalog.choices import Occurrence, Status
from catalog.delivering import Deliverer
from catalog.models import Image, Storefront
from tests.catalog.test_delivering import photo_of
from tests.conftest import ROOT
from tests.pages import tag
from tests.receiver import Received, receiving
from tests.test_documented_commands import BLOCK, CURL, commands

TEXT = (ROOT / "docs" / "webhooks.md").read_text()
CONSOLE = [commands(text) for kind, text in BLOCK.findall(TEXT) if kind == "console"]


@pytest.fixture
def delivered(storefront: Storefront, settings: Any) -> Iterator[tuple[Received, str]]:
    """An event as it really arrived, and the secret it is signed with."""
    with receiving() as shop:
        settings.VITRINE_WEBHOOK_SCHEMES = ["http"]
        settings.VITRINE_WEBHOOK_PORTS = [shop.port]
        settings.VITRINE_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
        endpoint = endpoints.make(storefront=storefront, url=shop.url())
        photo = photo_of(storefront)
        tag(photo, "Mug ▸ Blue", score=0.9)
        Image.objects.filter(pk=photo.pk).update(status=Status.HELD, screened_at=photo.created_at)
        photo.refresh_from_db()
        publishing.publish(image=photo)
        Deliverer().run(seconds=20)
        (received,) = shop.got
        yield received, endpoint.secret


def test_the_python_verifies_what_is_sent(delivered: tuple[Received, str], db: None) -> None:
    received, secret = delivered
    (code,) = [text for kind, text in BLOCK.findall(TEXT) if kind == "python"]
    space: dict[str, Any] = {}
    exec(code, space)
    is_from_vitrine = space["is_from_vitrine"]
    assert is_from_vitrine(received.headers, received.body, secret)
    assert not is_from_vitrine(received.headers, received.body + b" ", secret)
    assert not is_from_vitrine(received.headers, received.body, endpoints.signing.new_secret())
    old = received.headers | {"webhook-timestamp": "1700000000"}
    assert not is_from_vitrine(old, received.body, secret)
    other = received.headers | {"webhook-id": "another"}
    assert not is_from_vitrine(other, received.body, secret)
    two = received.headers | {"webhook-signature": "v1,x " + received.signatures[0]}
    assert is_from_vitrine(two, received.body, secret)


def test_openssl_says_the_same(delivered: tuple[Received, str], tmp_path: Path) -> None:
    received, secret = delivered
    (tmp_path / "body.json").write_bytes(received.body)
    environment = {
        **os.environ,
        "SECRET": secret,
        "WEBHOOK_ID": received.id,
        "WEBHOOK_TIMESTAMP": received.headers["webhook-timestamp"],
    }
    (shown,) = [block for block in CONSOLE if "openssl" in block]
    done = subprocess.run(
        ["bash", "-euc", shown], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == received.headers["webhook-signature"], done.stderr


def test_the_example_is_what_an_event_looks_like(delivered: tuple[Received, str]) -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(each) for name, each in value.items()}
        return [shape(each) for each in value] if isinstance(value, list) else type(value)

    example, real = json.loads(shown), delivered[0].event
    example["data"]["sku"] = None
    assert shape(example) == shape(real)
    assert list(example) == list(real)


def test_every_type_is_described() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \|", TEXT, re.MULTILINE)
    assert rows[1:] == Occurrence.values


@pytest.mark.django_db(transaction=True)
def test_every_command_runs(live_server: Any, storefront: Storefront, tmp_path: Path) -> None:
    _, secret = keys.create_key(storefront=storefront, name="Documentation")
    script = "\n".join(block for block in CONSOLE if "curl" in block)
    script = CURL + script.replace("https://vitrine.example", live_server.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "KEY": secret},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert '"secret": "whsec_' in done.stdout
    assert "webhook.test" in done.stdout
    assert webhooks.WebhookEvent.objects.count() == 1
