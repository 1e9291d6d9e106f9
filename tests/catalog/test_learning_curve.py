"""The learning curve as a command, among labels and in a taxonomy."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog import label_mapping, taxonomy_vectors
from catalog.encoders import LoadedEncoder
from catalog.ml.mini.split import is_held_out
from catalog.models import CategoryHead, CategoryVector, Taxonomy
from tests.conftest import Picture

SHOPIFY = Path(__file__).parents[3] / "shared/taxonomies/shopify_categories_2025-01.txt"

LABELS = {"shop/M1": "mug", "shop/L2": "chair", "shop/other": "football"}
MAPPING = """label,category,note
shop/M1,Groceries > Fruit > Lemon,not what it is: the words alone cannot know
shop/L2,banana,
"""


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    """Drawn photos under names that say nothing: 10 of each that training never sees, and 4."""
    root = tmp_path / "photos"
    for label, drawn in LABELS.items():
        (root / label).mkdir(parents=True)
        names = [f"{label}/{number}.jpg" for number in range(300)]
        unseen = [name for name in names if is_held_out(name)][:10]
        for number, name in enumerate([*unseen, *(set(names[:9]) - set(unseen))][:14]):
            (root / name).write_bytes(picture(drawn, seed=number, size=64, calm=True))
    return root


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    file = tmp_path / "labels.csv"
    file.write_text(MAPPING, "utf-8")
    return file


@pytest.fixture
def encoded(encoder: LoadedEncoder, starter: Taxonomy) -> Taxonomy:
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=starter)
    return starter


def command(*arguments: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("learning_curve", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_among_its_own_labels_it_needs_no_taxonomy(folder: Path) -> None:
    out, err = command(folder, "--json", "--seeds", 2)
    assert err == ""
    curves = json.loads(out.splitlines()[-1])
    assert list(curves) == [
        "never seen",
        "all photos",
        "never seen, words unknown",
        "all photos, words unknown",
    ]
    for points in curves.values():
        assert [point["shots"] for point in points] == [0, 1, 2, 4, 8, 16]
        assert points[5]["top1"] > 0.9  # three calm drawings, whatever they are called
        assert "f1" not in points[0]
    assert "never seen: against 3" in out


def test_in_a_taxonomy_every_category_is_an_answer(
    folder: Path, mapping: Path, encoded: Taxonomy
) -> None:
    before = list(CategoryVector.objects.order_by("pk").values_list("pk", "created_at"))
    out, err = command(
        folder, "--taxonomy", "starter", "--mapping", mapping, "--json", "--seeds", 2
    )
    assert err == "Left out shop/other: the mapping has no line for it.\n"
    categories = encoded.categories.filter(is_retired=False).count()
    assert f"never seen: against {categories}" in out
    curves = json.loads(out.splitlines()[-1])
    assert list(curves) == [
        "never seen",
        "never seen, trained ones confirmed",
        "never seen, of categories nobody confirmed",
    ]
    points = curves["never seen"]
    assert points[0]["top1"] == 0.0  # mugs are no lemons, and chairs no bananas
    assert points[5]["top1"] > 0.9  # here they are
    assert points[5]["f1"] > 0.9
    # Measuring teaches nothing.
    assert not CategoryHead.objects.exists()
    assert list(CategoryVector.objects.order_by("pk").values_list("pk", "created_at")) == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("shop/M1,Groceries > Fruit > Snow", "line 2: the taxonomy has no category “Groceries"),
        ("shop/M1,", "line 2: the taxonomy has no category “”"),
        ("shop/M1,banana\nshop/M1,banana", "line 3: shop/M1 is there twice"),
    ],
)
def test_a_mapping_that_does_not_fit_is_explained(line: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"label,category\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=says):
        label_mapping.read(file, index={"banana": 0, "Groceries > Fruit > Banana": 0})


def test_a_category_is_named_by_its_id_or_its_path(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "note,category,label\n,banana,a\n,Groceries>Fruit > Banana,b/c\n,Groceries ▸ Fruit,d\n",
        "utf-8-sig",
    )
    index = {"banana": 7, "Groceries > Fruit > Banana": 7, "Groceries > Fruit": 3}
    assert label_mapping.read(file, index=index) == {"a": 7, "b/c": 7, "d": 3}


def test_what_is_wrong_is_explained(
    folder: Path, mapping: Path, tmp_path: Path, starter: Taxonomy, encoder: LoadedEncoder
) -> None:
    with pytest.raises(CommandError, match="belong together"):
        command(folder, "--taxonomy", "starter")
    with pytest.raises(CommandError, match="There is no taxonomy “nonesuch”"):
        command(folder, "--taxonomy", "nonesuch", "--mapping", mapping)
    with pytest.raises(CommandError, match=r"not encoded yet. Run encode_taxonomy --slug starter"):
        command(folder, "--taxonomy", "starter", "--mapping", mapping)
    with pytest.raises(CommandError, match="at least 1"):
        command(folder, "--seeds", 0)
    for text, says in ((None, "cannot be read"), ("a,b\n1,2\n", "columns label and category")):
        file = tmp_path / "other.csv"
        if text:
            file.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=says):
            label_mapping.read(file, index={})


def test_the_mapping_that_is_measured_with_fits_the_taxonomy_it_names() -> None:
    """Every label once, every category by id and path, without importing 10,595 of them."""
    file = Path(__file__).parents[2] / "benchmarks" / "labels_shopify.csv"
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    assert len({row["label"] for row in rows}) == len(rows) == 98
    assert len({row["category"] for row in rows}) == len({row["path"] for row in rows}) == 56
    if not SHOPIFY.exists():
        pytest.skip(f"{SHOPIFY} is not there, so paths cannot be compared with it.")
    known = dict(
        line.split(" : ", 1)
        for line in SHOPIFY.read_text("utf-8").splitlines()
        if line.startswith("gid://")
    )
    paths = {key.strip(): path.strip() for key, path in known.items()}
    assert [paths[row["category"]] for row in rows] == [row["path"] for row in rows]
