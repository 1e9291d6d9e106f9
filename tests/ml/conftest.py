"""Checkpoints built once a session, and pictures: drawn ones always, shop photos where present."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from . import checkpoints, pictures

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """These models are too small to split, and test processes run side by side."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", params=["clip", "siglip", "convolutional"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint of each supported architecture, in turn."""
    return build(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def clip_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("clip", tmp_path_factory)


@pytest.fixture(scope="session")
def siglip_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("siglip", tmp_path_factory)


def build(kind: str, factory: pytest.TempPathFactory) -> Path:
    make = getattr(checkpoints, f"make_{kind}")
    return make(factory.getbasetemp() / f"checkpoint-{kind}")


@pytest.fixture(scope="session", params=["drawn", "shop photos"])
def jpegs(request: pytest.FixtureRequest) -> list[bytes]:
    """About twenty different JPEG files, small ones."""
    if request.param == "drawn":
        return [pictures.jpeg(pictures.scene(seed, 300, 224 + seed)) for seed in range(12)]
    found = sorted(PHOTOS.rglob("*.jpg"))[::300]
    if not found:
        pytest.skip(f"no shop photos at {PHOTOS}")
    return [path.read_bytes() for path in found]


@pytest.fixture(scope="session")
def large_jpegs(jpegs: list[bytes]) -> list[bytes]:
    """The same at 1600 pixels, where decoding at reduced size really acts."""
    return [pictures.jpeg(pictures.enlarged(data, 1600)) for data in jpegs[::3]]
