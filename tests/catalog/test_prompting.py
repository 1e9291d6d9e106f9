"""The prompt lab: what is refused, what is scored, what is downloaded, and who may."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from catalog import asking, prompting
from catalog.encoders import LoadedEncoder
from catalog.intervals import paired_difference
from catalog.ml.scoring import ensemble, load_templates, probabilities
from catalog.models import Embedding, Image, QueryVector
from catalog.prompting import TrialRefused
from tests.conftest import Picture
from tests.pages import SignIn
from tests.test_pages import assert_nothing_inline

pytestmark = pytest.mark.django_db

LAB = "/prompt-lab/"
A, B = ["a photo of {label}", "{label} on a table"], ["a drawing of {label}"]


@pytest.fixture
def mug(
    encoder: LoadedEncoder,
    starter: object,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], object],
) -> Image:
    image = upload(picture("mug", calm=True), filename="mug.jpg")
    process()
    return image


@pytest.fixture
def worker(encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An interactive worker in this process; the messages it got."""
    messages: list[list[str]] = []

    def ask(task: str, texts: list[str]) -> None:
        assert task == prompting.ENCODE
        messages.append(texts)
        prompting.encode(texts=texts, encoder=encoder)

    monkeypatch.setattr(asking, "ask", ask)
    return messages


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labels": []}, "at least one label"),
        ({"labels": [f"l{n}" for n in range(51)]}, "51 labels are too many: up to 50."),
        ({"labels": ["x" * 201]}, "more than 200 letters"),
        ({"sets": [["a photo"]]}, "“a photo” must contain {label} exactly once."),
        ({"sets": [["{label} {label}"]]}, "exactly once"),
        ({"sets": [[]]}, "at least one template"),
        ({"sets": [[f"{n} {{label}}" for n in range(21)]]}, "21 templates are too many"),
        ({"photos": []}, "at least one photo"),
        ({"photos": [uuid.uuid4() for _ in range(25)]}, "25 photos are too many"),
    ],
)
def test_what_cannot_be_tried_is_named(changed: dict, said: str) -> None:
    typed = {"labels": ["mug"], "sets": [A], "photos": [uuid.uuid4()]} | changed
    with pytest.raises(TrialRefused, match="") as refused:
        prompting.trial(**typed)
    assert any(said in problem for problem in refused.value.problems)


def test_lines_are_cleaned() -> None:
    assert prompting.lines(" a  mug \r\n\n\x00bowl\na mug\n") == ["a mug", "bowl"]


def test_scores_are_the_pipelines_own(
    mug: Image, encoder: LoadedEncoder, worker: list[list[str]]
) -> None:
    trial = prompting.trial(labels=["Mug", "handgun"], sets=[A, B], photos=[mug.pk])
    outcome = prompting.score(trial)
    vector = np.array(Embedding.objects.get().vector, dtype=np.float32)
    for scored, templates in zip(outcome.scored, (A, B), strict=True):
        texts = [
            ensemble(encoder.runtime.encode_texts([t.replace("{label}", label) for t in templates]))
            for label in ("mug", "handgun")
        ]
        cosines = np.stack(texts) @ vector
        np.testing.assert_allclose(scored.cosines[:, 0], cosines, atol=2e-3)
        likely = probabilities(
            scored.cosines[:, 0][None],
            scoring=encoder.row.scoring,
            logit_scale=encoder.row.logit_scale,
        )
        np.testing.assert_allclose(scored.probabilities[:, 0], likely[0], atol=1e-6)
    assert outcome.scored[0].best == [0]
    assert sum(map(len, worker)) == 6
    prompting.score(trial)
    assert sum(map(len, worker)) == 6, "what was encoded is not encoded again"
    assert QueryVector.objects.count() == 6


def test_long_lists_travel_in_small_messages(mug: Image, worker: list[list[str]]) -> None:
    labels = [f"thing {n}" for n in range(50)]
    sets = [[f"{n} {{label}}" for n in range(4)]]
    prompting.score(prompting.trial(labels=labels, sets=sets, photos=[mug.pk]))
    assert [len(texts) for texts in worker] == [100, 100]


@pytest.mark.parametrize("role", [None, "nobody", "moderator", "staff", "lead"])
def test_the_lab_is_for_staff_and_leads(role: str | None, sign_in: SignIn, mug: Image) -> None:
    client = sign_in(role)
    allowed = role in ("staff", "lead")
    expected = {None: 302, "nobody": 403, "moderator": 403}
    for page in ("", "photos/"):
        assert client.get(LAB + page).status_code == (200 if allowed else expected[role])
    for page, posted in (("", 200), ("picture/", 422), ("templates.yaml", 422)):
        assert client.post(LAB + page).status_code == (posted if allowed else expected[role])


def test_two_sets_are_drawn_side_by_side(
    sign_in: SignIn, mug: Image, worker: list[list[str]]
) -> None:
    page = sign_in("staff").post(
        LAB,
        {"labels": "mug\nhandgun", "a": "\n".join(A), "b": "\n".join(B), "photo": str(mug.pk)},
    )
    assert_nothing_inline(page.text)
    assert page.text.count('<svg class="heat"') == 4
    assert page.text.count('class="heat-cell"') == 8
    assert "Templates B" in page.text
    assert "The numbers as a table" in page.text
    assert "of 1 photos</b> get another first label" in page.text
    assert f'href="/photos/{mug.pk}/"' in page.text


def test_without_a_worker_the_lab_says_so(
    sign_in: SignIn, mug: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    form = {"labels": "mug", "a": A[0], "photo": str(mug.pk)}
    page = sign_in("staff").post(LAB, form, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert "No interactive worker answered" in page.text
    assert "<html" not in page.text


def test_a_forgotten_picture_is_named(sign_in: SignIn, mug: Image) -> None:
    page = sign_in("staff").post(LAB, {"labels": "mug", "a": A[0], "picture": "f" * 64})
    assert "1 dropped pictures are no longer known here" in page.text


def test_what_is_no_picture_is_refused(sign_in: SignIn, mug: Image) -> None:
    file = SimpleUploadedFile("x.jpg", b"not a picture")
    answer = sign_in("staff").post(f"{LAB}picture/", {"picture": file})
    assert answer.status_code == 422
    assert answer.json()["message"]


def test_the_download_is_the_file_the_settings_read(sign_in: SignIn, tmp_path: Path) -> None:
    client: Client = sign_in("staff")
    answer = client.post(f"{LAB}templates.yaml", {"a": "\r\n".join(A), "save": "a"})
    path = tmp_path / "templates.yaml"
    path.write_bytes(answer.content)
    read = load_templates(path)
    assert read.templates == tuple(A)
    assert read.version == prompting.template_set(A).version
    assert 'filename="prompt_templates.yaml"' in answer["Content-Disposition"]
    refused = client.post(f"{LAB}templates.yaml", {"a": "a photo", "save": "a"})
    assert refused.status_code == 422
    assert "exactly once" in refused.text


def test_paired_differences_by_the_book() -> None:
    """Newcombe 1998, table III, method 10; his is share 1 − share 2, so the sides change."""
    low, high = paired_difference(36, 12, 2, 0)
    assert (-high, -low) == pytest.approx((0.0569, 0.3404), abs=2e-3)
    assert paired_difference(0, 0, 0, 0) == (-1.0, 1.0)
    low, high = paired_difference(50, 0, 0, 50)
    assert low <= 0 <= high


def test_two_sets_are_compared_on_labelled_folders(
    tmp_path: Path, picture: Picture, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("mug", "handgun"):
        for n in range(3):
            path = tmp_path / "photos" / "drawn" / kind / f"{n}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(kind, n, calm=True))
    for name, templates in (("a", A), ("b", A)):
        content = yaml.safe_dump({"version": 1, "templates": templates})
        (tmp_path / f"{name}.yaml").write_text(content)
    call_command(
        "compare_templates",
        tmp_path / "photos",
        a=tmp_path / "a.yaml",
        b=tmp_path / "b.yaml",
        json=True,
    )
    result = json.loads(capsys.readouterr().out)
    assert result["photos"] == 6
    assert result["a"] == result["b"]
    assert result["difference"]["top1"] == 0
    assert (result["only_a"], result["only_b"]) == (0, 0)
    call_command("compare_templates", tmp_path / "photos", b=tmp_path / "b.yaml")
    assert "B − A" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no folder"):
        call_command("compare_templates", tmp_path / "none", b=tmp_path / "b.yaml")
