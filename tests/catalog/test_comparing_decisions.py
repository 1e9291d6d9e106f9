"""Ways of deciding compared, in small and worked out by hand; and the command."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from catalog import comparing_decisions as compared
from catalog.comparing_decisions import KEPT, WAYS, Figures, Labelled
from catalog.ml.tree import Tree
from tests.conftest import picture_of

# 0 Fruit: 1 Apple, 2 Pear; 3 Mug
TREE = Tree([None, 0, 0, None])


def labelled(logits: list[list[float]], truth: list[int]) -> Labelled:
    half = np.arange(len(truth)) % 2 == 0
    return Labelled(TREE, np.array(logits), np.array(truth), half)


def test_figures_count_levels_and_what_lies_below_a_label_counts_as_it() -> None:
    found = compared.figures(np.array([1, 0, 3, -1, 2]), np.array([1, 1, 1, 3, 0]), TREE)
    # Right; right but coarse; wrong; none; below the label.
    assert found == Figures(
        answered=0.8,
        top1=0.4,
        precise=0.75,
        precision=pytest.approx(4 / 5),
        recall=pytest.approx(4 / 8),
        f1=pytest.approx(2 * 0.8 * 0.5 / 1.3),
    )


def test_each_way_answers_as_its_name_says() -> None:
    own = np.array([[0.1, 0.28, 0.27, 0.35]])
    answers = {
        way.name: int(way.choose(own, TREE.sums(own), TREE, np.full(4, 0.3))[0]) for way in WAYS
    }
    assert answers == {
        "flat: the best of all nodes": 3,
        "leaves only": 3,
        "leaves, else the deepest node; sums": 3,
        "down the tree, sums": 0,  # some fruit, more likely than a mug
        "down the tree, means": 0,
        "down the tree, sums ÷ √size": 0,
    }
    nothing = np.full(4, 0.99)
    assert all(way.choose(own, TREE.sums(own), TREE, nothing)[0] == -1 for way in WAYS)


def test_thresholds_are_chosen_on_one_half_and_judged_on_the_other() -> None:
    sure, unsure = [0.0, 9.0, 0.0, 0.0], [0.0, 0.6, 0.5, 0.0]
    data = labelled([sure, sure, unsure, unsure] * 6, [1, 1, 2, 2] * 6)
    rows = compared.compare(data, precision=1.0, coverage=0.5, ways=[KEPT])
    assert [row.aim for row in rows] == ["best F1", "100% precise", "50% answered"]
    precise = rows[1].figures
    assert (precise.answered, precise.precise, precise.top1) == (1.0, 1.0, 0.5)
    low, high = rows[1].thresholds
    assert low == high == pytest.approx(0.52)  # the halves are the same
    assert len(data.kept) == 2


def test_learned_thresholds_come_from_the_other_half() -> None:
    mug_for_pear = [0.0, 0.0, 2.0, 2.4]
    data = labelled([mug_for_pear] * 24, [2] * 24)
    without = compared.compare(data, precision=0.8, coverage=1.0, ways=[KEPT])[-1]
    assert without.figures.top1 == 0
    row = compared.with_learned(data, precision=0.8)
    assert row.figures.top1 == 1  # Mug is hard to reach by now
    assert row.way == "down the tree, sums ÷ √size, learned thresholds"


def test_levels_are_as_sure_as_they_are_right() -> None:
    certain = [[0.0, 40.0, 0.0, 0.0], [0.0, 0.0, 0.0, 40.0]] * 8
    assert compared.level_error(labelled(certain, [1, 3] * 8)) == pytest.approx(0, abs=1e-6)
    assert compared.level_error(labelled(certain, [3, 1] * 8)) > 0.4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("photos")
    for kind in ("mug", "teapot"):
        label = made / "shop" / kind
        label.mkdir(parents=True)
        for seed in range(6):
            (label / f"{seed}.jpg").write_bytes(picture_of(kind, seed, calm=True))
    return made


def run(folder: Path, *options: str) -> str:
    out = StringIO()
    call_command("compare_decisions", str(folder), "--all", *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_prints_every_way_at_every_aim(folder: Path) -> None:
    result = json.loads(run(folder, "--json"))
    assert (result["photos"], result["nodes"], result["encoder"]) == (12, 180, "vitrine-mini")
    assert len(result["rows"]) == 3 * len(WAYS) + 1 + 3
    assert {row["aim"] for row in result["rows"]} == {"best F1", "85% precise", "90% answered"}
    best = next(row for row in result["rows"] if row["way"] == KEPT.name)
    assert best["figures"]["top1"] >= 0.5  # drawn pictures it was trained on
    assert 0 <= result["level_error"] <= 1


def test_a_mapping_leads_labels_to_another_tree(folder: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree.csv"
    tree.write_text("id,name,parent\nk,Kitchen,\nm,Mugs,k\np,Pots,\nt,Teapots,p\n")
    mapping = tmp_path / "labels.csv"
    mapping.write_text("label,category\nshop/mug,m\nshop/teapot,t\n")
    page = run(folder, "--taxonomy", str(tree), "--mapping", str(mapping))
    assert "12 photos, 4 categories" in page
    assert "down the tree" in page
    with pytest.raises(CommandError, match="No label of these photos is a category"):
        run(folder, "--taxonomy", str(tree))
    mapping.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="needs the columns label and category"):
        run(folder, "--taxonomy", str(tree), "--mapping", str(mapping))


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--precision", "1.5"], "is a share"), (["--taxonomy", "/nowhere"], "No such file")],
)
def test_what_cannot_be_compared_is_explained(folder: Path, options: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(folder, *options)
    with pytest.raises(CommandError, match="There is no folder"):
        run(folder / "none")
