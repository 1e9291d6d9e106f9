"""Stage: screen each photo against every bank; flags and reviews come out."""

from catalog import history
from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Event
from moderation import entering, matching
from moderation.choices import ModerationEvent, Outcome
from moderation.models import Flag


class ScreenImages:
    """Raises the verdict of photos near violating exemplars, and marks every photo screened."""

    def __init__(self) -> None:
        self._matcher: matching.Matcher | None = None
        self._state: tuple[int, matching.State] | None = None

    def prepare(self, encoder: LoadedEncoder) -> None:
        state = (encoder.row.pk, matching.state())
        if state != self._state:
            self._matcher = matching.build(encoder)
            self._state = state

    def process(self, batch: Batch) -> None:
        if self._matcher is None:
            raise RuntimeError("The screening stage was not prepared before its first batch.")
        Flag.objects.filter(
            image__in=[item.image for item in batch.items], encoder=batch.encoder.row
        ).delete()
        flags: list[Flag] = []
        for item, matches in zip(batch.items, self._matcher.nearest(batch.vectors), strict=True):
            raised = [
                flag_for(item, match, matches, batch.encoder)
                for match in matching.violating(matches)
            ]
            flags.extend(raised)
            item.verdict = verdict(raised)
            item.screened = True
        Flag.objects.bulk_create(flags)
        history.record(_event(flag) for flag in flags)
        held = {item.image.pk for item in batch.items if item.verdict == Status.HELD}
        entering.enter([flag for flag in flags if flag.image_id in held])


def flag_for(
    item: Item, match: matching.Match, matches: list[matching.Match], encoder: LoadedEncoder
) -> Flag:
    """The flag of one match over its bank's threshold, vetoed or not."""
    bank = match.bank
    safe = matching.veto(match, matches)
    outcome, threshold = Outcome.HOLD, bank.hold_threshold
    if bank.remove_threshold is not None and match.score >= bank.remove_threshold:
        outcome, threshold = Outcome.REMOVE, bank.remove_threshold
    if safe:
        outcome = Outcome.VETOED
    return Flag(
        image=item.image,
        policy=bank.policy,
        bank=bank,
        bank_version=bank.version,
        exemplar_id=match.exemplar_id,
        encoder=encoder.row,
        score=match.score,
        threshold=threshold,
        outcome=outcome,
        vetoed_by_id=safe.exemplar_id if safe else None,
        veto_score=safe.score if safe else None,
    )


def verdict(flags: list[Flag]) -> Status:
    """What the flags of one photo amount to: removal over hold over live."""
    outcomes = {flag.outcome for flag in flags}
    if Outcome.REMOVE in outcomes:
        return Status.REMOVED
    return Status.HELD if Outcome.HOLD in outcomes else Status.LIVE


def _event(flag: Flag) -> Event:
    vetoed = flag.outcome == Outcome.VETOED
    summary = (
        f"{flag.policy}: {flag.score:.2f} in {flag.bank.name} "
        f"({'vetoed by a safe exemplar' if vetoed else f'threshold {flag.threshold:.2f}'})"
    )
    return history.event(
        image=flag.image,
        kind=ModerationEvent.VETOED if vetoed else ModerationEvent.FLAGGED,
        summary=summary,
        exemplar=str(flag.exemplar_id),
        score=round(flag.score, 4),
        bank_version=flag.bank_version,
    )
