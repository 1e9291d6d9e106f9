"""What the mini model can name: the starter taxonomy's leaves and branches, and their captions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from catalog.ml.scoring import readable

DATA = Path(__file__).resolve().parents[2] / "data"
TAXONOMY = DATA / "starter_taxonomy.yaml"
TEMPLATES = DATA / "prompt_templates.yaml"

# The plain class name is what zero-shot scoring asks for, so captions use it most of the time.
PLAIN_NAME_SHARE = 0.6


@dataclass(frozen=True)
class Node:
    """One taxonomy node: `names[0]` is the readable id, the rest its synonyms."""

    id: str
    names: tuple[str, ...]
    ancestors: tuple[str, ...]
    leaf: bool


def read_nodes(path: Path = TAXONOMY) -> list[Node]:
    """Return the taxonomy depth first, leaves before branches (leaf i is column i in training)."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    nodes = [node for top in tree["categories"] for node in _walk(top, ())]
    return [n for n in nodes if n.leaf] + [n for n in nodes if not n.leaf]


def read_templates(path: Path = TEMPLATES) -> tuple[str, ...]:
    """Return the prompt templates, each with a `{label}` field."""
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8"))["templates"])


def _walk(entry: dict[str, Any], ancestors: tuple[str, ...]) -> Iterator[Node]:
    children = entry.get("children") or []
    spoken = [readable(entry["id"]), entry["name"].lower()]
    spoken += [str(synonym).lower() for synonym in entry.get("synonyms") or []]
    yield Node(entry["id"], tuple(dict.fromkeys(spoken)), ancestors, leaf=not children)
    for child in children:
        yield from _walk(child, (*ancestors, entry["id"]))


def captions(nodes: list[Node], templates: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """Draw one fresh caption per node, in the nodes' order."""
    drawn = []
    for node in nodes:
        plain = len(node.names) == 1 or rng.random() < PLAIN_NAME_SHARE
        name = node.names[0] if plain else node.names[int(rng.integers(1, len(node.names)))]
        drawn.append(templates[int(rng.integers(len(templates)))].replace("{label}", name))
    return drawn


def all_captions(nodes: list[Node], templates: tuple[str, ...]) -> list[str]:
    """Return every caption there can be."""
    return [t.replace("{label}", n) for node in nodes for n in node.names for t in templates]


def targets(nodes: list[Node], *, ancestor_share: float) -> np.ndarray:
    """Return soft targets, float32 (leaves, nodes), rows summing to 1.

    A leaf keeps `1 - ancestor_share`; its ancestors divide the rest, so that "fruit" lands near
    every fruit without a leaf ever ranking below its own branch.
    """
    return relatives(nodes, share=ancestor_share)[: sum(node.leaf for node in nodes)]


def relatives(nodes: list[Node], *, share: float) -> np.ndarray:
    """Return which captions mean the same, float32 (nodes, nodes), rows summing to 1.

    Every node means itself; `share` of it goes to its ancestors.
    """
    column = {node.id: index for index, node in enumerate(nodes)}
    table = np.eye(len(nodes), dtype=np.float32)
    for row, node in enumerate(nodes):
        for ancestor in node.ancestors:
            table[row, row] = 1.0 - share
            table[row, column[ancestor]] = share / len(node.ancestors)
    return table
