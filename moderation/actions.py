"""Enforcement actions, one class each: what a decision does to the photo once it takes effect."""

from typing import ClassVar

from catalog import publishing
from catalog.models import Image
from moderation.choices import Action, ModerationEvent


class EnforcementAction:
    """One thing a moderator can decide. A new one is a class here and a word in `Action`."""

    action: ClassVar[Action]
    past: ClassVar[str]
    event: ClassVar[ModerationEvent]
    needs_policy: ClassVar[bool] = False

    def apply(self, image: Image) -> None:
        """Carry it out, inside the transaction that settles the decision."""
        raise NotImplementedError


class Approve(EnforcementAction):
    """The photo goes live."""

    action = Action.APPROVE
    past = "Approved"
    event = ModerationEvent.APPROVED

    def apply(self, image: Image) -> None:
        publishing.publish(image=image)


class Remove(EnforcementAction):
    """The photo is hidden for good, under the policy that says why."""

    action = Action.REMOVE
    past = "Removed"
    event = ModerationEvent.REMOVED
    needs_policy = True

    def apply(self, image: Image) -> None:
        publishing.remove(image=image)


ACTIONS: dict[str, EnforcementAction] = {each.action: each for each in (Approve(), Remove())}
