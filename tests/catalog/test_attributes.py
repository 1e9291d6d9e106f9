"""Attributes: what is loaded and encoded, what photos are given, and what people say."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from PIL import Image as Pillow
from PIL import ImageDraw

from catalog import pipeline
from catalog.attributes import again, describing, importing, vectors, verdicts
from catalog.attributes.describing import Question
from catalog.attributes.files import STARTER
from catalog.choices import AttributeMethod, Scoring, Status
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Attribute,
    AttributeValue,
    AttributeVector,
    AttributeVerdict,
    Encoder,
    Event,
    Image,
    ImageAttribute,
)

pytestmark = pytest.mark.django_db

CUT = """
attributes:
  - id: cut
    name: Cut
    by: words
    exclusive: true
    templates: ["a {{label}} garment"]
    contrast: [a garment]
    values:
      - {{id: slim, name: Slim}}
      - {{id: wide, name: {wide}}}
      {more}
"""


def cut_file(tmp_path: Path, *, wide: str = "Wide", more: str = "") -> Path:
    path = tmp_path / "cut.yaml"
    path.write_text(CUT.format(wide=wide, more=more))
    return path


def square(colour: str, *, ground: str = "#eeeeee", second: str | None = None) -> bytes:
    """A square in the middle of a plain ground; with `second`, its right half has that colour."""
    picture = Pillow.new("RGB", (256, 256), ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((56, 56, 200, 200), fill=colour)
    if second:
        pen.rectangle((128, 56, 200, 200), fill=second)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def given(image: Image) -> set[tuple[str, bool]]:
    rows = ImageAttribute.objects.filter(image=image)
    return set(rows.values_list("value__slug", "is_confirmed"))


def value(slug: str) -> AttributeValue:
    return AttributeValue.objects.get(slug=slug)


@pytest.fixture
def starter_attributes(db: None) -> None:
    importing.load()


def test_loading_twice_writes_nothing_and_dry_runs_only_tell(tmp_path: Path) -> None:
    looked = importing.apply(asked=importing.open_file(STARTER), dry_run=True)
    assert "Colour: Red" in looked.added
    assert not Attribute.objects.exists()
    assert importing.load().added == looked.added
    before = list(Attribute.objects.values_list("slug", "updated_at"))
    assert not importing.load()
    assert list(Attribute.objects.values_list("slug", "updated_at")) == before
    assert [slug for slug, _ in before] == ["colour", "pattern", "material"]


def test_a_newer_file_keeps_rows_and_retires_what_is_gone(tmp_path: Path) -> None:
    importing.load()
    importing.load(path=cut_file(tmp_path, more="- {id: a-line, name: A-line}"))
    wide, line = value("wide"), value("a-line")
    changes = importing.load(path=cut_file(tmp_path, wide="Wide-legged"))
    assert changes.by_kind() == {"changed": ["Cut: Wide-legged"], "retired": ["Cut: A-line"]}
    assert (value("wide").pk, value("wide").name) == (wide.pk, "Wide-legged")
    assert value("wide").words_digest != wide.words_digest
    assert value("a-line").is_retired
    assert Attribute.objects.filter(slug="colour").exists()
    again = importing.load(path=cut_file(tmp_path, more="- {id: a-line, name: A-line}"))
    assert again.by_kind() == {"changed": ["Cut: Wide"], "revived": ["Cut: A-line"]}
    assert value("a-line").pk == line.pk


def test_commands_load_and_refuse(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("load_attributes", stdout=out)
    assert "Material: Wood" in out.getvalue()
    (tmp_path / "bad.yaml").write_text("\nattributes:\n  - {id: cut, name: Cut}\n")
    with pytest.raises(CommandError, match=r"Line 3: “cut” needs by: words, or by: pixels\."):
        call_command("load_attributes", str(tmp_path / "bad.yaml"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_attributes", str(tmp_path / "none.yaml"))


def test_a_photo_gets_the_colours_of_the_thing_and_not_of_its_ground(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
) -> None:
    red = upload(square("#c81e24"))
    both = upload(square("#1f4fbf", ground="#d8c4a0", second="#f2c52e"))
    filled = upload(square("#2e8b3a", ground="#2e8b3a"))
    process()
    assert given(red) == {("red", False)}
    assert given(both) == {("blue", False), ("yellow", False)}
    assert given(filled) == {("green", False)}
    row = ImageAttribute.objects.get(image=red)
    assert row.encoder == encoder.row
    assert row.score is not None
    assert row.score > row.threshold == 0.4
    assert row.version.startswith("pixels-1-")


def test_the_bundled_model_is_not_asked_for_what_it_cannot_tell(
    starter_attributes: None, encoder: LoadedEncoder
) -> None:
    assert vectors.has_work()
    assert vectors.encode_missing(encoder=encoder) == 25  # nine, fourteen, and two contrasts
    assert not vectors.has_work()
    known = AttributeVector.objects.filter(is_known=True).values_list("value__slug", flat=True)
    assert set(known) == {"no-particular"}
    asked = describing.questions(encoder.row)
    assert [question.attribute.slug for question in asked] == ["colour"]


def test_words_the_tokenizer_has_to_spell_are_not_known(encoder: LoadedEncoder) -> None:
    runtime = encoder.runtime
    assert not runtime.spells("red mug")
    assert runtime.spells("denim")
    assert runtime.spells("red denim")
    assert runtime.spells("赤")


def question(encoder: Encoder, *, exclusive: bool, tmp_path: Path) -> Question:
    """Slim, wide and the contrast, each its own direction."""
    importing.load(path=cut_file(tmp_path))
    Attribute.objects.update(is_exclusive=exclusive)
    for row, direction in zip(
        AttributeValue.objects.order_by("position"), np.eye(3, encoder.dimension), strict=True
    ):
        AttributeVector.objects.create(
            value=row,
            encoder=encoder,
            words_digest=row.words_digest,
            is_known=True,
            vector=direction,
        )
    return describing.questions(encoder)[0]


def test_softmax_shares_with_the_contrast_and_sigmoid_answers_each(
    encoder: LoadedEncoder, tmp_path: Path
) -> None:
    asked = question(encoder.row, exclusive=True, tmp_path=tmp_path)
    photos = np.zeros((3, encoder.row.dimension), dtype=np.float32)
    photos[0, 0] = photos[1, 2] = 1  # slim; nothing in particular
    photos[2, :2] = 0.5**0.5  # both
    encoder.row.scoring, encoder.row.logit_scale = Scoring.SOFTMAX, 10.0
    soft = asked.score(photos, None, encoder.row)
    assert soft is not None
    assert soft.shape == (3, 2)
    assert soft[0, 0] == pytest.approx(np.exp(10) / (np.exp(10) + 2))
    assert asked.give(soft[0], {}) == [0]
    assert asked.give(soft[1], {}) == []  # the contrast has it
    assert asked.give(soft[2], {}) == []  # a tie is no majority
    encoder.row.scoring, encoder.row.logit_bias = Scoring.SIGMOID, -3.0
    each = asked.score(photos, None, encoder.row)
    assert each is not None
    assert each[0] == pytest.approx([1 / (1 + np.exp(-7)), 1 / (1 + np.exp(3))])
    assert asked.give(each[2], {}) == [0]  # one value at most
    asked.attribute.is_exclusive = False
    assert asked.give(each[2], {}) == [0, 1]


def test_what_people_said_comes_first(encoder: LoadedEncoder, tmp_path: Path) -> None:
    asked = question(encoder.row, exclusive=True, tmp_path=tmp_path)
    slim, wide = asked.values
    sure = np.array([0.9, 0.05])
    assert asked.give(sure, {wide.pk: True}) == [1]
    assert asked.give(sure, {slim.pk: False}) == []
    asked.attribute.is_exclusive = False
    assert asked.give(sure, {wide.pk: True}) == [1, 0]


def test_verdicts_stand_when_the_photo_is_looked_at_again(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    make_user: Callable[..., User],
) -> None:
    ana = make_user("ana", "staff")
    photo = upload(square("#c81e24"))
    process()

    def say(slug: str, accepted: bool) -> bool:
        return verdicts.judge(image_id=photo.pk, value=value(slug), accepted=accepted, by=ana)

    assert say("red", False)
    assert not say("red", False)
    assert say("purple", True)
    assert say("wood", True)  # the bundled model was never asked
    assert say("striped", True)
    assert say("dotted", True)  # a photo has one pattern
    expected = {("purple", True), ("wood", True), ("dotted", True)}
    assert given(photo) == expected
    with pytest.raises(verdicts.AttributeRefused, match="Nobody says that this photo is green"):
        say("green", False)
    Image.objects.filter(pk=photo.pk).update(status=Status.PENDING)
    process()
    assert given(photo) == expected
    purple = ImageAttribute.objects.get(image=photo, value__slug="purple")
    assert purple.score is not None
    assert purple.score < 0.4  # what the pixels say, beside what the person said
    assert ImageAttribute.objects.get(image=photo, value__slug="wood").score is None
    said = AttributeVerdict.objects.order_by("id").values_list("value__slug", "accepted")
    assert list(said) == [
        ("red", False),
        ("purple", True),
        ("wood", True),
        ("striped", True),
        ("striped", False),
        ("dotted", True),
    ]
    summaries = Event.objects.filter(image=photo, actor=ana).order_by("id")
    assert [each.summary for each in summaries][:2] == [
        "Colour red rejected",
        "Colour purple confirmed",
    ]


def test_verdicts_are_refused_for_photos_nobody_looked_at_and_values_out_of_use(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    make_user: Callable[..., User],
) -> None:
    ana = make_user("ana", "staff")
    photo = upload(square("#c81e24"))
    with pytest.raises(verdicts.AttributeRefused, match="not been processed yet"):
        verdicts.judge(image_id=photo.pk, value=value("red"), accepted=True, by=ana)
    process()
    importing.switch(attribute=Attribute.objects.get(slug="material"), on=False)
    with pytest.raises(verdicts.AttributeRefused, match="not in use any more"):
        verdicts.judge(image_id=photo.pk, value=value("wood"), accepted=True, by=ana)
    assert not AttributeVerdict.objects.exists()


def test_verdicts_cannot_be_changed_and_go_with_their_photo(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    make_user: Callable[..., User],
) -> None:
    photo = upload(square("#c81e24"))
    process()
    verdicts.judge(
        image_id=photo.pk, value=value("red"), accepted=True, by=make_user("ana", "staff")
    )
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        AttributeVerdict.objects.update(accepted=False)
    assert AttributeVerdict.objects.get().accepted
    AttributeVerdict.objects.all().delete()
    with pytest.raises(Error, match="append-only"):
        connection.check_constraints()


def test_what_is_switched_off_is_left_alone(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
) -> None:
    photo = upload(square("#c81e24"))
    process()
    colour = Attribute.objects.get(slug="colour")
    importing.switch(attribute=colour, on=False)
    other = upload(square("#1f4fbf"))
    Image.objects.filter(pk=photo.pk).update(status=Status.PENDING)
    process()
    assert given(photo) == {("red", False)}
    assert given(other) == set()


def test_vectors_alone_leave_measured_colours_be(
    starter_attributes: None,
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
    make_user: Callable[..., User],
) -> None:
    photo, confirmed = upload(square("#c81e24")), upload(square("#ca2026"))
    process()
    verdicts.judge(
        image_id=confirmed.pk, value=value("red"), accepted=True, by=make_user("ana", "staff")
    )
    describing.describe(
        images=[photo, confirmed],
        vectors=np.zeros((2, encoder.row.dimension), dtype=np.float32),
        pixels=None,
        encoder=encoder.row,
        asked=describing.questions(encoder.row),
    )
    assert given(photo) == {("red", False)}
    assert given(confirmed) == {("red", True)}


def test_methods_are_what_the_starter_says(starter_attributes: None) -> None:
    methods = dict(Attribute.objects.values_list("slug", "method"))
    assert methods == {
        "colour": AttributeMethod.PIXELS,
        "pattern": AttributeMethod.WORDS,
        "material": AttributeMethod.WORDS,
    }


def test_photos_that_are_here_are_asked_again(
    upload: Callable[..., Image],
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
    make_user: Callable[..., User],
    settings: Any,
) -> None:
    settings.VITRINE_BATCH_SIZE = 1
    red, blue, gone = (upload(square(each)) for each in ("#c81e24", "#1f4fbf", "#2e8b3a"))
    process()
    assert not ImageAttribute.objects.exists()
    importing.load()
    waiting = upload(square("#f2c52e"))
    verdicts.judge(
        image_id=blue.pk, value=value("purple"), accepted=True, by=make_user("ana", "staff")
    )
    gone.original.delete(save=False)
    told: list[int] = []
    result = again.ask_all(encoder=encoder, progress=lambda so_far: told.append(so_far.done))
    assert (result.total, result.done, result.unreadable, told) == (3, 3, 1, [1, 2, 3])
    assert given(red) == {("red", False)}
    assert given(blue) == {("blue", False), ("purple", True)}
    assert given(gone) == given(waiting) == set()
    before = list(
        ImageAttribute.objects.order_by("image_id", "value_id").values_list("image", "value")
    )
    again.ask_all(encoder=encoder)
    after = list(
        ImageAttribute.objects.order_by("image_id", "value_id").values_list("image", "value")
    )
    assert after == before
