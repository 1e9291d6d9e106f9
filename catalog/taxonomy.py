"""Loading a taxonomy file, and the text vectors of its categories."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from django.conf import settings
from django.db import transaction
from pgvector import HalfVector

from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import TemplateSet, ensemble, load_templates, readable
from catalog.models import Category, CategoryVector, Taxonomy

STARTER = Path(__file__).parent / "data" / "starter_taxonomy.yaml"


class TaxonomyError(ValueError):
    """The taxonomy file cannot be used; the message names the place and the remedy."""


@dataclass(frozen=True)
class Node:
    """One category as the file gives it; `parent` is an external id."""

    external_id: str
    parent: str | None
    name: str
    path: str
    synonyms: list[str]


@transaction.atomic
def load(*, path: Path, activate: bool = True) -> Taxonomy:
    """Read a YAML taxonomy into the database; reading it again updates it.

    Categories keep their external id; those no longer in the file are retired, not deleted, for
    the tags that name them. Raises `TaxonomyError`.
    """
    try:
        document = yaml.safe_load(path.read_text())
        nodes = list(_walk(document["categories"]))
        slug, name, version = document["slug"], document["name"], str(document["version"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise TaxonomyError(
            f"{path} is not a taxonomy: {error!r}. It needs slug, name, version and categories; "
            "see docs/architecture.md for the format."
        ) from error
    seen: set[str] = set()
    for node in nodes:
        if node.external_id in seen:
            raise TaxonomyError(f"{path}: id {node.external_id!r} is used twice; ids are unique.")
        seen.add(node.external_id)

    if activate:
        Taxonomy.objects.filter(is_active=True).exclude(slug=slug).update(is_active=False)
    taxonomy, _ = Taxonomy.objects.update_or_create(
        slug=slug,
        defaults={"name": name, "version": version, **({"is_active": True} if activate else {})},
    )
    rows: dict[str, Category] = {}
    for position, node in enumerate(nodes):
        rows[node.external_id], _ = Category.objects.update_or_create(
            taxonomy=taxonomy,
            external_id=node.external_id,
            defaults={
                "parent": rows[node.parent] if node.parent else None,
                "name": node.name,
                "path": node.path,
                "synonyms": node.synonyms,
                "position": position,
                "is_retired": False,
            },
        )
    taxonomy.categories.exclude(external_id__in=seen).update(is_retired=True)
    return taxonomy


def _walk(
    entries: list[dict[str, Any]], parent: str | None = None, above: str = ""
) -> Iterator[Node]:
    for entry in entries:
        name = str(entry["name"])
        node = Node(
            external_id=str(entry["id"]),
            parent=parent,
            name=name,
            path=f"{above} ▸ {name}" if above else name,
            synonyms=[str(synonym) for synonym in entry.get("synonyms", [])],
        )
        yield node
        yield from _walk(entry.get("children", []), node.external_id, node.path)


def templates() -> TemplateSet:
    """The prompt templates in force."""
    return load_templates(settings.VITRINE_PROMPT_TEMPLATES)


def prompts(category: Category, template_set: TemplateSet) -> list[str]:
    """Every sentence whose vectors, averaged, stand for a category."""
    return [
        prompt
        for name in [category.name, *category.synonyms]
        for prompt in template_set.fill(readable(name))
    ]


def text_vectors(
    *, categories: list[Category], encoder: LoadedEncoder, template_set: TemplateSet
) -> np.ndarray:
    """Vectors (n, dimension) float32 of the categories, encoding and storing those that are
    missing or whose prompts changed."""
    wanted = {category.pk: prompts(category, template_set) for category in categories}
    digests = {pk: hashlib.sha256("\n".join(p).encode()).hexdigest() for pk, p in wanted.items()}
    vectors = {
        vector.category_id: np.asarray(vector.vector, dtype=np.float32)
        for vector in CategoryVector.objects.filter(encoder=encoder.row, category__in=categories)
        if vector.prompt_digest == digests[vector.category_id]
    }
    missing = [pk for pk in wanted if pk not in vectors]
    if missing:
        encoded = encoder.runtime.encode_texts([text for pk in missing for text in wanted[pk]])
        start = 0
        for pk in missing:
            vectors[pk] = ensemble(encoded[start : start + len(wanted[pk])])
            start += len(wanted[pk])
        CategoryVector.objects.bulk_create(
            [
                CategoryVector(
                    category_id=pk,
                    encoder=encoder.row,
                    prompt_digest=digests[pk],
                    vector=HalfVector(vectors[pk]),
                )
                for pk in missing
            ],
            update_conflicts=True,
            unique_fields=["category", "encoder"],
            update_fields=["prompt_digest", "vector", "created_at"],
        )
    return np.stack([vectors[category.pk] for category in categories])
