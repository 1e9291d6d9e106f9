"""What a sweep, or another threshold, would do: counted before anything is done."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from catalog.choices import Status
from catalog.models import Encoder, Image
from moderation import candidates, judging
from moderation.candidates import Candidates
from moderation.judging import Case, Judge
from moderation.models import Bank, Exemplar, Flag

SAMPLES = 12
# Comparisons somebody waits for: two to three seconds on one core.
MOST_PAIRS = 200_000_000
FETCHED = 4_000  # photos at once, where the database cannot narrow them down


@dataclass(frozen=True)
class Sample:
    """A photo that would be held or removed, and its nearest match."""

    image: Image
    flag: Flag


@dataclass(frozen=True)
class Preview:
    """What would happen to photos that are live or held.

    Attributes:
        photos: there are.
        compared: so many of them; fewer only for huge hash lists, and then the counts below are
            of these, which are a random sample.
        would_hold: live photos.
        would_remove: live photos.
        already: matching photos for which nothing changes: they are held, or a person approved
            them.
        spared: photos that a safe exemplar, or the bank's sample, leaves live.
        samples: some of those that would be held or removed, from the nearest to the farthest.
        waiting_for_vectors: exemplars that are not encoded yet, and so not in these counts.
    """

    photos: int
    compared: int
    would_hold: int
    would_remove: int
    already: int
    spared: int
    samples: tuple[Sample, ...]
    waiting_for_vectors: int

    @property
    def is_estimate(self) -> bool:
        return self.compared < self.photos


def preview(
    *,
    bank: Bank,
    exemplars: QuerySet[Exemplar] | None = None,
    encoder: Encoder,
    hold: float | None = None,
) -> Preview:
    """Count, exhaustively, what a sweep by these exemplars (all enabled ones) would do now.

    `hold` (cosine) asks about another threshold than the bank's.
    """
    bank = Bank.objects.select_related("policy").get(pk=bank.pk)
    if exemplars is None:
        exemplars = bank.exemplars.filter(is_enabled=True)
    judge = judging.judge_of(bank=bank, encoder=encoder, exemplars=exemplars, hold=hold)
    photos = candidates.swept().count()
    cases, compared = _cases(judge, photos)
    live = [case for case in cases if case.image.status == Status.LIVE and case.flags]
    held = sorted(
        (case for case in live if case.verdict != Status.LIVE),
        key=lambda case: (-case.best.closeness, case.image.pk),
    )
    would_remove = sum(case.verdict == Status.REMOVED for case in held)
    spared = len(live) - len(held)
    return Preview(
        photos=photos,
        compared=compared,
        would_hold=len(held) - would_remove,
        would_remove=would_remove,
        already=len(cases) - len(held) - spared,
        spared=spared,
        samples=tuple(Sample(case.image, case.best) for case in _spread(held)),
        waiting_for_vectors=judging.without_vector(exemplars, encoder).count(),
    )


def _cases(judge: Judge, photos: int) -> tuple[list[Case], int]:
    """The cases among all photos, and how many photos were compared."""
    if len(judge.aim.exemplars) <= candidates.NARROWED_UP_TO:
        found = candidates.fetch(candidates.near(judge.aim), judge.encoder)
        return judging.judge(judge, found), photos
    cases: list[Case] = []
    left = max(FETCHED, MOST_PAIRS // len(judge.aim.exemplars))
    compared, cursor = 0, UUID(int=0)
    while left > 0:
        some = _after(cursor, min(FETCHED, left), judge.encoder)
        if not some.images:
            return cases, photos
        cases += judging.judge(judge, some)
        cursor = some.images[-1].pk
        compared += len(some.images)
        left -= len(some.images)
    return cases, min(compared, photos)


def _after(cursor: UUID, size: int, encoder: Encoder) -> Candidates:
    """The next photos in order of their ids, which are random: so are the first n of them."""
    photos = candidates.swept().filter(pk__gt=cursor).order_by("pk")
    return candidates.fetch(list(photos.values_list("pk", flat=True)[:size]), encoder)


def _spread(cases: list[Case]) -> list[Case]:
    """A few of them, evenly from the first to the last."""
    if len(cases) <= SAMPLES:
        return cases
    step = (len(cases) - 1) / (SAMPLES - 1)
    return [cases[round(step * n)] for n in range(SAMPLES)]
