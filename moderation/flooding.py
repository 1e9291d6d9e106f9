"""A bank that suddenly holds far more than its usual share is quarantined, and a lead is told.

What it holds from then on waits in a queue of its own, still held; nothing goes live because of
it. So one bad exemplar cannot bury everything else.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, Sum
from django.utils import timezone

from moderation.choices import Queue
from moderation.models import Bank, BankTraffic, Flag, Notice, Review

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
USUAL_OVER = timedelta(days=7)
# Before a bank has a history it is taken to hold 1 photo in 100, as if 1,000 had been seen.
EXPECTED_SHARE = 0.01
EXPECTED_PHOTOS = 1_000

ADD = """
    INSERT INTO moderation_banktraffic (bank_id, hour, screened, held)
    SELECT bank_id, %s, %s, held FROM unnest(%s::bigint[], %s::int[]) AS t(bank_id, held)
    ON CONFLICT (bank_id, hour) DO UPDATE SET
        screened = moderation_banktraffic.screened + EXCLUDED.screened,
        held = moderation_banktraffic.held + EXCLUDED.held
"""


def count(*, banks: Iterable[int], screened: int, held: Mapping[int, int]) -> None:
    """Note a batch of `screened` photos and how many each bank held, and quarantine those it
    floods. Takes keys of all violating banks that took part.

    Runs after the batch was committed: batches of other workers never wait for these rows, nor
    does changing a bank wait for this batch.
    """
    now = timezone.now()
    keys = sorted(banks)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [_hour(now), screened, keys, [held.get(key, 0) for key in keys]])
    suspects = Bank.objects.filter(pk__in=held, quarantined_at__isnull=True)
    for bank in suspects.select_related("policy").order_by("pk"):
        if reason := flooded(bank, now):
            quarantine(bank=bank, reason=reason)


def flooded(bank: Bank, now: datetime) -> str:
    """In words how the bank exceeds its usual share at `now`; empty when it does not.

    Compares this and the last hour with the seven days before. What was counted before a lead
    lifted a quarantine is theirs to judge and not held against it again.
    """
    since = _hour(now) - HOUR
    lifted = bank.notices.aggregate(at=Max("settled_at"))["at"]
    recent, held = _traffic(bank, max(since, _hour(lifted) + HOUR) if lifted else since, None)
    if not recent or held < settings.VITRINE_FLOOD_MINIMUM:
        return ""
    before, held_before = _traffic(bank, since - USUAL_OVER, since)
    usual = (held_before + EXPECTED_SHARE * EXPECTED_PHOTOS) / (before + EXPECTED_PHOTOS)
    share = held / recent
    if share <= limit(usual):
        return ""
    return (
        f"Held {held:,} of {recent:,} photos ({share:.0%}) within two hours, far beyond its usual "
        f"{usual:.1%}. What it holds now waits in a queue of its own."
    )


def limit(usual: float) -> float:
    """The share from which a bank with this usual share is flooded: so many times its odds,
    which never asks for more than every photo, whatever the factor."""
    raised = settings.VITRINE_FLOOD_FACTOR * usual
    return raised / (1 - usual + raised)


@transaction.atomic
def quarantine(*, bank: Bank, reason: str) -> bool:
    """Quarantine a bank and tell the leads; False when it is in quarantine already."""
    changed = Bank.objects.filter(pk=bank.pk, quarantined_at__isnull=True).update(
        quarantined_at=timezone.now(), quarantine_reason=reason[:300], version=F("version") + 1
    )
    if changed:
        Notice.objects.create(bank=bank, text=f"{bank} is in quarantine. {reason}"[:300])
        log.warning("Bank %s (%s) is in quarantine. %s", bank.pk, bank, reason)
    return bool(changed)


@transaction.atomic
def lift(*, bank: Bank, actor: AbstractBaseUser) -> int:
    """Let a bank out of quarantine; returns how many of its reviews join the first queue.

    Those that somebody is looking at, and those that only other quarantined banks hold, stay
    where they are. Nothing is published by it.
    """
    now = timezone.now()
    Bank.objects.filter(pk=bank.pk).update(
        quarantined_at=None, quarantine_reason="", version=F("version") + 1
    )
    bank.refresh_from_db(fields=["quarantined_at", "quarantine_reason", "version"])
    bank.notices.filter(settled_at__isnull=True).update(settled_at=now, settled_by_id=actor.pk)
    freed = Flag.objects.standing().filter(image=OuterRef("image_id"), bank=bank)
    waiting = (
        Review.objects.open()
        .filter(
            Q(claimed_by__isnull=True) | Q(claim_expires_at__lte=now),
            Exists(freed),
            queue=Queue.FLOOD,
        )
        .select_for_update(of=("self",))
        .order_by("pk")  # as everybody locks them who locks several
        .values_list("pk", flat=True)
    )
    return Review.objects.filter(pk__in=list(waiting)).update(
        queue=Queue.FIRST, version=F("version") + 1
    )


def _traffic(bank: Bank, start: datetime, end: datetime | None) -> tuple[int, int]:
    """Photos screened and held in the hours from `start` until `end`."""
    hours = BankTraffic.objects.filter(bank=bank, hour__gte=start)
    if end:
        hours = hours.filter(hour__lt=end)
    sums = hours.aggregate(screened=Sum("screened"), held=Sum("held"))
    return sums["screened"] or 0, sums["held"] or 0


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
