"""Taxonomy and tags: what is loaded, encoded, chosen and stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog import pipeline, taxonomy, taxonomy_vectors
from catalog.choices import Scoring
from catalog.encoders import LoadedEncoder
from catalog.models import Category, CategoryVector, Encoder, Image, Tag, Taxonomy
from catalog.scorer import Scorer, build
from catalog.tagging import choose
from tests.conftest import Picture

pytestmark = pytest.mark.django_db

TREE = """
slug: shop
name: Shop
version: {version}
categories:
  - id: fruit
    name: Fruit
    children:
      - {{id: apple, name: {apple}, synonyms: [pomme]}}
      - {{id: pear, name: Pear}}
  - {{id: mug, name: Mug}}
"""


def tree(tmp_path: Path, *, version: int = 1, apple: str = "Apple") -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(TREE.format(version=version, apple=apple))
    return path


def scorer(*paths: str) -> Scorer:
    """A scorer over categories given by path; parents come first."""
    index = {path: i for i, path in enumerate(paths)}
    parents = [index.get(path.rsplit(" ▸ ", 1)[0]) if " ▸ " in path else None for path in paths]
    return Scorer(
        categories=[Category(pk=i, path=path) for i, path in enumerate(paths)],
        parents=parents,
        vectors=np.eye(len(paths), dtype=np.float32),
        template_versions=["v1"] * len(paths),
    )


def encoder_with(scoring: Scoring, *, scale: float, bias: float = 0.0) -> Encoder:
    return Encoder(scoring=scoring, logit_scale=scale, logit_bias=bias, dimension=3)


def test_only_categories_whose_prompts_changed_are_encoded_again(
    tmp_path: Path, encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    encode = encoder.runtime.encode_texts

    def recording(texts: list[str]) -> np.ndarray:
        encoded.extend(texts)
        return encode(texts)

    monkeypatch.setattr(encoder.runtime, "encode_texts", recording)

    def vectors() -> np.ndarray:
        encoded.clear()
        taxonomy_vectors.encode_missing(encoder=encoder)
        return build(taxonomy=Taxonomy.objects.get(), encoder=encoder.row).vectors

    taxonomy.load(path=tree(tmp_path))
    first = vectors()
    templates = len(taxonomy_vectors.templates().templates)
    assert len(encoded) == templates * 5  # four names, one synonym
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-3)
    assert np.allclose(vectors(), first, atol=1e-3)
    assert encoded == []
    taxonomy.load(path=tree(tmp_path, version=2, apple="Golden apple"))
    vectors()
    assert len(encoded) == templates * 2
    assert CategoryVector.objects.count() == 4


def test_with_softmax_siblings_share_what_their_parent_has() -> None:
    three = scorer("Fruit", "Fruit ▸ Apple", "Fruit ▸ Pear")
    scores = three.subtree_scores(
        np.array([[0.0, 1.0, 1.0]]), three.everything, encoder_with(Scoring.SOFTMAX, scale=20)
    )
    assert scores[0] == pytest.approx([1.0, 0.5, 0.5], abs=1e-6)


def test_what_a_storefront_leaves_out_takes_no_share() -> None:
    three = scorer("Fruit", "Fruit ▸ Apple", "Mug")
    scores = three.subtree_scores(
        np.array([[0.0, 1.0, 1.0]]), three.without(frozenset({0})), encoder_with("softmax", scale=3)
    )
    assert scores[0].tolist() == [0.0, 0.0, 1.0]


def test_a_sigmoid_subtree_is_as_sure_as_its_surest_node() -> None:
    three = scorer("Fruit", "Fruit ▸ Apple", "Fruit ▸ Pear")
    scores = three.subtree_scores(
        np.array([[0.0, 1.0, 0.0]]),
        three.everything,
        encoder_with(Scoring.SIGMOID, scale=10, bias=-5),
    )
    surest = 1 / (1 + np.exp(-5))
    assert scores[0] == pytest.approx([surest, surest, 1 / (1 + np.exp(5))], abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "softmax", "sigmoid"),
    [
        ([0.9, 0.7, 0.2, 0.1], [1], [1]),  # one leaf is sure
        ([0.9, 0.4, 0.5, 0.1], [2], [2, 1]),  # two are: another guess, or another thing
        ([0.5, 0.25, 0.25, 0.2], [0], [0]),  # which fruit it is, is unclear: it is fruit
        ([0.5, 0.2, 0.2, 0.4], [0], [0, 3]),
        ([0.2, 0.1, 0.1, 0.2], [], []),  # an abstention
    ],
)
def test_choosing(scores: list[float], softmax: list[int], sigmoid: list[int]) -> None:
    four = scorer("Fruit", "Fruit ▸ Apple", "Fruit ▸ Pear", "Mug")
    row = np.array(scores)
    assert choose(row, four, np.full(4, 0.3), Scoring.SOFTMAX) == softmax
    assert choose(row, four, np.full(4, 0.3), Scoring.SIGMOID) == sigmoid


def test_a_category_that_verdicts_made_hard_to_reach_is_passed_by() -> None:
    four = scorer("Fruit", "Fruit ▸ Apple", "Fruit ▸ Pear", "Mug")
    thresholds = np.array([0.3, 0.3, 0.6, 0.3])
    row = np.array([0.9, 0.35, 0.55, 0.1])
    assert choose(row, four, thresholds, Scoring.SOFTMAX) == [1]


def test_a_tag_stores_what_produced_it(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
) -> None:
    image = upload(picture("mug", 11, calm=True))
    process()
    tag = Tag.objects.get(image=image, rank=1)
    assert tag.category.external_id == "mug"
    assert (tag.encoder, tag.threshold) == (encoder.row, 0.3)
    assert tag.template_version == taxonomy_vectors.templates().version
    assert 0.3 <= tag.score <= 1
    assert len(tag.levels) == tag.category.path.count("▸") + 1
    assert tag.levels == sorted(tag.levels, reverse=True)
    assert tag.levels[-1] == tag.score
    assert tag.threshold_set is None


def test_without_a_taxonomy_photos_go_through_untagged(
    upload: Callable[..., Image], picture: Picture, process: Callable[[], pipeline.Drained]
) -> None:
    upload(picture("mug"))
    assert process().done == 1
    assert not Tag.objects.exists()
