"""The readable data files: taxonomy, prompt templates, and the demo's pictures and manifest."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from catalog.ml.mini.drawing import KINDS
from demo import draw as demo_draw

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "catalog" / "data"
PHOTOS = ROOT.parent / "shared" / "photos"
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
POLICIES = {"weapons", "drugs", "tobacco", "alcohol"}

Node = dict[str, Any]


def _nodes(nodes: list[Node]) -> list[Node]:
    return [n for node in nodes for n in (node, *_nodes(node.get("children", [])))]


@pytest.fixture(scope="module")
def taxonomy() -> Node:
    return dict(yaml.safe_load((DATA / "starter_taxonomy.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def leaves(taxonomy: Node) -> set[str]:
    return {n["id"] for n in _nodes(taxonomy["categories"]) if not n.get("children")}


@pytest.fixture(scope="module")
def manifest() -> dict[str, list[dict[str, Any]]]:
    return dict(json.loads((ROOT / "demo" / "manifest.json").read_text(encoding="utf-8")))


def test_taxonomy_ids_are_unique_slugs_with_names_and_synonyms(taxonomy: Node) -> None:
    nodes = _nodes(taxonomy["categories"])
    ids = [n["id"] for n in nodes]
    assert len(ids) == len(set(ids))
    for node in nodes:
        assert set(node) <= {"id", "name", "synonyms", "children"}
        assert SLUG.fullmatch(node["id"])
        assert node["name"].strip() == node["name"] != ""
        assert node["synonyms"], f"{node['id']} has no synonyms"
        assert all(isinstance(s, str) and s.strip() == s for s in node["synonyms"])


def test_no_word_names_two_things(taxonomy: Node) -> None:
    words: dict[str, str] = {}
    for node in _nodes(taxonomy["categories"]):
        for word in {w.lower() for w in (node["name"], *node["synonyms"])}:
            assert words.setdefault(word, node["id"]) == node["id"], f"{word!r} names two nodes"


def test_every_photo_label_is_a_leaf(leaves: set[str]) -> None:
    if not PHOTOS.is_dir():
        pytest.skip(f"the product photos are not at {PHOTOS}")
    labels = {photo.parent.name for photo in PHOTOS.rglob("*.jpg")}
    assert len(labels) == 98
    assert labels - leaves == set()


def test_every_drawn_kind_is_a_leaf(leaves: set[str]) -> None:
    assert set(KINDS) - leaves == set()


def test_templates_each_hold_one_label_and_differ() -> None:
    content = yaml.safe_load((DATA / "prompt_templates.yaml").read_text(encoding="utf-8"))
    templates = content["templates"]
    assert content["version"] == 1
    assert len(templates) >= 8
    assert len(set(templates)) == len(templates)
    for template in templates:
        assert template.count("{label}") == 1
        assert template.format(label="mug") != template


def test_restricted_goods_and_policies_agree(taxonomy: Node) -> None:
    (restricted,) = (n for n in taxonomy["categories"] if n["id"] == "restricted-goods")
    groups = {g["id"]: {leaf["id"] for leaf in g["children"]} for g in restricted["children"]}
    assert set(groups) == POLICIES
    for policy, kinds in groups.items():
        assert {k for k, p in demo_draw.POLICY_OF.items() if p == policy} == kinds


def test_manifest_names_exactly_the_committed_files(
    manifest: dict[str, list[dict[str, Any]]],
) -> None:
    named = [e["file"] for e in (*manifest["samples"], *manifest["exemplars"])]
    assert len(named) == len(set(named))
    demo = ROOT / "demo"
    present = {p.relative_to(demo).as_posix() for p in demo.rglob("*.jpg")}
    assert set(named) == present
    assert sum((demo / file).stat().st_size for file in named) < 3_000_000


def test_samples_are_labelled_from_the_taxonomy_and_cover_every_policy(
    manifest: dict[str, list[dict[str, Any]]], leaves: set[str]
) -> None:
    samples = manifest["samples"]
    assert 55 <= len(samples) <= 65
    assert {s["label"] for s in samples} == set(KINDS) <= leaves
    assert len({s["sku"] for s in samples}) == len(samples)
    for sample in samples:
        assert set(sample) == {"file", "label", "title", "sku", "flag"}
        assert sample["flag"] == demo_draw.POLICY_OF.get(sample["label"])
        assert sample["title"]
    flagged = [s["flag"] for s in samples if s["flag"]]
    assert len(flagged) >= 12
    assert set(flagged) == POLICIES


def test_every_policy_has_violating_and_safe_exemplars_that_no_sample_repeats(
    manifest: dict[str, list[dict[str, Any]]],
) -> None:
    for policy in POLICIES:
        kinds = [e["kind"] for e in manifest["exemplars"] if e["policy"] == policy]
        assert 4 <= kinds.count("violating") <= 6
        assert 2 <= kinds.count("safe") <= 3
        assert len(kinds) == kinds.count("violating") + kinds.count("safe")
    drawn = {(d.kind, d.seed) for d in demo_draw.samples()}
    assert not drawn & {(d.kind, d.seed) for d in demo_draw.exemplars()}
    allowed = {e["file"] for e in manifest["exemplars"] if e["kind"] == "safe"}
    assert all(Path(file).stem not in demo_draw.POLICY_OF for file in allowed)


def test_manifest_is_what_the_script_writes() -> None:
    written = (ROOT / "demo" / "manifest.json").read_text(encoding="utf-8")
    assert written == demo_draw.manifest()


def test_committed_pictures_are_what_the_script_draws() -> None:
    """Every fifth picture, drawn again: equal but for what JPEG encoders may differ in."""
    drawings = [*demo_draw.samples(), *demo_draw.exemplars()][::5]
    assert len(drawings) >= 15
    for drawing in drawings:
        committed = np.asarray(Image.open(drawing.path), dtype=float)
        again = np.asarray(Image.open(io.BytesIO(drawing.jpeg())), dtype=float)
        assert committed.shape == again.shape == (512, 512, 3)
        assert np.abs(committed - again).mean() < 1.0, drawing.path.name
