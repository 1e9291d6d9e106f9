"""What a shop's engineers try in their sandbox: deciding about their own photos, and appealing.

Nobody reviews a sandbox's photos, so its test keys decide instead. These decisions are kept apart
from those of people: no figure about moderation ever counts one.
"""

from django.db import transaction

from catalog import history
from catalog.choices import Status
from catalog.models import Image
from moderation.actions import ACTIONS
from moderation.choices import Action, AppealStatus, ModerationEvent
from moderation.models import Flag, Policy, TrialAppeal, TrialDecision


class TrialRefused(Exception):
    """`code` is one of not_test_mode, not_screened, nothing_to_appeal, already_appealed,
    in_review."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@transaction.atomic
def decide(*, image: Image, action: Action, policy: Policy | None = None) -> TrialDecision:
    """Decide about a sandbox's photo, with effect at once. A removal rests on `policy`, or on the
    most severe that flagged it. Raises `TrialRefused`."""
    image = _locked(image)
    if image.screened_at is None or image.status not in (
        *(Status.LIVE, Status.HELD, Status.REMOVED),
    ):
        raise TrialRefused("not_screened", "The photo has not been screened yet. Wait for it.")
    if action == Action.REMOVE:
        policy = policy or _worst(image)
    made = TrialDecision.objects.create(
        image=image, action=action, policy=policy if action == Action.REMOVE else None
    )
    TrialAppeal.objects.filter(image=image, outcome__isnull=True).update(outcome=made)
    ACTIONS[action].apply(image)
    what = ACTIONS[action]
    summary = f"{what.past} with a test key" + (f": {made.policy}" if made.policy else "")
    history.record([history.event(image=image, kind=what.event, summary=summary)])
    return made


@transaction.atomic
def appeal(*, image: Image, text: str) -> TrialAppeal:
    """Appeal against a test removal; the next test decision says how it ends. Raises
    `TrialRefused`."""
    image = _locked(image)
    if image.status != Status.REMOVED:
        raise TrialRefused("nothing_to_appeal", "This photo is not removed.")
    decision = TrialDecision.objects.filter(image=image).order_by("-pk").first()
    last = TrialAppeal.objects.filter(image=image).order_by("-pk").first()
    if last and last.status == AppealStatus.OPEN:
        raise TrialRefused("in_review", "This photo is in review already. Decide with a test key.")
    if last and (decision is None or last.outcome_id == decision.pk):
        raise TrialRefused(
            "already_appealed", "This removal was appealed before, and the outcome is final."
        )
    made = TrialAppeal.objects.create(image=image, text=text)
    summary = f"Appealed with a test key: {text}"
    history.record([history.event(image=image, kind=ModerationEvent.APPEALED, summary=summary)])
    return made


def _locked(image: Image) -> Image:
    found = Image.objects.select_for_update(of=("self",)).select_related("storefront")
    image = found.get(pk=image.pk)
    if image.storefront.livemode:
        raise TrialRefused(
            "not_test_mode", "This is a live photo: people decide about it. Use a test key."
        )
    return image


def _worst(image: Image) -> Policy | None:
    flags = Flag.objects.standing().filter(image=image).select_related("policy")
    flag = flags.order_by("-policy__severity", "-pk").first()
    return flag.policy if flag else None
