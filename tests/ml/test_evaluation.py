"""Accuracy on labelled folders, against the same sums done by hand and by transformers."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from django.core.management import CommandError, call_command

from catalog import evaluation, labelled_photos
from catalog.ml import calibration, scoring
from catalog.ml.encoder import DualEncoder, load
from catalog.ml.mini.split import held_out

from . import pictures
from .test_encoder import Reference

TEMPLATES = scoring.TemplateSet("test", ("a photo of {label}", "{label} on a shelf"))
LABELS = {
    "clothing/red-shirt": 5,
    "clothing/hat": 4,
    "clothing/dress/blue_dress": 3,
    "food/fruit/apple": 4,
    "food/juice/apple": 3,  # reads like the one above: one class, two rows
    "food/milk": 2,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Drawn photos in folders named by label, and files that are none."""
    seed = 0
    for label, count in LABELS.items():
        (tmp_path / label).mkdir(parents=True)
        for number in range(count):
            seed += 1
            data = pictures.jpeg(pictures.scene(seed, 90, 80))
            (tmp_path / label / f"{number}.jpg").write_bytes(data)
    (tmp_path / "README.md").write_text("not a photo")
    (tmp_path / "stray.jpg").write_bytes(pictures.jpeg(pictures.scene(1, 90, 80)))
    (tmp_path / "food" / ".hidden").mkdir()
    (tmp_path / "food" / ".hidden" / "x.jpg").write_bytes(b"")
    return tmp_path


@pytest.fixture(scope="module")
def encoder(clip_checkpoint: Path) -> DualEncoder:
    return load(str(clip_checkpoint), device="cpu", dtype="float32")


def run(folder: Path, encoder: DualEncoder) -> evaluation.Report:
    photos = labelled_photos.find_photos(folder)
    return evaluation.evaluate(
        folder,
        encoder=encoder,
        templates=TEMPLATES,
        photos=photos,
        classes=labelled_photos.class_names(photos),
    )


def test_folders_become_groups_labels_and_classes(folder: Path) -> None:
    photos = labelled_photos.find_photos(folder)
    assert len(photos) == sum(LABELS.values())
    assert {f"{photo.group}/{photo.label}" for photo in photos} == set(LABELS)
    assert labelled_photos.class_names(photos) == [
        "apple",
        "blue dress",
        "hat",
        "milk",
        "red shirt",
    ]
    assert photos[0].path == "clothing/dress/blue_dress/0.jpg"
    loose = labelled_photos.Photo("hats/1.jpg", "hats", "")
    assert loose.class_name == "hats"


def test_report_is_what_transformers_gives(
    folder: Path, encoder: DualEncoder, clip_checkpoint: Path
) -> None:
    """The whole sum again, through the reference model and in plain loops."""
    report = run(folder, encoder)
    photos = labelled_photos.find_photos(folder)
    classes = ["apple", "blue dress", "hat", "milk", "red shirt"]
    reference = Reference(clip_checkpoint)
    files = [(folder / photo.path).read_bytes() for photo in photos]
    vectors = reference.logits(files)[0]
    rows = []
    for name in classes:
        prompts = [f"a photo of {name}", f"{name} on a shelf"]
        tokens = reference.tokenizer(prompts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            found = reference.model.get_text_features(**tokens).pooler_output.numpy()
        mean = (found / np.linalg.norm(found, axis=1, keepdims=True)).mean(0)
        rows.append(mean / np.linalg.norm(mean))
    scores = vectors @ np.stack(rows).T
    hits: dict[str, list[bool]] = {"clothing": [], "food": []}
    wrong: dict[tuple[str, str], int] = {}
    for photo, row in zip(photos, scores, strict=True):
        right = photo.label.split("/")[-1].replace("-", " ").replace("_", " ")
        best = classes[int(row.argmax())]
        hits[photo.group].append(best == right)
        if best != right:
            wrong[right, best] = wrong.get((right, best), 0) + 1
    assert 0 < sum(map(sum, hits.values())) < len(photos)  # neither all nor nothing
    for group, found in hits.items():
        assert report.groups[group].images == len(found)
        assert report.groups[group].top1 == pytest.approx(sum(found) / len(found))
        assert report.groups[group].top5 == 1.0  # there are only five classes
    assert {(right, best): count for right, best, count in report.confusions} == wrong
    assert [count for *_, count in report.confusions] == sorted(wrong.values(), reverse=True)
    assert report.classes == 5


def test_labels_that_read_alike_share_a_class_and_keep_their_rows(
    folder: Path, encoder: DualEncoder
) -> None:
    report = run(folder, encoder)
    assert report.labels["food", "fruit/apple"].images == 4
    assert report.labels["food", "juice/apple"].images == 3
    assert not [pair for pair in report.confusions if pair[0] == pair[1]]


def test_measures_are_those_of_the_photos_scores(folder: Path, encoder: DualEncoder) -> None:
    """From the scores themselves, in plain loops."""
    report = run(folder, encoder)
    photos = labelled_photos.find_photos(folder)
    classes = labelled_photos.class_names(photos)
    read, vectors, _ = labelled_photos.embed(folder, encoder=encoder, photos=photos)
    logits = encoder.logit_scale * (
        vectors @ labelled_photos.class_vectors(encoder, classes, TEMPLATES).T
    ).astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for at, name in enumerate(classes):
        ranked = sorted(zip(-shares[:, at], read, strict=True), key=lambda pair: pair[0])
        hits = [photo.class_name == name for _, photo in ranked]
        places = [place for place, hit in enumerate(hits) if hit]
        expected = np.mean([sum(hits[: place + 1]) / (place + 1) for place in places])
        assert report.precisions[name] == pytest.approx(expected)
    assert report.mean_precision == pytest.approx(np.mean(list(report.precisions.values())))
    right = [
        classes[best] == photo.class_name
        for best, photo in zip(shares.argmax(1), read, strict=True)
    ]
    found = calibration.reliability(shares.max(axis=1), right)
    assert [(each.count, each.accuracy) for each in report.reliability] == [
        (each.count, each.accuracy) for each in found
    ]
    assert report.calibration_error == pytest.approx(calibration.expected_error(found))
    assert [each.confidence for each in report.mistakes] == pytest.approx(
        sorted(shares.max(axis=1)[~np.array(right)], reverse=True)
    )
    warm = evaluation.evaluate(
        folder,
        encoder=encoder,
        templates=TEMPLATES,
        photos=photos,
        classes=classes,
        temperature=50.0,
    )
    assert warm.overall == report.overall
    assert warm.confidence == pytest.approx(0.2, abs=0.02)  # five labels, hardly told apart
    with pytest.raises(ValueError, match="above 0"):
        evaluation.evaluate(
            folder,
            encoder=encoder,
            templates=TEMPLATES,
            photos=photos,
            classes=classes,
            temperature=0,
        )


class Pointing:
    """An encoder whose photos' vectors are given, for answers that are known beforehand."""

    name, scoring, logit_scale, logit_bias = "pointing", "softmax", 10.0, 0.0

    def __init__(self, classes: list[str], answers: dict[bytes, str]) -> None:
        self.classes, self.answers = classes, answers

    def decode(self, data: bytes) -> np.ndarray:
        return np.array([self.classes.index(self.answers[data])], dtype=np.uint8)

    def encode_images(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return np.eye(len(self.classes), dtype=np.float32)[[each[0] for each in pixels]]

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(len(self.classes), dtype=np.float32)[[self.classes.index(t) for t in texts]]


def test_the_folders_are_the_tree_of_hierarchical_measures(tmp_path: Path) -> None:
    answers = {
        "food/fruit/apple/1.jpg": "pear",  # shares food and fruit: 2 of 3, 2 of 3
        "food/fruit/pear/1.jpg": "milk",  # shares food: 1 of 2, 1 of 3
        "food/milk/1.jpg": "milk",  # 2 of 2, 2 of 2
        "hats/1.jpg": "apple",  # another branch: 0 of 3, 0 of 1
    }
    for path in answers:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(path.encode())
    classes = ["apple", "hats", "milk", "pear"]
    pointing = Pointing(classes, {path.encode(): name for path, name in answers.items()})
    report = evaluation.evaluate(
        tmp_path,
        encoder=pointing,
        templates=scoring.TemplateSet("bare", ("{label}",)),
        photos=labelled_photos.find_photos(tmp_path),
        classes=classes,
    )
    assert report.hierarchical.precision == pytest.approx(5 / 10)
    assert report.hierarchical.recall == pytest.approx(5 / 9)
    assert report.overall.top1 == 0.25
    assert report.groups["food"].top1 == pytest.approx(1 / 3)


def test_unreadable_photos_are_named_and_left_out(folder: Path, encoder: DualEncoder) -> None:
    (folder / "food/milk/0.jpg").write_bytes(b"")
    whole = (folder / "clothing/hat/1.jpg").read_bytes()
    (folder / "clothing/hat/1.jpg").write_bytes(whole[: len(whole) // 2])
    report = run(folder, encoder)
    assert [path for path, _ in report.unreadable] == ["clothing/hat/1.jpg", "food/milk/0.jpg"]
    assert all(reason.endswith(".") for _, reason in report.unreadable)
    assert report.labels["food", "milk"].images == 1
    assert sum(tally.images for tally in report.groups.values()) == sum(LABELS.values()) - 2


def test_limit_spreads_over_the_labels(folder: Path) -> None:
    photos = labelled_photos.find_photos(folder)
    some = labelled_photos.spread(photos, 7)
    assert len({photo.path for photo in some}) == 7
    assert {photo.group for photo in some} == {"clothing", "food"}
    assert labelled_photos.spread(photos, None) == labelled_photos.spread(photos, 999) == photos
    with pytest.raises(ValueError, match="at least 1"):
        labelled_photos.spread(photos, 0)


def test_progress_counts_every_photo_once(folder: Path, encoder: DualEncoder) -> None:
    (folder / "food/milk/0.jpg").write_bytes(b"")
    done: list[int] = []
    photos = labelled_photos.find_photos(folder) * 4
    evaluation.evaluate(
        folder,
        encoder=encoder,
        templates=TEMPLATES,
        photos=photos,
        classes=labelled_photos.class_names(photos),
        progress=done.append,
    )
    assert sum(done) == len(photos)


def test_folders_without_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no labelled photos"):
        labelled_photos.find_photos(tmp_path)
    with pytest.raises(ValueError, match="no folder"):
        labelled_photos.find_photos(tmp_path / "missing")


def command(settings: Any, encoder: Path | str, *arguments: object) -> tuple[str, str]:
    """What ``manage.py evaluate`` writes to standard output and to standard error."""
    settings.VITRINE_ENCODER = str(encoder)
    out, err = io.StringIO(), io.StringIO()
    call_command("evaluate", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_command_prints_json_as_its_last_line(
    folder: Path, clip_checkpoint: Path, settings: Any
) -> None:
    (folder / "food/milk/0.jpg").write_bytes(b"")
    out, err = command(settings, clip_checkpoint, folder, "--json")
    result = json.loads(out.splitlines()[-1])
    assert set(result) == {
        "encoder",
        "classes",
        "overall",
        "groups",
        "labels",
        "average_precision",
        "confusions",
        "reliability",
    }
    assert {name: set(group) for name, group in result["groups"].items()} == {
        "clothing": {"images", "top1", "top5"},
        "food": {"images", "top1", "top5"},
    }
    assert result["groups"]["clothing"]["images"] == 12
    assert result["overall"]["images"] == 20
    assert result["overall"]["unreadable"] == 1
    assert set(result["overall"]["hierarchical"]) == {"precision", "recall", "f1"}
    assert result["labels"]["food/juice/apple"]["images"] == 3
    assert sum(each["count"] for each in result["reliability"]) == 20
    for words in ("Each label", "food/juice/apple", "Most frequent confusions"):
        assert words in out
    assert "Left out food/milk/0.jpg: The file is empty" in err


def test_command_writes_a_report_that_needs_nothing_else(
    folder: Path, clip_checkpoint: Path, settings: Any, tmp_path: Path
) -> None:
    (folder / "food/<b>rye & oats").mkdir()
    for number in range(3):
        data = pictures.jpeg(pictures.scene(200 + number, 90, 80))
        (folder / f"food/<b>rye & oats/{number}.jpg").write_bytes(data)
    path = tmp_path / "report.html"
    out, _ = command(settings, clip_checkpoint, folder, "--html", path, "--temperature", "2.5")
    assert f"Written: {path}" in out
    html = path.read_text("utf-8")
    assert re.findall(r'(?:src|href)="(?!data:)|https?:|<script|<link|url\(', html) == []
    assert "logits divided by 2.5" in html
    assert "food/juice/apple" in html
    assert "&lt;b&gt;rye &amp; oats" in html
    assert "<b>rye" not in html
    sources = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)"', html)
    assert 0 < len(sources) <= 24
    with PIL.Image.open(io.BytesIO(base64.b64decode(sources[0]))) as picture:
        assert picture.size == (90, 80)
    assert html.count('class="dot"') >= 1
    with pytest.raises(CommandError, match="There is no folder"):
        command(settings, clip_checkpoint, folder, "--html", tmp_path / "no" / "report.html")


def test_command_held_out_takes_only_what_training_never_saw(
    folder: Path, clip_checkpoint: Path, settings: Any
) -> None:
    for number in range(100, 160):
        data = pictures.jpeg(pictures.scene(number, 60, 60))
        (folder / "clothing/hat" / f"{number}.jpg").write_bytes(data)
    kept = held_out([photo.path for photo in labelled_photos.find_photos(folder)])
    assert 0 < len(kept) < 40
    out, _ = command(settings, clip_checkpoint, folder, "--json", "--held-out")
    groups = json.loads(out.splitlines()[-1])["groups"]
    assert sum(group["images"] for group in groups.values()) == len(kept)


def test_command_explains_what_is_wrong(folder: Path, tmp_path: Path, settings: Any) -> None:
    with pytest.raises(CommandError, match="There is no folder /no/such/model"):
        command(settings, "/no/such/model", folder)
    with pytest.raises(CommandError, match="There is no folder"):
        command(settings, "/no/such/model", tmp_path / "missing")
