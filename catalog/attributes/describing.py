"""Stage: ask each photo for its attributes.

By words: one matrix product over all values, then within each attribute a softmax together with its
contrast, which stands for “none of these”; encoders trained with a sigmoid answer each value by
itself. By pixels: the share of the thing in the picture that has a colour. What reaches the
attribute's threshold is stored; nothing is, where nothing does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from catalog.attributes import vectors, verdicts
from catalog.batch import Batch
from catalog.choices import AttributeMethod, Scoring
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import probabilities
from catalog.ml.swatches import Palette
from catalog.models import (
    Attribute,
    AttributeValue,
    AttributeVector,
    Encoder,
    Image,
    ImageAttribute,
)


@dataclass(frozen=True)
class Question:
    """An attribute ready to be asked: what scores depend on."""

    attribute: Attribute
    values: list[AttributeValue]  # answers that can be given
    versions: list[str]
    texts: np.ndarray | None = None  # (n, dimension) float32: the values', then the contrast's
    palette: Palette | None = None

    def score(
        self, images: np.ndarray, pixels: Sequence[np.ndarray] | None, encoder: Encoder
    ) -> np.ndarray | None:
        """(m, n) of the photos with these vectors (m, dimension) and pixels; None if it takes
        pixels and there are none."""
        if self.palette:
            return self.palette.shares(pixels) if pixels is not None else None
        assert self.texts is not None  # noqa: S101  (one or the other, see `questions`)
        said = probabilities(
            images @ self.texts.T,
            scoring=encoder.scoring,
            logit_scale=encoder.logit_scale,
            logit_bias=encoder.logit_bias,
        )
        return said[:, : len(self.values)]

    def give(self, scores: np.ndarray, said: dict[int, bool]) -> list[int]:
        """Indices of one photo's values: what people confirmed, and `scores` (n,) that reach the
        threshold, best first, of values nobody spoke of."""
        confirmed = [i for i, value in enumerate(self.values) if said.get(value.pk)]
        if self.attribute.is_exclusive and any(said.get(key) for key in self.keys):
            return confirmed
        reached = [
            index
            for index in np.argsort(-scores, kind="stable").tolist()
            if scores[index] >= self.attribute.threshold and self.values[index].pk not in said
        ]
        return confirmed + (reached[:1] if self.attribute.is_exclusive else reached)

    @property
    def keys(self) -> list[int]:
        """Of all values there ever were, also those that cannot be asked for."""
        return [value.pk for value in self.attribute.values.all()]


def questions(encoder: Encoder) -> list[Question]:
    """Every attribute that is switched on and that this encoder can be asked for."""
    rows = AttributeVector.objects.filter(encoder=encoder, value__is_retired=False)
    texts = {row.value_id: row for row in rows}
    active = Attribute.objects.filter(is_active=True).prefetch_related("values")
    made = [_question(attribute, encoder, texts) for attribute in active]
    return [question for question in made if question]


def _question(
    attribute: Attribute, encoder: Encoder, texts: dict[int, AttributeVector]
) -> Question | None:
    present = [value for value in attribute.values.all() if not value.is_retired]
    if attribute.method == AttributeMethod.PIXELS:
        if not present:
            return None
        palette = Palette([value.swatches for value in present])
        return Question(attribute, present, [palette.version] * len(present), palette=palette)
    # A vector of earlier words counts, until the present one replaces it.
    values = [v for v in present if not v.is_contrast and v.pk in texts and texts[v.pk].is_known]
    contrast = [v for v in present if v.is_contrast and v.pk in texts]
    if not values or (not contrast and encoder.scoring == Scoring.SOFTMAX):
        return None
    stacked = [np.asarray(texts[v.pk].vector, dtype=np.float32) for v in (*values, *contrast)]
    versions = [texts[v.pk].words_digest for v in values]
    return Question(attribute, values, versions, texts=np.stack(stacked))


@dataclass
class Questions:
    """The questions of the encoder last refreshed, kept while nothing changes."""

    asked: list[Question] = field(default_factory=list)
    _state: tuple[object, ...] = ()

    def refresh(self, encoder: LoadedEncoder) -> None:
        """Catch up with the database. Costs two queries when nothing changed; call it outside of
        transactions, for it may encode a few values."""
        encoded = vectors.encode_missing(encoder=encoder)
        changed = Attribute.objects.order_by("pk").values_list("pk", "updated_at")
        state = (encoder.row.pk, *changed)
        if encoded or state != self._state:
            # Another worker may be making some of the vectors: look again until they are there.
            complete = not vectors.missing(encoder=encoder.row).exists()
            self.asked, self._state = questions(encoder.row), state if complete else ()


class DescribeImages:
    """Stores the batch's attributes."""

    def __init__(self) -> None:
        self._questions = Questions()

    def prepare(self, encoder: LoadedEncoder) -> None:
        self._questions.refresh(encoder)

    def process(self, batch: Batch) -> None:
        describe(
            images=[item.image for item in batch.items],
            vectors=batch.vectors,
            pixels=_pixels(batch),
            encoder=batch.encoder.row,
            asked=self._questions.asked,
        )

    def judge(self, batch: Batch) -> list[ImageAttribute]:
        """The attributes of the photos, not saved."""
        return answers(
            images=[item.image for item in batch.items],
            vectors=batch.vectors,
            pixels=_pixels(batch),
            encoder=batch.encoder.row,
            asked=self._questions.asked,
        )[0]


def _pixels(batch: Batch) -> list[np.ndarray] | None:
    """Of every photo, or of none."""
    found = [item.pixels for item in batch.items]
    pixels = [each for each in found if each is not None]
    return pixels if len(pixels) == len(found) else None


def describe(
    *,
    images: Sequence[Image],
    vectors: np.ndarray,
    pixels: Sequence[np.ndarray] | None,
    encoder: Encoder,
    asked: Sequence[Question],
) -> None:
    """Replace what these photos, whose rows are locked, have of the attributes that are `asked`.

    `vectors` is (n, dimension); `pixels` are uint8 (height, width, 3), as the encoder got them.
    Without pixels, what was measured by them stays.
    """
    rows, answered = answers(
        images=images, vectors=vectors, pixels=pixels, encoder=encoder, asked=asked
    )
    old = ImageAttribute.objects.filter(image__in=images, encoder=encoder)
    old.filter(value__attribute__in=answered).delete()
    # What people said where the encoder was not asked may be there already.
    ImageAttribute.objects.bulk_create(rows, ignore_conflicts=True)


def answers(
    *,
    images: Sequence[Image],
    vectors: np.ndarray,
    pixels: Sequence[np.ndarray] | None,
    encoder: Encoder,
    asked: Sequence[Question],
) -> tuple[list[ImageAttribute], list[int]]:
    """What these photos have, not saved, and the keys of the attributes that could be asked."""
    said = verdicts.standing_of(image.pk for image in images)
    rows: list[ImageAttribute] = []
    answered: list[int] = []
    for question in asked:
        scores = question.score(vectors, pixels, encoder)
        if scores is None:
            continue
        answered.append(question.attribute.pk)
        for image, own in zip(images, scores, strict=True):
            told = said.get(image.pk, {})
            rows += [
                ImageAttribute(
                    image=image,
                    value=question.values[index],
                    encoder=encoder,
                    score=min(1.0, float(own[index])),
                    threshold=question.attribute.threshold,
                    version=question.versions[index],
                    is_confirmed=question.values[index].pk in told,
                )
                for index in question.give(own, told)
            ]
    rows += _unasked(images, said, rows, encoder)
    return rows, answered


def _unasked(
    images: Sequence[Image],
    said: dict[UUID, dict[int, bool]],
    rows: Sequence[ImageAttribute],
    encoder: Encoder,
) -> list[ImageAttribute]:
    """What people said these photos have, where the encoder was not asked."""
    there = {(row.image_id, row.value_id) for row in rows}
    return [
        ImageAttribute(
            image=image,
            value_id=value,
            encoder=encoder,
            threshold=0.0,  # there was nothing to reach
            is_confirmed=True,
        )
        for image in images
        for value, accepted in said.get(image.pk, {}).items()
        if accepted and (image.pk, value) not in there
    ]
