"""How well an encoder tags labelled photos it has no training for, zero-shot.

Same scoring code as the pipeline; no database, no Django.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.labelled_photos import Encoder, Photo, class_vectors, embed
from catalog.ml import calibration, metrics, scoring


@dataclass(frozen=True, slots=True)
class Tally:
    """``images`` photos, and the shares (0 to 1) whose class was first, or among the first five."""

    images: int
    top1: float
    top5: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A photo that was taken for something else, and with what probability (0 to 1)."""

    path: str
    right: str
    taken_for: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Report:
    """What :func:`evaluate` found.

    Attributes:
        classes: how many class names each photo was scored against.
        labels: per (group, label).
        precisions: average precision of each class that has photos, ranked by probability.
        hierarchical: of the best class of each photo, along the folders' tree.
        calibration_error: expected, of the best class's probability, 0 to 1, 15 bins.
        confusions: (class, taken for, photos), most frequent first.
        mistakes: the surest first.
        unreadable: (path, reason) of photos left out.
        confidence: mean probability given to the right class.
        temperature: what logits were divided by.
    """

    encoder: str
    classes: int
    overall: Tally
    groups: dict[str, Tally]
    labels: dict[tuple[str, str], Tally]
    precisions: dict[str, float]
    hierarchical: metrics.Hierarchical
    calibration_error: float
    reliability: list[calibration.Bin]
    confusions: list[tuple[str, str, int]]
    mistakes: list[Mistake]
    unreadable: list[tuple[str, str]]
    confidence: float
    temperature: float

    @property
    def mean_precision(self) -> float:
        """mAP, 0 to 1."""
        return float(np.mean(list(self.precisions.values())))

    def as_json(self) -> dict[str, Any]:
        """``{"encoder", "classes", "overall", "groups", "labels", "confusions", "reliability"}``:
        shares from 0 to 1, groups and labels by name."""
        return {
            "encoder": self.encoder,
            "classes": self.classes,
            "overall": asdict(self.overall)
            | {
                "map": self.mean_precision,
                "hierarchical": asdict(self.hierarchical),
                "ece": self.calibration_error,
                "confidence": self.confidence,
                "temperature": self.temperature,
                "unreadable": len(self.unreadable),
            },
            "groups": {name: asdict(tally) for name, tally in self.groups.items()},
            "labels": {
                "/".join(filter(None, name)): asdict(tally) for name, tally in self.labels.items()
            },
            "average_precision": self.precisions,
            "confusions": [
                {"class": right, "taken_for": wrong, "images": count}
                for right, wrong, count in self.confusions
            ],
            "reliability": [asdict(each) for each in self.reliability],
        }


def evaluate(
    folder: Path,
    *,
    encoder: Encoder,
    templates: scoring.TemplateSet,
    photos: Iterable[Photo],
    classes: Sequence[str],
    tree: Iterable[Photo] = (),
    temperature: float = 1.0,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Score each of ``photos`` (paths relative to ``folder``) against all of ``classes``.

    Labels whose last parts read the same are one class: they get the same prompts and so the same
    score, and neither could ever beat the other. They keep a row each in ``labels``. ``tree``:
    photos that are not scored, but whose folders are where the other classes stand.

    Raises:
        ValueError: none of them could be read, or the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError("The temperature must be above 0.")
    read, vectors, unreadable = embed(folder, encoder=encoder, photos=photos, progress=progress)
    cosines = vectors @ class_vectors(encoder, classes, templates).T
    shares = scoring.probabilities(
        cosines,
        scoring=encoder.scoring,
        logit_scale=encoder.logit_scale / temperature,
        logit_bias=encoder.logit_bias / temperature,
    )
    index = {name: position for position, name in enumerate(classes)}
    truth = np.array([index[photo.class_name] for photo in read])
    # Ranked by cosine, which orders like probability and never saturates into ties.
    ranks, best = metrics.ranks(cosines, truth), cosines.argmax(axis=1)
    sure = shares[np.arange(len(read)), best]
    reliability = calibration.reliability(sure, best == truth)
    mistakes = [
        Mistake(read[at].path, classes[truth[at]], classes[best[at]], float(sure[at]))
        for at in np.flatnonzero(best != truth)
    ]
    taken_for = Counter((mistake.right, mistake.taken_for) for mistake in mistakes)
    by_group: dict[str, list[int]] = {}
    by_label: dict[tuple[str, str], list[int]] = {}
    for photo, rank in zip(read, ranks, strict=True):
        by_group.setdefault(photo.group, []).append(rank)
        by_label.setdefault((photo.group, photo.label), []).append(rank)
    return Report(
        encoder=encoder.name,
        classes=len(classes),
        overall=_tally(ranks),
        groups={name: _tally(found) for name, found in sorted(by_group.items())},
        labels={name: _tally(found) for name, found in sorted(by_label.items())},
        precisions={
            classes[at]: found for at, found in metrics.average_precisions(shares, truth).items()
        },
        hierarchical=_in_tree(read, [classes[at] for at in best], tree),
        calibration_error=calibration.expected_error(reliability),
        reliability=reliability,
        confusions=[(*pair, count) for pair, count in taken_for.most_common()],
        mistakes=sorted(mistakes, key=lambda mistake: -mistake.confidence),
        unreadable=unreadable,
        confidence=float(shares[np.arange(len(read)), truth].mean()),
        temperature=temperature,
    )


def _tally(ranks: Sequence[int] | NDArray[np.int64]) -> Tally:
    found = np.asarray(ranks)
    return Tally(len(found), float((found < 1).mean()), float((found < 5).mean()))


def _in_tree(
    photos: Sequence[Photo], answers: Sequence[str], tree: Iterable[Photo]
) -> metrics.Hierarchical:
    """Folders as a tree, group by group; an answer that names several folders is the photo's own
    if that is among them, else the first."""
    nodes: dict[tuple[str, ...], int] = {}
    parents: list[int | None] = []
    folders: dict[str, int] = {}

    def node_of(parts: tuple[str, ...]) -> int:
        if parts not in nodes:
            above = node_of(parts[:-1]) if len(parts) > 1 else None
            nodes[parts] = len(parents)
            parents.append(above)
        return nodes[parts]

    for photo in (*tree, *photos):
        folders.setdefault(photo.class_name, node_of(_parts(photo)))
    own = [node_of(_parts(photo)) for photo in photos]
    said = [
        # A class without a folder is a root of its own: nothing of it is right.
        node if answer == photo.class_name else folders.setdefault(answer, node_of(("", answer)))
        for photo, node, answer in zip(photos, own, answers, strict=True)
    ]
    return metrics.hierarchical([[node] for node in said], [[node] for node in own], parents)


def _parts(photo: Photo) -> tuple[str, ...]:
    return (photo.group, *filter(None, photo.label.split("/")))
