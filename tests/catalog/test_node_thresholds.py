"""Thresholds that verdicts teach, for encoders of both kinds; vectors are made up, so that every
score can be worked out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from pgvector import HalfVector

from catalog import node_thresholds, pipeline, scorer, tagging, tasks, verdicts
from catalog.choices import Scoring, Status
from catalog.encoders import LoadedEncoder, register
from catalog.ml.thresholds import WORTH, WORTH_OF_SIBLINGS
from catalog.models import (
    Category,
    CategoryThreshold,
    CategoryVector,
    Embedding,
    Encoder,
    Image,
    LearningSwitch,
    Storefront,
    StorefrontPrune,
    Tag,
    TagVerdict,
    Taxonomy,
    ThresholdSet,
)
from tests.conftest import Picture
from tests.ml.checkpoints import make_siglip

pytestmark = pytest.mark.django_db

KINDS = [Scoring.SOFTMAX, Scoring.SIGMOID]
NAMES = ("Mug", "Vase", "Hat")


class Shop:
    """Three categories as the axes of a small space, and photos placed in it."""

    def __init__(self, storefront: Storefront, scoring: str) -> None:
        self.storefront = storefront
        self.encoder = Encoder.objects.create(
            name="made up",
            fingerprint=scoring.ljust(64, "-"),
            dimension=3,
            scoring=scoring,
            logit_scale=8.0,
            logit_bias=-6.0 if scoring == Scoring.SIGMOID else 0.0,
            is_active=True,
        )
        self.taxonomy = Taxonomy.objects.create(slug="t", name="T", version="1", is_active=True)
        self.categories = [
            Category.objects.create(
                taxonomy=self.taxonomy, external_id=name, name=name, path=name, position=at
            )
            for at, name in enumerate(NAMES)
        ]
        for category, axis in zip(self.categories, np.eye(3), strict=True):
            CategoryVector.objects.create(
                category=category,
                encoder=self.encoder,
                template_version="v",
                vector=HalfVector(axis),
            )

    def photo(self, *place: float) -> Image:
        number = Image.objects.count()
        image = Image.objects.create(
            storefront=self.storefront,
            sha256=f"{number:064}",
            status=Status.LIVE,
            source="command",
            size_bytes=1,
            width=1,
            height=1,
            screened_at="2026-01-01T00:00Z",
        )
        vector = np.array(place) / np.linalg.norm(place)
        Embedding.objects.create(image=image, encoder=self.encoder, vector=HalfVector(vector))
        self.tag(image)
        return image

    def tag(self, image: Image) -> list[Tag]:
        kept = scorer.Scorers()
        kept.look(self.encoder)
        image.tags.all().delete()
        vectors = np.array([image.embeddings.get().vector], dtype=np.float32)
        return Tag.objects.bulk_create(
            tagging.tag_all(images=[image], vectors=vectors, encoder=self.encoder, scorers=kept)
        )

    def judge(self, image: Image, by: User, **said: bool) -> None:
        for name, accepted in said.items():
            category = next(each for each in self.categories if each.name == name)
            verdicts.judge(image_id=image.pk, category=category, accepted=accepted, by=by)


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, storefront: Storefront) -> Shop:
    return Shop(storefront, request.param)


def names(tags: list[Tag]) -> list[str]:
    return [tag.category.name for tag in tags]


def test_a_category_that_is_often_wrong_has_to_be_surer(shop: Shop, sam: User) -> None:
    for _ in range(6):  # looks like a mug, and is a vase every time
        shop.judge(shop.photo(0.8, 0.5, 0.0), sam, Mug=False, Vase=True)
    before = shop.photo(0.7, 0.64, 0.0)
    assert names(list(before.tags.order_by("rank")))[0] == "Mug"
    assert before.tags.get(rank=1).threshold == 0.3

    assert node_thresholds.learn_all() == 1
    made = ThresholdSet.objects.get()
    assert (made.version, made.photos, made.is_active) == (1, 6, True)
    assert (made.base, made.precision) == (0.3, 0.85)
    mug = made.thresholds.get(category__name="Mug")
    assert (mug.right, mug.wrong) == (0, 6)
    assert mug.threshold > before.tags.get(rank=1).score
    vase = made.thresholds.get(category__name="Vase")
    assert (vase.right, vase.wrong) == (6, 0)
    assert vase.threshold < mug.threshold

    after = shop.tag(before)
    assert names(after) == ["Vase"]
    for tag in after:
        assert tag.threshold_set_id == made.pk
        assert tag.threshold == made.thresholds.get(category=tag.category).threshold
        assert tag.score >= tag.threshold
        assert tag.levels == [tag.score]


def test_the_threshold_is_drawn_to_what_siblings_lend(shop: Shop, sam: User) -> None:
    for _ in range(4):
        shop.judge(shop.photo(0.9, 0.1, 0.1), sam, Mug=False)
    node_thresholds.learn_all()
    score = shop.photo(0.9, 0.1, 0.1).tags.get(category__name="Mug").score
    asked = min(0.99, score + 0.02)
    lent = (4 * asked + WORTH_OF_SIBLINGS * 0.3) / (4 + WORTH_OF_SIBLINGS)
    found = dict(CategoryThreshold.objects.values_list("category__name", "threshold"))
    assert found["Mug"] == pytest.approx((4 * asked + WORTH * lent) / (4 + WORTH), abs=1e-3)
    assert found["Hat"] == pytest.approx(lent, abs=1e-3)


def test_a_tag_nobody_judged_counts_neither_way(shop: Shop, sam: User) -> None:
    photo = shop.photo(0.75, 0.6, 0.0)
    assert photo.tags.filter(category__name="Mug").exists()
    shop.judge(photo, sam, Vase=True)
    node_thresholds.learn_all()
    counts = {row.category.name: (row.right, row.wrong) for row in CategoryThreshold.objects.all()}
    assert (counts["Mug"], counts["Vase"]) == ((0, 0), (1, 0))


def test_a_build_is_made_once_and_taking_everything_back_ends_it(shop: Shop, sam: User) -> None:
    assert node_thresholds.learn_all() == 0
    photo = shop.photo(0.9, 0.1, 0.1)
    shop.judge(photo, sam, Mug=False)
    assert [node_thresholds.learn_all() for _ in range(2)] == [1, 0]
    shop.judge(photo, sam, Mug=True)
    assert node_thresholds.learn_all() == 1
    TagVerdict.objects.create(image=photo, category=shop.categories[0], accepted=None, by=sam)
    assert node_thresholds.learn_all() == 0
    assert [row.is_active for row in ThresholdSet.objects.all()] == [False, False]
    assert shop.tag(photo)[0].threshold_set_id is None


def test_other_vectors_or_another_aim_make_another_build(
    shop: Shop, sam: User, settings: object
) -> None:
    photo = shop.photo(0.9, 0.1, 0.1)
    shop.judge(photo, sam, Mug=False)
    node_thresholds.learn_all()
    settings.VITRINE_TAG_PRECISION = 0.5  # type: ignore[attr-defined]
    assert node_thresholds.learn_all() == 1
    StorefrontPrune.objects.create(storefront=shop.storefront, category=shop.categories[2])
    assert node_thresholds.learn_all() == 1
    assert node_thresholds.learn_all() == 0


def test_one_can_go_back_turn_it_off_and_follow_again(shop: Shop, sam: User) -> None:
    def in_force() -> int | None:
        found = ThresholdSet.objects.filter(is_active=True).first()
        return found.version if found else None

    photo = shop.photo(0.9, 0.1, 0.1)
    shop.judge(photo, sam, Mug=False)
    node_thresholds.learn_all()
    shop.judge(photo, sam, Vase=True)
    node_thresholds.learn_all()
    assert in_force() == 2
    node_thresholds.go_back(to=ThresholdSet.objects.get(version=1), by=sam)
    assert (node_thresholds.learn_all(), in_force()) == (0, 1)
    node_thresholds.turn_off(taxonomy=shop.taxonomy, by=sam)
    assert (node_thresholds.learn_all(), in_force()) == (0, None)
    assert shop.taxonomy.threshold_switch.changed_by == sam
    assert not LearningSwitch.objects.exists()  # vectors go on learning
    node_thresholds.follow(taxonomy=shop.taxonomy, by=sam)
    assert (node_thresholds.learn_all(), in_force()) == (1, 3)
    assert ThresholdSet.objects.count() == 3


def test_what_is_learned_in_one_encoder_or_taxonomy_stays_there(shop: Shop, sam: User) -> None:
    shop.judge(shop.photo(0.9, 0.1, 0.1), sam, Mug=False)
    node_thresholds.learn_all()
    other = Taxonomy.objects.create(slug="o", name="Other", version="1")
    Storefront.objects.update(taxonomy=other)
    Category.objects.create(taxonomy=other, external_id="m", name="Mug", path="Mug", position=0)
    assert node_thresholds.learn_all() == 0
    shop.encoder.is_active = False
    shop.encoder.save()
    Encoder.objects.create(
        name="next",
        fingerprint="n" * 64,
        dimension=3,
        scoring="softmax",
        logit_scale=8,
        is_active=True,
    )
    assert node_thresholds.learn_all() == 0
    assert ThresholdSet.objects.get().encoder == shop.encoder


def test_the_background_learns_vectors_first_and_then_thresholds(shop: Shop, sam: User) -> None:
    shop.judge(shop.photo(0.9, 0.1, 0.1), sam, Mug=True)
    tasks.learn()
    assert shop.taxonomy.heads.filter(is_active=True).count() == 1
    assert ThresholdSet.objects.filter(is_active=True).count() == 1
    tasks.learn()
    assert (shop.taxonomy.heads.count(), ThresholdSet.objects.count()) == (1, 1)


def test_a_siglip_tags_by_its_own_probabilities(
    db: None,
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    tmp_path: Path,
    settings: object,
) -> None:
    from catalog.ml.encoder import load

    runtime = load(str(make_siglip(tmp_path / "siglip")))
    encoder = LoadedEncoder(row=register(runtime=runtime), runtime=runtime)
    assert encoder.row.scoring == Scoring.SIGMOID
    settings.VITRINE_TAG_THRESHOLD = 0.0001  # type: ignore[attr-defined]
    image = upload(picture("mug", 11, calm=True))
    pipeline.load_stages.cache_clear()
    pipeline.drain(encoder=encoder, stages=pipeline.load_stages(), seconds=60)
    tags = list(image.tags.order_by("rank"))
    assert 1 <= len(tags) <= 3
    assert Status(Image.objects.get(pk=image.pk).status) == Status.LIVE
    for tag in tags:
        assert len(tag.levels) == tag.category.path.count("▸") + 1
        assert tag.levels == sorted(tag.levels, reverse=True)
        assert tag.levels[-1] == tag.score >= tag.threshold == 0.0001
    # A category is as sure as the surest below it: no probability is shared out.
    kept = scorer.Scorers()
    kept.look(encoder.row)
    found, used = kept.of(image.storefront) or pytest.fail("not encoded")
    vector = np.array(image.embeddings.get().vector, dtype=np.float32)
    cosines = (vector @ found.vectors.T)[None, :]
    row = found.subtree_scores(cosines, used, encoder.row)[0]
    logits = encoder.row.logit_scale * cosines[0] + encoder.row.logit_bias
    for at in (0, 1, len(found.categories) - 1):
        below = found.tree.downward(np.arange(len(row)) == at)
        assert row[at] == pytest.approx(1 / (1 + np.exp(-logits[below].max())), rel=1e-3)
