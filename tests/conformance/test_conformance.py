"""The API under generated requests, good and bad, alone and in sequences: schemathesis with all
its checks over the whole OpenAPI document, and a check of ours that tenants never meet."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import fetching, keys, products, storefronts
from catalog.models import Image, Storefront
from moderation.models import Policy
from tests.conftest import ROOT, Picture
from tests.openapi import document

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("CONFORMANCE_EXAMPLES", "15")  # of each endpoint and kind of request
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def other_marks(
    other_storefront: Storefront, upload: Callable[..., Image], picture: Picture
) -> list[str]:
    """Rows of another shop, known by these marks."""
    photo = upload(picture("vase", 9), to=other_storefront, filename="tenant-mark.jpg")
    products.upsert(storefront=other_storefront, sku="tenant-mark", title="tenant-mark")
    fetch = fetching.enqueue(storefront=other_storefront, url="https://tenant-mark.example/x.jpg")
    return [str(photo.pk), str(fetch.pk), "tenant-mark"]


def test_every_answer_conforms(
    live_server: Any,
    storefront: Storefront,
    other_marks: list[str],
    starter: object,
    process: Callable[[], object],
    pipeline_worker: object,
    upload: Callable[..., Image],
    picture: Picture,
    tmp_path: Path,
) -> None:
    shop = storefronts.sandbox_of(storefront=storefront)  # where a key may decide too
    Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    for seed in range(3):
        upload(picture("mug", seed), filename=f"{seed}.jpg", to=shop)
    process()
    _, secret = keys.create_key(storefront=shop, name="Conformance")
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(document()))
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(HERE / "schemathesis.toml"), "run", str(described)),
            *("--url", live_server.url, "--header", f"Authorization: Bearer {secret}"),
            *("--max-examples", EXAMPLES, "--warnings", "off"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OTHER_TENANTS_MARKS": " ".join(other_marks),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-50_000:] + run.stderr[-5_000:]
