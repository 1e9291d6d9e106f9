"""Calibrating as a command: by labelled photos and by verdicts."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog import scorer, taxonomy, taxonomy_vectors
from catalog.encoders import LoadedEncoder, load_configured
from catalog.models import Calibration, Taxonomy
from tests.conftest import Picture

KINDS = ("mug", "chair", "guitar", "teapot")
TREE = """slug: things
name: Things
version: 1
categories:
  - id: kitchen
    name: Kitchen things
    children:
      - {id: mug, name: Mug}
      - {id: teapot, name: Teapot}
  - {id: chair, name: Chair}
  - {id: guitar, name: Guitar}
"""


@pytest.fixture(autouse=True)
def fresh() -> None:
    """What a process keeps of the encoder's row is of the test before."""
    load_configured.cache_clear()


@pytest.fixture
def things(tmp_path: Path, encoder: LoadedEncoder) -> Taxonomy:
    file = tmp_path / "things.yaml"
    file.write_text(TREE, "utf-8")
    loaded = taxonomy.load(path=file)
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=loaded)
    return loaded


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    """Sixty photos that are easy to name, of which every fourth is in the wrong folder: whoever is
    sure of all of them is too sure."""
    root = tmp_path / "photos"
    for number in range(60):
        right = KINDS[number % 4]
        label = KINDS[(number + 1) % 4] if number % 16 < 4 else right
        (root / "shop" / label).mkdir(parents=True, exist_ok=True)
        data = picture(right, seed=number, size=64, calm=True)
        (root / "shop" / label / f"{number}.jpg").write_bytes(data)
    return root


def command(*arguments: object) -> str:
    out = io.StringIO()
    call_command("calibrate", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_photos_make_shown_probabilities_more_honest(
    folder: Path, things: Taxonomy, encoder: LoadedEncoder
) -> None:
    said = command("--photos", folder, "--all", "--dry-run")
    assert "60 photos; expected calibration error" in said
    assert "In force" not in said
    assert not Calibration.objects.exists()

    said = command("--photos", folder, "--all", "--taxonomy", "things")
    assert f"In force for {things} from the next photo on." in said
    row = Calibration.objects.get()
    assert (row.taxonomy, row.encoder, row.photos) == (things, encoder.row, 60)
    assert row.temperature > 1  # it was too sure
    assert row.error_after < row.error_before
    assert f"{row.error_before:.3f} before, {row.error_after:.3f} after" in said
    built = scorer.build(taxonomy=things, encoder=encoder.row)
    assert built is not None
    assert (built.temperature, built.calibration_id) == (row.temperature, row.pk)

    # Fitted to what the checkpoint says and not to what was made of it: again is the same.
    command("--photos", folder, "--all")
    assert [each.temperature for each in Calibration.objects.all()] == [row.temperature] * 2


@pytest.mark.django_db
def test_photos_the_bundled_model_was_trained_on_do_not_count(
    folder: Path, things: Taxonomy
) -> None:
    with pytest.raises(CommandError, match=r"There are \d photos with a known category; 50 are"):
        command("--photos", folder)
    assert not Calibration.objects.exists()


@pytest.mark.django_db
def test_what_is_wrong_is_explained(tmp_path: Path, things: Taxonomy) -> None:
    with pytest.raises(CommandError, match="There are 0 photos with a known category"):
        command()
    with pytest.raises(CommandError, match="There is no such taxonomy"):
        command("--taxonomy", "nonesuch")
    with pytest.raises(CommandError, match="There is no folder"):
        command("--photos", tmp_path / "missing")
