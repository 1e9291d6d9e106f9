"""What an encoder says about one photo, category by category, without the encoder at hand: its
stored vector is read, so that pages can tell."""

from dataclasses import dataclass

import numpy as np

from catalog.models import Category, Embedding, Encoder, Image
from catalog.scorer import Scorers

# Thousands of vectors are read once per process, not for every page.
_scorers = Scorers()


@dataclass(frozen=True)
class Level:
    """One category as read from a photo: the probability (0 to 1) that the photo belongs at or
    below it, and what that was computed with."""

    category: Category
    score: float
    threshold: float  # the score that a tag of it has to reach
    learned: bool  # verdicts taught that threshold
    template_version: str
    head_id: int | None
    calibration_id: int | None

    @property
    def is_reached(self) -> bool:
        """It is as sure as a tag of it has to be."""
        return self.score >= self.threshold


def read(*, image: Image, encoder: Encoder) -> list[Level]:
    """Every category the photo's storefront uses, best first; empty while the photo has no vector
    in `encoder`, or the taxonomy none."""
    stored = Embedding.objects.filter(image=image, encoder=encoder).first()
    if stored is None:
        return []
    _scorers.look(encoder)
    found = _scorers.of(image.storefront)
    if found is None:
        return []
    scorer, used = found
    vector = np.asarray(stored.vector, dtype=np.float32)
    scores = scorer.subtree_scores((vector @ scorer.vectors.T)[None, :], used, encoder)[0]
    thresholds = scorer.thresholds()
    # Ties, as of a parent and its only child, in the tree's order.
    order = np.argsort(-scores, kind="stable")
    return [
        Level(
            category=scorer.categories[index],
            score=float(scores[index]),
            threshold=float(thresholds[index]),
            learned=scorer.categories[index].pk in scorer.learned,
            template_version=scorer.template_versions[index],
            head_id=scorer.head_id,
            calibration_id=scorer.calibration_id,
        )
        for index in order
        if used[index]
    ]


def path_of(levels: list[Level]) -> list[Level]:
    """The way down the tree as tagging takes it, from the root: at each level the likeliest
    category below that reaches its threshold. The last step is the first that does not, where
    there is one: what it was not sure enough of."""
    below: dict[int | None, list[Level]] = {}
    for each in levels:  # likeliest first, so that each list is
        below.setdefault(each.category.parent_id, []).append(each)
    steps: list[Level] = []
    above: int | None = None
    while ahead := below.get(above):
        step = next((each for each in ahead if each.is_reached), ahead[0])
        steps.append(step)
        if not step.is_reached:
            break
        above = step.category.pk
    return steps


def line_to(found: Level, levels: list[Level]) -> list[Level]:
    """The way down to one of `levels`, from the root; itself last."""
    by_key = {each.category.pk: each for each in levels}
    steps = [found]
    while (above := by_key.get(steps[-1].category.parent_id or 0)) is not None:
        steps.append(above)
    return steps[::-1]
