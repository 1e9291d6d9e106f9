"""A verdict as a form sends it."""

from dataclasses import dataclass

from django.http import QueryDict

from catalog.views.params import text
from moderation.actions import ACTIONS
from moderation.choices import Action
from moderation.models import Policy

NOTE_LIMIT = 500
GREATEST = 2**31 - 1  # what a version column holds


class VerdictRefused(ValueError):
    """What was sent is no verdict; the message says what is missing."""


@dataclass(frozen=True)
class Verdict:
    action: str
    policy: Policy | None
    note: str


def verdict_in(sent: QueryDict) -> Verdict:
    """The action, and its policy where it needs one. Raises `VerdictRefused`.

    A button may send both at once: `remove` with the policy's slug.
    """
    action = Action.REMOVE if "remove" in sent else sent.get("action", "")
    if action not in ACTIONS:
        raise VerdictRefused("Say what to do: `action` is one of " + ", ".join(ACTIONS) + ".")
    policy = None
    if ACTIONS[action].needs_policy:
        slug = text(sent, "remove") or text(sent, "policy")
        policy = Policy.objects.filter(slug=slug, is_enabled=True).first()
        if policy is None:
            raise VerdictRefused("A removal names the policy it is made under: choose one.")
    return Verdict(action=action, policy=policy, note=text(sent, "note", limit=NOTE_LIMIT))


def version_in(sent: QueryDict) -> int:
    """The version of the review that the screen showed. Raises `VerdictRefused`."""
    version = sent.get("version", "")
    if not (version.isascii() and version.isdigit()) or int(version) > GREATEST:
        raise VerdictRefused("`version` is missing: reload the page and decide again.")
    return int(version)
