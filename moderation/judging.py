"""What a sweep would do to photos that are there: judged as screening judges a fresh upload."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Encoder, Image
from moderation import in_force, matching, parts, screening
from moderation.banks import Limits
from moderation.candidates import Aim, Candidates
from moderation.choices import Action, BankKind, Outcome
from moderation.matching import Matcher
from moderation.models import Bank, Decision, Exemplar, ExemplarVector, Flag

# Scores kept in memory at once: photos × exemplars, 40 MB of float32.
SCORES_AT_ONCE = 10_000_000

Cause = tuple[UUID, str, UUID | None, int | None]  # of a flag: photo, kind, exemplar, encoder


@dataclass(frozen=True)
class Judge:
    """Some exemplars of one bank, with the safe banks that may veto them."""

    bank: Bank
    encoder: Encoder
    matcher: Matcher
    aim: Aim
    spared: frozenset[int] = frozenset()  # storefronts in which the policy is not in force


@dataclass
class Case:
    """What the exemplars say about one photo they match.

    Attributes:
        flags: those to be raised, vetoed ones too; none when the match is known already.
        verdict: what the photo's new flags amount to, by themselves.
        replaced: flags of the same cause that were vetoed or unsampled, and no longer are.
    """

    image: Image
    flags: list[Flag] = field(default_factory=list)
    replaced: list[Flag] = field(default_factory=list)

    @property
    def verdict(self) -> Status:
        return screening.verdict(self.flags)

    @property
    def best(self) -> Flag:
        """The nearest standing match, else the nearest of all."""
        return max(self.flags, key=lambda flag: (stands(flag), flag.closeness))


def stands(flag: Flag) -> bool:
    return flag.outcome in (Outcome.HOLD, Outcome.REMOVE)


def without_vector(found: QuerySet[Exemplar], encoder: Encoder) -> QuerySet[Exemplar]:
    """Those the interactive worker has yet to encode."""
    known = ExemplarVector.objects.filter(encoder=encoder).values("exemplar_id")
    return found.exclude(picture="").filter(Q(pdq__isnull=True) | ~Q(pk__in=known))


def judge_of(
    *, bank: Bank, encoder: Encoder, exemplars: QuerySet[Exemplar], hold: float | None = None
) -> Judge:
    """The judge by these exemplars of the bank, as banks are now; `hold` (cosine) tries another
    threshold than the bank's."""
    now = timezone.now()
    safe = Bank.objects.active(now).filter(kind=BankKind.SAFE, policy_id=bank.policy_id)
    concerned = (bank, *safe.select_related("policy").order_by("pk"))
    chosen = frozenset(exemplars.filter(is_enabled=True).values_list("pk", flat=True))
    known = parts.read(concerned, encoder)
    known[bank.pk] = _only(known[bank.pk], chosen)
    matcher = matching.assemble(concerned, known, encoder)
    if hold is not None:
        limits = {**matcher.limits, bank.pk: _held_from(hold, matcher.limits[bank.pk])}
        matcher = replace(matcher, limits=limits)
    cosine = matcher.limits[bank.pk].hold
    aim = Aim(encoder, tuple(chosen), cosine, bank.hash_distance)
    return Judge(bank, encoder, matcher, aim, in_force.storefronts_without(bank.policy))


def judge(judge: Judge, candidates: Candidates) -> list[Case]:
    """The cases among the candidates, in their order; photos that do not match are left out.

    A match that has its flag already raises none, and neither does one that a person approved.
    """
    raised = [case for case in _raised(judge, candidates) if case.flags]
    flags = _flags_of(judge.bank, [case.image.pk for case in raised])
    approved = _approved(flags)
    standing = {_cause(flag): flag for flag in flags if flag.withdrawn_at is None}
    for case in raised:
        news = []
        for flag in case.flags:
            before = standing.get(_cause(flag))
            if before and (stands(before) or not stands(flag)):
                continue
            if (flag.image_id, flag.exemplar_id) in approved:
                continue
            news.append(flag)
            if before:
                case.replaced.append(before)
        case.flags = news
    return raised


def _raised(judge: Judge, candidates: Candidates) -> Iterator[Case]:
    matcher = judge.matcher
    at_once = max(1, SCORES_AT_ONCE // max(1, len(matcher.vectors.ids)))
    for start in range(0, len(candidates.images), at_once):
        rows = slice(start, start + at_once)
        found = matcher.matches(
            candidates.vectors[rows], candidates.hashes[rows], candidates.qualities[rows]
        )
        for image, matches in zip(candidates.images[rows], found, strict=True):
            if image.storefront_id in judge.spared:
                continue
            flags = [
                screening.flag_for(image, match, matches, judge.encoder)
                for match in matching.violating(matches)
            ]
            yield Case(image, flags)


def _flags_of(bank: Bank, images: Sequence[UUID]) -> list[Flag]:
    return list(Flag.objects.filter(bank=bank, image__in=images).select_related("policy"))


def _approved(flags: Iterable[Flag]) -> set[tuple[UUID, UUID | None]]:
    """Photos and exemplars of which a person has said that the one does not show the other."""
    judged = [flag for flag in flags if stands(flag)]
    decided = dict(
        Decision.objects.effective()
        .filter(image__in={flag.image_id for flag in judged}, action=Action.APPROVE)
        .values_list("image_id")
        .annotate(Max("decided_at"))
    )
    return {
        (flag.image_id, flag.exemplar_id)
        for flag in judged
        if (at := decided.get(flag.image_id))
        and flag.created_at <= at
        and (flag.withdrawn_at is None or at < flag.withdrawn_at)
    }


def _cause(flag: Flag) -> Cause:
    return flag.image_id, flag.kind, flag.exemplar_id, flag.encoder_id


def _held_from(hold: float, limits: Limits) -> Limits:
    """Limits that hold from another cosine; removal starts no sooner."""
    remove = limits.remove
    return Limits(hold, None if remove is None else max(hold, remove))


def _only(part: parts.Part, chosen: Collection[UUID]) -> parts.Part:
    """The part of a bank that some of its exemplars make up."""
    vectors = [row for row, key in enumerate(part.vector_ids) if key in chosen]
    hashes = [row for row, key in enumerate(part.hash_ids) if key in chosen]
    return replace(
        part,
        vector_ids=tuple(part.vector_ids[row] for row in vectors),
        vectors=part.vectors[vectors],
        hash_ids=tuple(part.hash_ids[row] for row in hashes),
        hashes=part.hashes[:, hashes],
    )
