"""Taxonomies in the database: what an import changes, encoding, activating, what shops choose."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog import labels, pipeline, scorer, storefronts, tasks, taxonomy, taxonomy_vectors
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    CategoryVector,
    Image,
    Storefront,
    StorefrontPrune,
    Tag,
    Taxonomy,
)
from catalog.taxonomy_files import Document, TaxonomyError, read
from tests.catalog.test_taxonomy_files import PUBLIC
from tests.conftest import Picture
from tests.pages import tag

pytestmark = pytest.mark.django_db

BEFORE = """id,path,synonyms
f,Fruit,
a,Fruit > Apple,pomme
p,Fruit > Pear,
m,Mug,
v,Vase,
"""
# Apple gets another name, pear another parent, the vase other words; the mug goes, a bowl comes.
AFTER = """id,path,synonyms
f,Fruit,
a,Fruit > Apples,pomme
k,Kitchen,
p,Kitchen > Pear,
b,Kitchen > Bowl,
v,Vase,flower vase
"""


def document(text: str, slug: str = "shop") -> Document:
    return read(text.encode()).named(slug=slug, version="1")


def apply(text: str, slug: str = "shop", *, activate: bool = True) -> Taxonomy:
    return taxonomy.apply(document=document(text, slug), activate=activate)


def counts(changes: taxonomy.Changes) -> dict[str, int]:
    found = {kind: len(each) for kind, each in changes.by_kind().items() if each}
    return {**found, "unchanged": changes.unchanged}


def everything() -> list[tuple[object, ...]]:
    return [
        *Taxonomy.objects.order_by("pk").values_list(),
        *Category.objects.order_by("pk").values_list(),
        *CategoryVector.objects.order_by("pk").values_list("pk", "created_at", "words_digest"),
    ]


def test_changes_are_known_before_anything_is_written(photo: Image) -> None:
    shop = apply(BEFORE)
    mug, apple = (shop.categories.get(external_id=each) for each in "ma")
    for category in (mug, apple):
        Tag.objects.create(
            image=photo,
            category=category,
            encoder=tag(photo, f"Other {category.pk}", score=0.5).encoder,
            rank=2,
            score=0.4,
            threshold=0.3,
            template_version="t",
        )
    stood = everything()
    changes = taxonomy.compare(document=document(AFTER))
    assert everything() == stood
    assert counts(changes) == {
        **{"retired": 1, "renamed": 1, "moved": 1, "reworded": 1, "added": 2},
        "unchanged": 1,
    }
    assert [(each.path, each.tags) for each in changes.retired] == [("Mug", 1)]
    assert [(each.before, each.path, each.tags) for each in changes.renamed] == [
        ("Fruit ▸ Apple", "Fruit ▸ Apples", 1)
    ]
    assert [(each.before, each.path) for each in changes.moved] == [
        ("Fruit ▸ Pear", "Kitchen ▸ Pear")
    ]


def test_an_import_keeps_rows_and_tags_and_retires_what_is_gone(photo: Image) -> None:
    shop = apply(BEFORE)
    keys = dict(shop.categories.values_list("external_id", "pk"))
    mug = Category.objects.get(pk=keys["m"])
    kept = tag(photo, "x", score=0.5)
    Tag.objects.filter(pk=kept.pk).update(category=mug)
    assert apply(AFTER) == shop
    after = {row.external_id: row for row in shop.categories.all()}
    assert {key: after[key].pk for key in keys} == keys
    assert [key for key, row in after.items() if row.is_retired] == ["m"]
    assert Tag.objects.get(pk=kept.pk).category == mug
    assert after["p"].parent == after["k"]
    assert after["p"].path == "Kitchen ▸ Pear"
    live = shop.categories.filter(is_retired=False).order_by("position")
    assert [row.external_id for row in live] == ["f", "a", "k", "p", "b", "v"]
    assert counts(taxonomy.compare(document=document(AFTER))) == {"unchanged": 6}

    assert counts(taxonomy.compare(document=document(BEFORE)))["revived"] == 1
    apply(BEFORE)
    assert shop.categories.get(external_id="m").pk == keys["m"]
    assert not shop.categories.get(external_id="m").is_retired
    assert set(shop.categories.filter(is_retired=True).values_list("external_id", flat=True)) == {
        *"kb"
    }


def test_importing_twice_changes_nothing_at_all(encoder: LoadedEncoder) -> None:
    apply(BEFORE)
    taxonomy_vectors.encode_missing(encoder=encoder)
    stood = everything()
    apply(BEFORE)
    assert taxonomy_vectors.encode_missing(encoder=encoder) == 0
    assert everything() == stood


def test_a_renamed_parent_changes_the_paths_below_it_and_nothing_else() -> None:
    shop = apply(BEFORE)
    text = BEFORE.replace("Fruit", "Fresh fruit")
    changes = taxonomy.compare(document=document(text))
    assert counts(changes) == {"renamed": 1, "unchanged": 4}
    apply(text)
    assert shop.categories.get(external_id="a").path == "Fresh fruit ▸ Apple"


def test_other_ids_for_the_same_paths_keep_the_categories() -> None:
    shop = apply(BEFORE)
    keys = set(shop.categories.values_list("pk", flat=True))
    text = BEFORE.replace("a,Fruit", "4711,Fruit").replace("f,Fruit,", "1,Fruit,")
    changes = taxonomy.compare(document=document(text))
    assert counts(changes) == {"renumbered": 2, "unchanged": 3}
    assert [(each.before, each.external_id) for each in changes.renumbered] == [
        ("f", "1"),
        ("a", "4711"),
    ]
    apply(text)
    assert set(shop.categories.values_list("pk", flat=True)) == keys
    assert shop.categories.get(external_id="4711").path == "Fruit ▸ Apple"


def test_taxonomies_live_side_by_side(storefront: Storefront) -> None:
    one, other = apply(BEFORE, "one"), apply(AFTER, "other", activate=False)
    assert one.categories.count() == 5
    assert other.categories.count() == 6
    assert list(Taxonomy.objects.in_use()) == [one]
    storefronts.choose_taxonomy(storefront=storefront, taxonomy=other)
    assert set(Taxonomy.objects.in_use()) == {one, other}


def test_the_next_taxonomy_waits_for_its_last_vector(encoder: LoadedEncoder) -> None:
    first = apply(BEFORE, "first")
    assert first.is_active  # there was none
    second = apply(AFTER, "second")
    assert (second.is_active, second.is_next) == (False, True)
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=first)
    second.refresh_from_db()
    assert second.is_next
    taxonomy_vectors.encode_missing(encoder=encoder)
    assert Taxonomy.objects.get(is_active=True) == second
    assert not Taxonomy.objects.filter(is_next=True).exists()
    assert taxonomy_vectors.activate(taxonomy=first)  # encoded: at once
    assert Taxonomy.objects.get(is_active=True) == first


def test_the_database_refuses_two_active_taxonomies() -> None:
    first = apply(BEFORE, "first")
    second = apply(AFTER, "second", activate=False)
    for key, impossible in ((second.pk, {"is_active": True}), (first.pk, {"is_next": True})):
        with pytest.raises(IntegrityError), transaction.atomic():
            Taxonomy.objects.filter(pk=key).update(**impossible)


def test_an_interrupted_encoding_goes_on_where_it_stopped(
    encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxonomy_vectors, "CHUNK", 2)
    shop = apply(BEFORE)
    assert taxonomy_vectors.encode_missing(encoder=encoder, seconds=0) == 2
    progress = taxonomy_vectors.progress(taxonomy=shop, encoder=encoder.row)
    assert (progress.done, progress.total, progress.complete) == (2, 5, False)
    made = set(CategoryVector.objects.values_list("pk", flat=True))
    chunks: list[int] = []
    assert taxonomy_vectors.encode_missing(encoder=encoder, after_chunk=chunks.append) == 3
    assert chunks == [2, 1]
    assert made < set(CategoryVector.objects.values_list("pk", flat=True))
    assert CategoryVector.objects.count() == 5
    assert not taxonomy_vectors.has_work()


def test_the_task_loads_no_model_when_there_is_nothing_to_do(
    encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[int] = []

    def load() -> LoadedEncoder:
        loads.append(1)
        return encoder

    monkeypatch.setattr(tasks, "load_configured", load)
    tasks.encode_categories()
    assert loads == []
    apply(BEFORE)
    tasks.encode_categories()
    assert loads == [1]
    assert CategoryVector.objects.count() == 5


def test_retired_categories_are_not_encoded(encoder: LoadedEncoder) -> None:
    apply(BEFORE)
    apply(AFTER)
    assert taxonomy_vectors.encode_missing(encoder=encoder) == 6


def test_a_taxonomy_is_of_use_once_nine_tenths_have_a_vector(encoder: LoadedEncoder) -> None:
    rows = "\n".join(f"c{n},Thing {n}" for n in range(20))
    shop = apply(f"id,path\n{rows}\n")
    assert not taxonomy_vectors.usable(taxonomy=shop, encoder=encoder.row)
    taxonomy_vectors.encode_missing(encoder=encoder)
    CategoryVector.objects.filter(category__external_id__in=["c3", "c4"]).delete()
    assert taxonomy_vectors.usable(taxonomy=shop, encoder=encoder.row)
    built = scorer.build(taxonomy=shop, encoder=encoder.row)
    assert built is not None
    assert len(built.categories) == 18
    CategoryVector.objects.filter(category__external_id="c5").delete()
    assert scorer.build(taxonomy=shop, encoder=encoder.row) is None


def test_a_large_taxonomy_does_not_keep_photos_waiting(
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
    monkeypatch: pytest.MonkeyPatch,
    storefront: Storefront,
) -> None:
    monkeypatch.setattr(scorer, "AT_ONCE", 5)
    apply("id,path\nmug,Mug\nvase,Vase\n", "small")
    large = apply("id,path\n" + "\n".join(f"c{n},Thing {n}" for n in range(6)), "large")
    storefronts.choose_taxonomy(storefront=storefront, taxonomy=large)
    image = upload(picture("mug", 11, calm=True))
    assert process().done == 1
    assert not CategoryVector.objects.filter(category__taxonomy=large).exists()
    assert {each.category.taxonomy.slug for each in image.tags.all()} == {"small"}


def test_each_photo_is_tagged_against_its_storefronts_taxonomy(
    storefront: Storefront,
    other_storefront: Storefront,
    make_user: Callable[..., User],
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
) -> None:
    """One batch: a shop with another taxonomy, one that prunes, one that does neither."""
    third = Storefront.objects.create(name="Third shop", slug="third-shop")
    apply("id,path\nh,Home\nm,Home > Mug\nb,Bicycle\n", "default")
    special = apply("id,path\nc,Cup\nb,Bicycle\n", "special", activate=False)
    storefronts.choose_taxonomy(storefront=storefront, taxonomy=special)
    home = Category.objects.get(external_id="h")
    storefronts.prune(storefront=other_storefront, category=home, by=make_user("lea"))
    mug = picture("mug", 11, calm=True)
    own, pruned, plain = (upload(mug, to=each) for each in (storefront, other_storefront, third))
    assert process().done == 3
    assert [each.category.taxonomy for each in own.tags.all()] == [special] * own.tags.count()
    assert own.tags.get(rank=1).category.external_id == "c"
    assert {each.category.external_id for each in pruned.tags.all()} <= {"b"}
    assert plain.tags.get(rank=1).category.external_id == "m"
    if best := pruned.tags.first():  # alone in use, it has all the probability there is
        assert best.score == pytest.approx(1.0)


def test_a_tried_label_competes_with_what_the_storefront_uses(
    storefront: Storefront,
    make_user: Callable[..., User],
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
) -> None:
    apply("id,path\nm,Mug\nb,Bicycle\n")
    image = upload(picture("mug", 11, calm=True))
    process()
    before = labels.score_label(image=image, label="mug", encoder=encoder)
    assert before["best_category"] == "Mug"
    assert before["probability"] == pytest.approx(before["best_probability"], abs=0.01)
    mug = Category.objects.get(external_id="m")
    storefronts.prune(storefront=storefront, category=mug, by=make_user("lea"))
    image = Image.objects.get(pk=image.pk)
    after = labels.score_label(image=image, label="mug", encoder=encoder)
    assert after["best_category"] == "Bicycle"
    assert after["probability"] > before["probability"]


def test_pruning_is_once_and_can_be_taken_back(
    storefront: Storefront, make_user: Callable[..., User]
) -> None:
    shop = apply(BEFORE)
    fruit, mug = (shop.categories.get(external_id=each) for each in "fm")
    lea = make_user("lea")
    for _ in range(2):
        storefronts.prune(storefront=storefront, category=fruit, by=lea)
    assert StorefrontPrune.objects.get().pruned_by == lea
    storefronts.unprune(storefront=storefront, category=fruit)
    assert not StorefrontPrune.objects.exists()
    Category.objects.filter(pk=mug.pk).update(is_retired=True)
    mug.refresh_from_db()
    with pytest.raises(storefronts.PruneRefused, match="retired"):
        storefronts.prune(storefront=storefront, category=mug, by=lea)


def test_unchanged_taxonomies_cost_a_batch_one_query(encoder: LoadedEncoder) -> None:
    apply(BEFORE)
    kept = scorer.Scorers()
    kept.refresh(encoder)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        kept.refresh(encoder)
    assert len(queries) == 1


def test_the_command_reports_before_it_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my-shop.csv"
    file.write_text(BEFORE)
    call_command("load_taxonomy", str(file), "--dry-run")
    assert "added: 5" in capsys.readouterr().out
    assert not Taxonomy.objects.exists()
    call_command("load_taxonomy", str(file), "--name", "My shop", "--no-activate")
    assert "5 categories, not active." in capsys.readouterr().out
    assert Taxonomy.objects.get(slug="my-shop", name="My shop", is_active=False)
    file.write_text(AFTER)
    call_command("load_taxonomy", str(file))
    said = capsys.readouterr().out
    assert "renamed: 1\n  Fruit ▸ Apple → Fruit ▸ Apples\n" in said
    file.write_text("nothing")
    with pytest.raises(CommandError, match=r"my-shop.csv: This is not a taxonomy"):
        call_command("load_taxonomy", str(file))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="No such file"):
        taxonomy.load(path=tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "slug", "nodes"),
    [
        ("shopify_categories_2025-01.txt", "shopify", 10_595),
        ("google_taxonomy_with_ids.txt", "google", 5_595),
    ],
)
def test_the_public_taxonomies_import_in_full_and_twice(name: str, slug: str, nodes: int) -> None:
    path = PUBLIC / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: the public taxonomies lie beside the checkout.")
    with CaptureQueriesContext(connection) as queries:
        loaded = taxonomy.load(path=path)
    assert len(queries) < 60  # by the thousand, not one by one
    stood = everything()
    assert (loaded.slug, loaded.categories.count()) == (slug, nodes)
    taxonomy.load(path=path)
    assert everything() == stood
    positions = list(loaded.categories.order_by("position").values_list("position", flat=True))
    assert np.array_equal(positions, np.arange(nodes))
