"""The prompt lab: what labels and templates would say about photos, before anything is saved."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import yaml
from pgvector import HalfVector

from catalog import asking, query_vectors
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import TemplateSet, ensemble, probabilities, readable
from catalog.models import Embedding, Encoder, QueryVector
from catalog.query_vectors import SearchUnavailable

ENCODE = "catalog.tasks.encode_prompts"
LABELS = 50
TEMPLATES = 20
PHOTOS = 24
LETTERS = 200  # of a label or a template
AT_ONCE = 100  # sentences per message: a second of a CPU, so that others' texts come between


class TrialRefused(ValueError):
    """What was typed cannot be tried; `problems` says why, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Trial:
    """Labels as prompts have them, one or two template sets, and the photos to score."""

    labels: tuple[str, ...]
    sets: tuple[TemplateSet, ...]
    photos: tuple[UUID, ...] = ()
    pictures: tuple[str, ...] = ()  # digests, from `query_vectors.look_at`


@dataclass(frozen=True)
class Scored:
    """What one template set says: cosines and probabilities, (labels, photos)."""

    templates: TemplateSet
    cosines: np.ndarray
    probabilities: np.ndarray

    @property
    def best(self) -> list[int]:
        """Each photo's first label."""
        return [int(each) for each in self.cosines.argmax(axis=0)]


@dataclass(frozen=True)
class Outcome:
    """A trial's results. What has no vector is left out, and `missing` says so in sentences."""

    encoder: Encoder
    labels: tuple[str, ...]
    photos: list[UUID]
    pictures: list[str]
    scored: list[Scored]
    missing: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Photos whose first label differs between the two sets."""
        first, second = self.scored[0].best, self.scored[-1].best
        return sum(a != b for a, b in zip(first, second, strict=True))


def lines(text: str) -> list[str]:
    """What was typed one per line, each once, in order."""
    typed = (" ".join(line.replace("\x00", "").split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in typed if line))


def template_set(templates: Sequence[str]) -> TemplateSet:
    """A set with the version it would have as a file. Raises `TrialRefused`."""
    problems = [
        f"“{template}” must contain {{label}} exactly once."
        for template in templates
        if template.count("{label}") != 1
    ]
    problems += _too_much(templates, TEMPLATES, "templates")
    if not templates:
        problems.append("Type at least one template, for example: a photo of {label}")
    if problems:
        raise TrialRefused(problems)
    digest = hashlib.sha256(json.dumps(list(templates)).encode()).hexdigest()
    return TemplateSet(version=digest[:16], templates=tuple(templates))


def trial(
    *,
    labels: Sequence[str],
    sets: Sequence[Sequence[str]],
    photos: Sequence[UUID] = (),
    pictures: Sequence[str] = (),
) -> Trial:
    """Check what was typed and chosen. Raises `TrialRefused` with all that is wrong at once."""
    problems: list[str] = []
    read = list(dict.fromkeys(readable(label) for label in labels))
    if not read:
        problems.append("Type at least one label.")
    problems += _too_much(labels, LABELS, "labels")
    checked = []
    for templates in sets:
        try:
            checked.append(template_set(templates))
        except TrialRefused as refused:
            problems += refused.problems
    chosen = len(photos) + len(pictures)
    if not chosen:
        problems.append("Choose or drop at least one photo.")
    if chosen > PHOTOS:
        problems.append(f"{chosen} photos are too many: choose up to {PHOTOS}.")
    if problems:
        raise TrialRefused(list(dict.fromkeys(problems)))
    return Trial(tuple(read), tuple(checked), tuple(photos), tuple(pictures))


def score(trial: Trial) -> Outcome:
    """Score every photo with every label, by each template set, as the active encoder does.

    Raises `SearchUnavailable` when nobody encodes, and `TrialRefused` when no photo is left.
    """
    encoder = query_vectors.active_encoder()
    photos, pictures, vectors, missing = _seen(trial, encoder)
    if not len(vectors):
        raise TrialRefused(missing)
    found = sentence_vectors(
        encoder, [text for each in trial.sets for text in _texts(trial.labels, each)]
    )
    scored = []
    for templates in trial.sets:
        of_labels = np.stack(
            [ensemble([found[text] for text in templates.fill(label)]) for label in trial.labels]
        )
        cosines = of_labels @ vectors.T
        likely = probabilities(
            cosines.T,
            scoring=encoder.scoring,
            logit_scale=encoder.logit_scale,
            logit_bias=encoder.logit_bias,
        ).T
        scored.append(Scored(templates, cosines, likely))
    return Outcome(encoder, trial.labels, photos, pictures, scored, missing)


def encode(*, texts: Iterable[str], encoder: LoadedEncoder) -> None:
    """Worker: keep the vectors of sentences, for a day, as of anything people search with."""
    wanted = list(texts)
    vectors = encoder.runtime.encode_texts(wanted)
    QueryVector.objects.bulk_create(
        [
            QueryVector(encoder=encoder.row, digest=_digest(text), vector=HalfVector(vector))
            for text, vector in zip(wanted, vectors, strict=True)
        ],
        ignore_conflicts=True,
    )


def as_yaml(templates: TemplateSet) -> str:
    """The file that `VITRINE_PROMPT_TEMPLATES` may name."""
    return yaml.safe_dump(
        {"version": 1, "templates": list(templates.templates)},
        allow_unicode=True,
        sort_keys=False,
        width=1_000,
    )


def _too_much(typed: Sequence[str], most: int, what: str) -> list[str]:
    problems = [f"{len(typed)} {what} are too many: up to {most}."] if len(typed) > most else []
    if any(len(each) > LETTERS for each in typed):
        problems.append(f"One of the {what} has more than {LETTERS} letters.")
    return problems


def _seen(trial: Trial, encoder: Encoder) -> tuple[list[UUID], list[str], np.ndarray, list[str]]:
    """Those photos and pictures that have a vector, with their vectors, in the order chosen."""
    rows = Embedding.objects.filter(encoder=encoder, image__in=trial.photos)
    stored = {row.image_id: row.vector for row in rows}
    photos = [key for key in trial.photos if key in stored]
    looked = QueryVector.objects.filter(encoder=encoder, digest__in=trial.pictures)
    known = {row.digest: row.vector for row in looked}
    pictures = [digest for digest in trial.pictures if digest in known]
    missing = []
    if without := len(trial.photos) - len(photos):
        missing.append(f"The active encoder has not seen {without} of the chosen photos yet.")
    if forgotten := len(trial.pictures) - len(pictures):
        missing.append(f"{forgotten} dropped pictures are no longer known here. Drop them again.")
    vectors = [stored[key] for key in photos] + [known[digest] for digest in pictures]
    return photos, pictures, np.array(vectors, dtype=np.float32), missing


def _texts(labels: Iterable[str], templates: TemplateSet) -> list[str]:
    return [text for label in labels for text in templates.fill(label)]


def sentence_vectors(encoder: Encoder, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """Each sentence's unit vector; those that nobody tried lately are asked of the worker.

    Raises `SearchUnavailable`.
    """
    wanted = {_digest(text): text for text in texts}
    found = _known(encoder, wanted)
    missing = [text for text in wanted.values() if text not in found]
    for start in range(0, len(missing), AT_ONCE):
        part = missing[start : start + AT_ONCE]
        try:
            asking.ask(ENCODE, part)
        except asking.NobodyAnswered as error:
            raise SearchUnavailable(str(error)) from error
    if missing:
        found |= _known(encoder, {_digest(text): text for text in missing})
    if len(found) < len(wanted):
        raise SearchUnavailable("The encoder is being changed. Try again in a moment.")
    return found


def _known(encoder: Encoder, wanted: dict[str, str]) -> dict[str, np.ndarray]:
    rows = QueryVector.objects.filter(encoder=encoder, digest__in=list(wanted))
    return {wanted[row.digest]: np.array(row.vector, dtype=np.float32) for row in rows}


def _digest(text: str) -> str:
    return hashlib.sha256(f"prompt\n{text}".encode()).hexdigest()
