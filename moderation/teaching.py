"""Learning from a decision: the photo's own picture joins a bank, and leaves it with an undo."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog import history
from catalog.models import Encoder, Image
from moderation import banks
from moderation.choices import Action, BankKind, MatchKind, ModerationEvent, Result
from moderation.models import Bank, Decision, Exemplar, Flag, Policy, Review

LOOK_ALIKES = "Allowed look-alikes"
LEARNED = "Learned from reviews"


class TeachingRefused(Exception):
    """Nothing was taught; `code` is one of undone, wrong_bank, retired, gone."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def suggestions(decision: Decision) -> list[Bank]:
    """The banks this decision can teach, the likeliest first; none when it teaches nothing.

    A removal teaches violating banks of its policy, an approval the safe banks of the policies
    the photo was flagged for. Where a policy has no such bank yet, one is proposed that is not
    saved (its `pk` is None) until it is taught.
    """
    if decision.action == Action.REMOVE:
        return _banks_of(decision.policy, BankKind.VIOLATING, []) if decision.policy else []
    flags = list(
        Flag.objects.standing()
        .filter(image_id=decision.image_id, created_at__lte=decision.decided_at)
        .exclude(kind=MatchKind.PROMPT)
        .select_related("policy", "bank")
        .order_by("-policy__severity", "policy__name", "-score")
    )
    policies = {flag.policy_id: flag.policy for flag in flags}
    return [
        bank
        for key, policy in policies.items()
        for bank in _banks_of(
            policy, BankKind.SAFE, [flag.bank for flag in flags if flag.policy_id == key]
        )
    ]


@transaction.atomic
def teach(*, decision: Decision, bank: Bank, author: AbstractBaseUser) -> Exemplar:
    """Add the decided photo's own picture to `bank`, one of `suggestions`.

    Raises `TeachingRefused`, and `ImageRejected` should the stored original be damaged.
    """
    image = Image.objects.select_for_update().filter(pk=decision.image_id).first()
    # Undoing locks the review too: what is taught is either seen by the undo, or refused here.
    Review.objects.select_for_update(of=("self",)).filter(pk=decision.review_id).first()
    decision = Decision.objects.select_related("settlement", "policy").get(pk=decision.pk)
    if image is None:
        raise TeachingRefused("gone", "This photo was erased, so it cannot become an exemplar.")
    if _is_undone(decision):
        raise TeachingRefused("undone", "This decision was undone, so it teaches nothing.")
    wanted = (bank.policy_id, bank.name)
    if wanted not in [(each.policy_id, each.name) for each in suggestions(decision)]:
        raise TeachingRefused("wrong_bank", f"This decision cannot teach {bank.name}.")
    if bank.pk is None:
        bank, _ = Bank.objects.get_or_create(
            policy_id=bank.policy_id,
            name=bank.name,
            defaults={
                "kind": bank.kind,
                "hold_threshold": bank.hold_threshold,
                "hash_distance": bank.hash_distance,
                "note": bank.note,
            },
        )
    known = bank.exemplars.filter(sha256=image.sha256).select_related("taught_by").first()
    if known is not None and not known.is_enabled:
        _bring_back(known, decision)
    try:
        with image.original.open("rb") as file:
            data = file.read()
    except FileNotFoundError as missing:
        raise TeachingRefused("gone", "The photo’s file is not in the store any more.") from missing
    exemplar = banks.add_exemplar(
        bank=bank,
        data=data,
        note=image.filename,
        source=f"{decision.get_action_display()}d by {decision.decided_by}",
        added_by=author,
        taken_from=image,
        taught_by=decision,
    )
    history.record(
        [
            history.event(
                image=image,
                kind=ModerationEvent.TAUGHT,
                summary=f"Added to {bank} by {author}",
                actor=author,
                exemplar=str(exemplar.pk),
                decision=decision.pk,
            )
        ]
    )
    return exemplar


@transaction.atomic
def forget(*, decisions: Sequence[Decision]) -> int:
    """Disable what these taught, because they no longer stand; returns how many exemplars."""
    learned = Exemplar.objects.filter(taught_by__in=decisions, is_enabled=True)
    return banks.switch_exemplars(ids=learned.values_list("pk", flat=True), on=False)


def _banks_of(policy: Policy, kind: BankKind, flagged_by: list[Bank | None]) -> list[Bank]:
    found = list(policy.banks.filter(kind=kind).select_related("policy"))
    if found:
        return found
    bank = Bank(policy=policy, kind=kind, name=LEARNED, note="Photos removed in review.")
    like = next(iter(flagged_by), None)
    if kind == BankKind.SAFE:
        bank.name, bank.note = LOOK_ALIKES, "Photos approved in review."
    if like is not None:
        encoder = Encoder.objects.filter(is_active=True).first()
        bank.hash_distance = like.hash_distance
        bank.hold_threshold = (
            banks.thresholds_of(like, encoder).hold if encoder else like.hold_threshold
        )
    return [bank]


def _is_undone(decision: Decision) -> bool:
    settlement = getattr(decision, "settlement", None)
    return settlement is not None and settlement.result == Result.UNDONE


def _bring_back(exemplar: Exemplar, decision: Decision) -> None:
    """The picture is in the bank, disabled: by an undo that this decision follows, or by a lead,
    whose word counts for more."""
    if exemplar.taught_by is None or not _is_undone(exemplar.taught_by):
        bank = exemplar.bank.name
        raise TeachingRefused(
            "retired", f"This picture was retired from {bank}. A lead can bring it back."
        )
    exemplar.taught_by = decision
    exemplar.save(update_fields=["taught_by"])
