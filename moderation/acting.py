"""What a sweep does with one chunk of photos, inside the transaction that moves it on."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from catalog import history, publishing
from catalog.choices import EventKind, Status
from catalog.models import Event, Image
from moderation import candidates, entering, in_force, judging, screening
from moderation.judging import Case, Judge
from moderation.models import Exemplar, Flag, Sweep, SweepHit


def act(*, sweep: Sweep, by: QuerySet[Exemplar], ids: Sequence[UUID]) -> None:
    """Judge the photos `ids`, in order, and act: flags, hits, photos held or removed, reviews.

    Counts what it did in `sweep`, which the caller saves. Live photos that match are held, or
    removed by a bank trusted to; photos that are held already keep their status, and so do those
    of storefronts whose photos are live while they wait for a person.
    """
    judge = judging.judge_of(bank=sweep.bank, encoder=sweep.encoder, exemplars=by)
    cases = [case for case in judging.judge(judge, _near(judge, sweep, ids)) if case.flags]
    for case in cases:
        for flag in case.flags:
            flag.sweep = sweep
    replaced = [flag.pk for case in cases for flag in case.replaced]
    Flag.objects.filter(pk__in=replaced).update(withdrawn_at=timezone.now())
    flags = [flag for case in cases for flag in case.flags]
    Flag.objects.bulk_create(flags)
    matched = [case for case in cases if case.verdict != Status.LIVE]
    rules = in_force.rules_of(case.image.storefront_id for case in matched)
    acted = [
        case
        for case in matched
        if case.image.status == Status.LIVE
        and not (case.verdict == Status.HELD and rules[case.image.storefront_id].live_meanwhile)
    ]
    touched = {case.image.pk for case in acted}
    SweepHit.objects.bulk_create(
        _hit(sweep, case, acted=case.image.pk in touched) for case in matched
    )
    history.record(screening.event_of(flag) for flag in flags)
    history.record(_carry_out(case, sweep) for case in acted)
    # A photo that is removed leaves nothing to review; one that is held already does.
    reviewed = [
        case for case in matched if case.image.pk not in touched or case.verdict == Status.HELD
    ]
    entering.enter(flag for case in reviewed for flag in case.flags)
    sweep.matched += len(matched)
    sweep.held += len(acted)


def _near(judge: Judge, sweep: Sweep, ids: Sequence[UUID]) -> candidates.Candidates:
    found = list(ids)
    if len(judge.aim.exemplars) <= candidates.NARROWED_UP_TO:
        found = candidates.near(judge.aim, span=(sweep.cursor or UUID(int=0), ids[-1]))
    return candidates.fetch(found, sweep.encoder, lock=True)


def _hit(sweep: Sweep, case: Case, *, acted: bool) -> SweepHit:
    best = case.best
    if best.exemplar_id is None:
        raise ValueError("A flag of a bank names its exemplar.")
    return SweepHit(
        sweep=sweep,
        image=case.image,
        exemplar_id=best.exemplar_id,
        score=best.closeness,
        acted=acted,
        status_before=case.image.status,
    )


def _carry_out(case: Case, sweep: Sweep) -> Event:
    image: Image = case.image
    if case.verdict == Status.REMOVED:
        publishing.remove(image=image)
        kind, done = EventKind.REMOVED, "Removed"
    else:
        publishing.hold(image=image)
        kind, done = EventKind.HELD, "Held for review"
    summary = f"{done} by a sweep of {sweep.bank.name}"
    return history.event(image=image, kind=kind, summary=summary, sweep=sweep.pk)
