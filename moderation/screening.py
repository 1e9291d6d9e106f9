"""Stage: screen each photo against every bank and prompt; flags and reviews come out."""

from collections import Counter
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q

from catalog import history
from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Encoder, Event, Image
from moderation import banks, embedding, entering, flooding, in_force, matching, prompts
from moderation.choices import BankKind, MatchKind, ModerationEvent, Outcome
from moderation.in_force import Rules
from moderation.matching import Match, Matcher
from moderation.models import Flag
from moderation.prompts import Described, PromptMatch

EVENTS = {
    Outcome.VETOED: (ModerationEvent.VETOED, "vetoed by a safe exemplar"),
    Outcome.UNSAMPLED: (ModerationEvent.UNSAMPLED, "outside the bank's sample"),
}


class ScreenImages:
    """Raises the verdict of photos that match, and marks every photo screened."""

    def __init__(self) -> None:
        self._matcher: Matcher | None = None
        self._described: tuple[Described, ...] = ()
        self._state: tuple[int, matching.State] | None = None

    def prepare(self, encoder: LoadedEncoder) -> None:
        self._refresh(encoder)

    def process(self, batch: Batch) -> None:
        # Prepared outside the transaction, where encoding delays nobody; asked again inside it,
        # with the banks held still, so that no change slips in between.
        banks.hold_still()
        flags = self.judge(batch)
        _forget(batch)
        Flag.objects.bulk_create(flags)
        history.record(event_of(flag) for flag in flags)
        rules = _rules(batch)
        entering.enter(_to_review(batch, flags, rules))
        _count(self._refresh(batch.encoder), batch, flags, rules)

    def judge(self, batch: Batch) -> list[Flag]:
        """The flags of the photos as the banks are now, not saved; sets what they amount to."""
        matcher = self._refresh(batch.encoder)
        flags: list[Flag] = []
        matches = matcher.matches(
            batch.vectors,
            np.stack([item.pdq for item in batch.items]),
            np.array([item.pdq_quality for item in batch.items]),
        )
        described = prompts.matches(self._described, batch.vectors, batch.encoder.row)
        rules = _rules(batch)
        for item, by_bank, by_prompt in zip(batch.items, matches, described, strict=True):
            own = rules[item.image.storefront_id]
            by_bank = [match for match in by_bank if own.heeds(match.bank.policy_id)]
            by_prompt = [match for match in by_prompt if own.heeds(match.policy.pk)]
            raised = [
                flag_for(item.image, m, by_bank, batch.encoder.row)
                for m in matching.violating(by_bank)
            ]
            raised += [prompt_flag(item, m, by_bank, batch.encoder) for m in by_prompt]
            flags += raised
            item.verdict = verdict(raised)
            if item.verdict == Status.HELD and own.live_meanwhile:
                item.verdict = Status.LIVE
            item.screened = True
        return flags

    def _refresh(self, encoder: LoadedEncoder) -> Matcher:
        """The matcher of what the banks are now."""
        state = (encoder.row.pk, matching.state())
        if self._matcher is None or state != self._state:
            embedding.embed_missing(encoder)
            self._described = prompts.build(encoder)
            self._matcher = matching.build(encoder, before=self._matcher)
            self._state = state
        return self._matcher


def _forget(batch: Batch) -> None:
    """Drop what an earlier screening with this encoder found: the photos are screened anew."""
    Flag.objects.filter(
        Q(encoder=batch.encoder.row) | Q(kind=MatchKind.HASH),
        image__in=[item.image for item in batch.items],
        withdrawn_at__isnull=True,
    ).delete()


def flag_for(image: Image, match: Match, matches: list[Match], encoder: Encoder) -> Flag:
    """The flag of one match in a violating bank, whatever comes of it.

    A hash says that it is the same picture, which a person confirms: only a vector removes. A
    bank in quarantine removes nothing.
    """
    bank, by_hash = match.bank, match.kind == MatchKind.HASH
    outcome, threshold = Outcome.HOLD, float(bank.hash_distance or 0)
    if not by_hash:
        threshold, remove = match.limits.hold, match.limits.remove
        if remove is not None and match.score >= remove and not bank.quarantined_at:
            outcome, threshold = Outcome.REMOVE, remove
    if not matching.sampled(bank, image.sha256):
        outcome = Outcome.UNSAMPLED
    return _overruled(
        Flag(
            image=image,
            kind=match.kind,
            policy=bank.policy,
            bank=bank,
            bank_version=bank.version,
            exemplar_id=match.exemplar_id,
            encoder=None if by_hash else encoder,
            score=match.score,
            threshold=threshold,
            outcome=outcome,
            quarantined=bank.quarantined_at is not None,
        ),
        matching.veto(matches, policy_id=bank.policy_id, against=match),
    )


def prompt_flag(
    item: Item, match: PromptMatch, matches: list[Match], encoder: LoadedEncoder
) -> Flag:
    """The flag of a photo that a policy's prompts describe."""
    return _overruled(
        Flag(
            image=item.image,
            kind=MatchKind.PROMPT,
            policy=match.policy,
            bank_version=match.policy.version,
            prompt=match.prompt,
            prompt_text=match.prompt.text,
            encoder=encoder.row,
            score=match.score,
            threshold=match.threshold,
            outcome=Outcome.HOLD,
        ),
        matching.veto(matches, policy_id=match.policy.pk),
    )


def _overruled(flag: Flag, safe: Match | None) -> Flag:
    """The flag with its veto, if there is one. The veto's score is a cosine, in bits when both
    are hashes, and a hash's share of equal bits where only the veto is one."""
    if safe:
        flag.outcome = Outcome.VETOED
        flag.vetoed_by_id = safe.exemplar_id
        only_safe = safe.kind == MatchKind.HASH and flag.kind != MatchKind.HASH
        flag.veto_score = 1 - safe.score / 256 if only_safe else safe.score
    return flag


def verdict(flags: list[Flag]) -> Status:
    """What the flags of one photo amount to: removal over hold over live."""
    outcomes = {flag.outcome for flag in flags}
    if Outcome.REMOVE in outcomes:
        return Status.REMOVED
    return Status.HELD if Outcome.HOLD in outcomes else Status.LIVE


def _rules(batch: Batch) -> dict[int, Rules]:
    return in_force.rules_of(item.image.storefront_id for item in batch.items)


def _to_review(batch: Batch, flags: list[Flag], rules: dict[int, Rules]) -> list[Flag]:
    """The flags of photos that wait for a person, held or live meanwhile."""
    shops = {item.image.pk: item.image.storefront_id for item in batch.items}
    by_image: dict[UUID, list[Flag]] = {}
    for flag in flags:
        by_image.setdefault(flag.image_id, []).append(flag)
    return [
        flag
        for image_id, own in by_image.items()
        if verdict(own) == Status.HELD and rules[shops[image_id]].reviewed
        for flag in own
    ]


def _count(matcher: Matcher, batch: Batch, flags: list[Flag], rules: dict[int, Rules]) -> None:
    """Have the banks' traffic counted once the batch is committed; a failure there is logged and
    costs a count, never a photo. What a sandbox sends is no traffic."""
    banks_of_all = [bank for bank in matcher.banks if bank.kind == BankKind.VIOLATING]
    shops = [rules[item.image.storefront_id] for item in batch.items]
    screened = {
        bank.pk: sum(shop.reviewed and shop.heeds(bank.policy_id) for shop in shops)
        for bank in banks_of_all
    }
    counted = {
        item.image.pk for item, shop in zip(batch.items, shops, strict=True) if shop.reviewed
    }
    standing = {
        (flag.image_id, flag.bank_id)
        for flag in flags
        if flag.bank_id
        and flag.image_id in counted
        and flag.outcome in (Outcome.HOLD, Outcome.REMOVE)
    }
    held = Counter(bank_id for _, bank_id in standing if bank_id)
    if not any(screened.values()):
        return

    def count() -> None:
        for photos in sorted(set(screened.values()) - {0}):
            banks_of_some = [key for key, number in screened.items() if number == photos]
            flooding.count(
                banks=banks_of_some,
                screened=photos,
                held={key: held[key] for key in banks_of_some if key in held},
            )

    transaction.on_commit(count, robust=True)


def event_of(flag: Flag) -> Event:
    """How a photo's history tells of a flag; not saved."""
    kind, consequence = EVENTS.get(Outcome(flag.outcome), (ModerationEvent.FLAGGED, ""))
    if flag.kind == MatchKind.HASH:
        found = f"same picture, {flag.score:.0f} bits differ"
        consequence = consequence or f"within {flag.threshold:.0f}"
    else:
        found = f"{flag.score:.2f}" + (" for" if flag.bank is None else "")
        consequence = consequence or f"threshold {flag.threshold:.2f}"
    where = flag.cause if flag.bank is None else f"in {flag.bank.name}"
    return history.event(
        image=flag.image,
        kind=kind,
        summary=f"{flag.policy}: {found} {where} ({consequence})",
        exemplar=str(flag.exemplar_id) if flag.exemplar_id else None,
        score=round(flag.score, 4),
        bank_version=flag.bank_version,
    )
