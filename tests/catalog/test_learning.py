"""Verdicts on tags, and what is learned from them."""

from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.auth.models import User

from catalog import learning, pipeline, scorer, taxonomy_vectors, verdicts
from catalog.choices import EventKind, Status
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    CategoryHead,
    CategoryVector,
    Encoder,
    Event,
    HeadVector,
    Image,
    Storefront,
    Tag,
    TagVerdict,
    Taxonomy,
)
from tests.conftest import Picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def mug(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
) -> Image:
    image = upload(picture("mug", 11, calm=True))
    process()
    return Image.objects.get(pk=image.pk)


def category(external_id: str) -> Category:
    return Category.objects.get(taxonomy__slug="starter", external_id=external_id)


def again(image: Image, process: Callable[[], pipeline.Drained]) -> list[Tag]:
    Image.objects.filter(pk=image.pk).update(status=Status.PENDING)
    process()
    return list(image.tags.order_by("rank"))


def test_a_rejected_tag_goes_and_stays_away(
    mug: Image, sam: User, process: Callable[[], pipeline.Drained]
) -> None:
    shown = mug.tags.get(rank=1)
    assert verdicts.judge(image_id=mug.pk, category=shown.category, accepted=False, by=sam)
    assert not verdicts.judge(image_id=mug.pk, category=shown.category, accepted=False, by=sam)
    verdict = TagVerdict.objects.get()
    assert (verdict.accepted, verdict.by, verdict.score) == (False, sam, shown.score)
    assert not mug.tags.filter(category=shown.category).exists()
    assert all(tag.category != shown.category for tag in again(mug, process))
    event = Event.objects.get(kind=EventKind.TAGS_CORRECTED)
    assert (event.summary, event.actor) == ("Tag Mug rejected", sam)


def test_a_confirmed_and_an_added_tag_survive_tagging_again_and_come_first(
    mug: Image, sam: User, process: Callable[[], pipeline.Drained]
) -> None:
    lemon = category("lemon")
    assert verdicts.judge(image_id=mug.pk, category=lemon, accepted=True, by=sam)
    added = mug.tags.get(category=lemon)
    assert added.is_confirmed
    assert added.threshold == 0
    assert added.score < 0.3  # the model's own, which would not have reached it
    first, *others = again(mug, process)
    assert (first.category, first.is_confirmed, first.rank) == (lemon, True, 1)
    assert [tag.is_confirmed for tag in others] == [False] * len(others)
    assert others[0].category.external_id == "mug"


def test_the_last_verdict_stands_and_none_is_lost(mug: Image, sam: User) -> None:
    tag = mug.tags.get(rank=1)
    for accepted in (True, False, True):
        assert verdicts.judge(image_id=mug.pk, category=tag.category, accepted=accepted, by=sam)
    assert [row.accepted for row in TagVerdict.objects.all()] == [True, False, True]
    assert [row.accepted for row in TagVerdict.objects.standing()] == [True]
    assert mug.tags.get(category=tag.category).is_confirmed


def test_what_a_storefront_does_not_use_cannot_be_said_of_its_photos(
    mug: Image, sam: User, storefront: Storefront
) -> None:
    other = Taxonomy.objects.create(slug="other", name="Other", version="1")
    foreign = Category.objects.create(
        taxonomy=other, external_id="x", name="Foreign", path="Foreign", position=1
    )
    with pytest.raises(verdicts.VerdictRefused, match="Corner shop does not use Foreign"):
        verdicts.judge(image_id=mug.pk, category=foreign, accepted=True, by=sam)
    with pytest.raises(verdicts.VerdictRefused, match="no tag Lemon"):
        verdicts.judge(image_id=mug.pk, category=category("lemon"), accepted=False, by=sam)
    assert not TagVerdict.objects.exists()
    assert not Event.objects.filter(kind=EventKind.TAGS_CORRECTED).exists()


def test_a_photo_nobody_looked_at_yet_takes_no_tags(
    starter: Taxonomy, upload: Callable[..., Image], picture: Picture, sam: User
) -> None:
    waiting = upload(picture("mug"))
    with pytest.raises(verdicts.VerdictRefused, match="has not been processed yet"):
        verdicts.judge(image_id=waiting.pk, category=category("mug"), accepted=True, by=sam)


def test_a_build_moves_only_what_was_confirmed_and_is_not_made_twice(
    mug: Image, sam: User, starter: Taxonomy, encoder: LoadedEncoder
) -> None:
    before = scorer.build(taxonomy=starter, encoder=encoder.row)
    assert learning.learn_all() == 0
    verdicts.judge(image_id=mug.pk, category=category("lemon"), accepted=True, by=sam)
    assert learning.learn_all() == 1
    assert learning.learn_all() == 0
    head = CategoryHead.objects.get()
    assert (head.version, head.photos, head.is_active) == (1, 1, True)
    assert HeadVector.objects.get().category == category("lemon")
    after = scorer.build(taxonomy=starter, encoder=encoder.row)
    assert (before.head_id, after.head_id) == (None, head.pk)
    moved = np.flatnonzero(np.any(before.vectors != after.vectors, axis=1))
    assert [after.categories[at].external_id for at in moved] == ["lemon"]
    photo = np.asarray(mug.embeddings.get().vector, dtype=np.float32)
    at = moved[0]
    assert photo @ after.vectors[at] > photo @ before.vectors[at]


def test_rejections_teach_nothing_and_taking_back_unlearns(
    mug: Image, sam: User, starter: Taxonomy, encoder: LoadedEncoder
) -> None:
    tag = mug.tags.get(rank=1)
    verdicts.judge(image_id=mug.pk, category=tag.category, accepted=False, by=sam)
    assert learning.learn_all() == 0
    verdicts.judge(image_id=mug.pk, category=tag.category, accepted=True, by=sam)
    assert learning.learn_all() == 1
    verdicts.judge(image_id=mug.pk, category=tag.category, accepted=False, by=sam)
    assert learning.learn_all() == 0
    assert not CategoryHead.objects.filter(is_active=True).exists()
    assert scorer.in_force(taxonomy=starter, encoder=encoder.row) == (None, None)


def test_one_can_go_back_turn_it_off_and_follow_again(
    mug: Image, sam: User, starter: Taxonomy, encoder: LoadedEncoder
) -> None:
    def in_force() -> int | None:
        head, _ = scorer.in_force(taxonomy=starter, encoder=encoder.row)
        return head.version if head else None

    verdicts.judge(image_id=mug.pk, category=category("lemon"), accepted=True, by=sam)
    learning.learn_all()
    verdicts.judge(image_id=mug.pk, category=category("mug"), accepted=True, by=sam)
    learning.learn_all()
    assert in_force() == 2
    learning.go_back(head=CategoryHead.objects.get(version=1), by=sam)
    assert (learning.learn_all(), in_force()) == (0, 1)
    learning.turn_off(taxonomy=starter, by=sam)
    assert (learning.learn_all(), in_force()) == (0, None)
    learning.follow(taxonomy=starter, by=sam)
    assert (learning.learn_all(), in_force()) == (1, 3)
    assert CategoryHead.objects.count() == 3


def test_nothing_learned_in_one_encoder_or_taxonomy_reaches_another(
    mug: Image, sam: User, starter: Taxonomy, encoder: LoadedEncoder
) -> None:
    verdicts.judge(image_id=mug.pk, category=category("mug"), accepted=True, by=sam)
    learning.learn_all()
    stranger = Encoder.objects.create(
        fingerprint="s" * 64,
        name="stranger",
        dimension=encoder.row.dimension,
        scoring="softmax",
        logit_scale=20,
    )
    CategoryVector.objects.bulk_create(
        CategoryVector(
            category=row.category,
            encoder=stranger,
            words_digest=row.words_digest,
            template_version=row.template_version,
            vector=row.vector,
        )
        for row in CategoryVector.objects.filter(encoder=encoder.row).select_related("category")
    )
    assert scorer.build(taxonomy=starter, encoder=stranger).head_id is None
    assert learning.learn(taxonomy=starter, encoder=stranger) is None  # no photo has its vector
    other = Taxonomy.objects.create(slug="other", name="Other", version="1")
    Category.objects.create(
        taxonomy=other,
        external_id="mug",
        name="Mug",
        path="Mug",
        position=1,
        words_digest=taxonomy_vectors.words_digest("Mug", []),
    )
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=other)
    assert learning.learn(taxonomy=other, encoder=encoder.row) is None
    assert scorer.build(taxonomy=other, encoder=encoder.row).head_id is None
    assert CategoryHead.objects.count() == 1


def test_tags_made_with_learned_vectors_say_so(
    mug: Image, sam: User, process: Callable[[], pipeline.Drained]
) -> None:
    assert all(tag.head_id is None for tag in mug.tags.all())
    verdicts.judge(image_id=mug.pk, category=category("mug"), accepted=True, by=sam)
    learning.learn_all()
    assert {tag.head_id for tag in again(mug, process)} == {CategoryHead.objects.get().pk}
