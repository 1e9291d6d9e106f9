"""The measured example: a recalled product among others, in memory and from the command line."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from moderation import measuring
from moderation.curves import Suggestion, Tally
from moderation.measuring import Judgement, Measured, plan
from tests.conftest import Picture

PATHS = [f"shop/{'mug' if n < 12 else 'other'}/{n}.jpg" for n in range(60)]
PRODUCT = np.array([n < 12 for n in range(60)])


def test_nobody_plays_two_parts() -> None:
    given = plan(PATHS, PRODUCT, exemplars=3, seed=1)
    chosen = np.zeros(60, dtype=bool)
    chosen[given.exemplars] = True
    assert (chosen.sum(), chosen[PRODUCT].sum()) == (3, 3)
    together = chosen.astype(int) + given.decided + given.judged
    assert together.tolist() == [1] * 60
    halves = [int((half & PRODUCT).sum()) for half in (given.decided, given.judged)]
    assert halves == [5, 4], "the product's photos take turns"


def test_the_division_depends_on_the_seed_and_on_nothing_else() -> None:
    first, again = (plan(PATHS, PRODUCT, exemplars=3, seed=1) for _ in range(2))
    assert first.exemplars.tolist() == again.exemplars.tolist()
    assert first.decided.tolist() == again.decided.tolist()
    other = plan(PATHS, PRODUCT, exemplars=3, seed=2)
    assert other.decided.tolist() != first.decided.tolist()
    without_last = plan(PATHS[:-1], PRODUCT[:-1], exemplars=3, seed=1)
    assert without_last.decided.tolist() == first.decided[:-1].tolist()


@pytest.mark.parametrize(
    ("exemplars", "why"), [(9, "12 photos are too few: 9 would be exemplars"), (0, "at least one")]
)
def test_too_few_photos_are_refused(exemplars: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan(PATHS, PRODUCT, exemplars=exemplars, seed=1)


def measured(product: list[float], *, alike: list[float]) -> Measured:
    """Exemplar (1, 0, 0); two products and two look-alikes in each half, and something else."""
    rows = [[1.0, 0, 0], *[product] * 4, *[alike] * 4, [0, 0, 1.0], [0, 0, 1.0]]
    vectors = np.array(rows, dtype=np.float32)
    marks = np.arange(11)
    given = measuring.Plan(
        exemplars=np.array([0]),
        product=marks < 5,
        decided=np.isin(marks, [1, 2, 5, 6, 9]),
        judged=np.isin(marks, [3, 4, 7, 8, 10]),
    )
    return measuring.measure("mug", vectors, given, unseen=marks == 4, safe_exemplars=2)


def test_a_safe_bank_spares_what_looks_like_its_exemplars() -> None:
    # The look-alike is as near to the exemplar as the product is, but nearer to its like.
    found = measured([0.8, 0.6, 0], alike=[0.8, 0, 0.6])
    assert found.without.threshold == 0.4
    assert found.without.judged == Tally(caught=2, false_alarms=2, missed=0, spared=1)
    assert found.without.unseen == Tally(1, 0, 0, 0)
    assert found.safe_exemplars == 2
    assert found.safe.judged == Tally(caught=2, false_alarms=0, missed=0, spared=3)


def test_a_safe_bank_may_spare_the_product_as_well() -> None:
    # 0.9 × 0.8 + 0.436 × 0.6 = 0.98: nearer to the safe exemplars than to the product's (0.8).
    found = measured([0.8, 0.6, 0], alike=[0.9, 0.436, 0])
    assert found.safe.threshold == found.without.threshold, "there is nothing to suggest by"
    assert found.safe.judged == Tally(caught=0, false_alarms=0, missed=2, spared=3)


def test_counts_of_several_products_are_added_up() -> None:
    def one(threshold: float, *counts: int) -> Measured:
        found = Tally(*counts)
        judged = Judgement(threshold, Suggestion(threshold, found), found, Tally(1, 0, 0, 0))
        return Measured("x", 10, 5, 20, judged, judged)

    found = measuring.pool(
        "all", [one(0.5, 1, 2, 3, 4), one(0.7, 5, 6, 7, 8), one(0.9, 0, 0, 1, 1)]
    )
    assert (found.label, found.photos, found.exemplars, found.safe_exemplars) == ("all", 30, 15, 60)
    assert found.without.threshold == 0.7
    assert found.without.judged == Tally(6, 8, 11, 13)
    assert found.safe.unseen == Tally(3, 0, 0, 0)


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    """Nine drawn mugs, nine drawn handguns, one file that is no picture."""
    for kind in ("mug", "handgun"):
        (tmp_path / "drawn" / kind).mkdir(parents=True)
        for n in range(9):
            data = picture(kind, n, size=96, calm=True)
            (tmp_path / "drawn" / kind / f"{n}.jpg").write_bytes(data)
    (tmp_path / "drawn" / "mug" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("measure_bank", f"--photos={folder}", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_measures_and_prints(folder: Path) -> None:
    out, err = run(
        folder, "--label=drawn/mug", "--pool=drawn", "--exemplars=3", "--safe=2", "--json"
    )
    assert "drawn/mug" in out
    assert "Left out drawn/mug/broken.jpg" in err
    result = json.loads(out.strip().splitlines()[-1])
    assert (result["encoder"], result["photos"]) == ("vitrine-mini", 18)
    mugs, pooled = result["measured"]
    assert (mugs["label"], mugs["photos"], mugs["exemplars"]) == ("drawn/mug", 9, 3)
    assert mugs["without"]["judged"]["recall"]["trials"] == 3
    assert (pooled["label"], pooled["photos"]) == ("all 2 of drawn", 18)
    assert pooled["without"]["judged"]["recall"]["trials"] == 6
    assert (
        run(folder, "--label=drawn/mug", "--exemplars=3", "--json")[0]
        == (run(folder, "--label=drawn/mug", "--exemplars=3", "--json")[0])
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Name a product with --label"),
        (["--label=drawn/hat"], "No photo is labelled drawn/hat"),
        (["--pool=food"], "There is no group food"),
        (["--label=drawn/mug", "--exemplars=9"], "drawn/mug: 9 photos are too few"),
    ],
)
def test_the_command_says_what_is_wrong(folder: Path, arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(folder, *arguments)


def test_no_folder_no_figures(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        run(tmp_path / "none", "--label=a/b")
