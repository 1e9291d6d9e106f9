"""Single keys: what each does, and how a person changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser

from moderation.models import Preferences

MAX_BREAK_MINUTES = 480


class Place(StrEnum):
    """Where a key works. One key may do different things in places that are never on one page."""

    ANYWHERE = "anywhere"
    DESK = "desk"  # reviews: the desk, the queue, second looks
    TAGS = "tags"  # the grid of photos and a photo's page
    LAB = "lab"  # the threshold lab


@dataclass(frozen=True)
class Shortcut:
    """Something a single key does. `name` is what preferences store."""

    name: str
    key: str  # the usual one
    label: str
    group: str
    place: Place = Place.DESK

    def meets(self, other: "Shortcut") -> bool:
        """True if one page may have both."""
        return self.place == other.place or Place.ANYWHERE in (self.place, other.place)


SHORTCUTS = (
    Shortcut("approve", "a", "Approve: the photo goes live", "Deciding"),
    Shortcut("remove", "r", "Remove; then a digit names the policy", "Deciding"),
    Shortcut("escalate", "e", "Escalate: a lead decides", "Deciding"),
    Shortcut("skip", "s", "Skip: leave it to someone else", "Deciding"),
    Shortcut("undo", "u", "Undo your last decision while it can be undone", "Deciding"),
    Shortcut("teach", "t", "Teach a bank from your last decision", "Deciding"),
    Shortcut("together", "d", "Decide near-duplicates together", "Deciding"),
    Shortcut("tag_right", "y", "Right: confirm the first tag", "Tagging", Place.TAGS),
    Shortcut("tag_wrong", "n", "Wrong: reject the first tag", "Tagging", Place.TAGS),
    Shortcut("tag_other", "t", "Type a tag that is missing", "Tagging", Place.TAGS),
    Shortcut("attribute_right", "r", "Attribute right: confirm the first", "Tagging", Place.TAGS),
    Shortcut("attribute_wrong", "w", "Attribute wrong: reject the first", "Tagging", Place.TAGS),
    Shortcut("attribute_add", "f", "Fill in an attribute", "Tagging", Place.TAGS),
    Shortcut("select", "x", "Select; with Shift, all up to here", "Tagging", Place.TAGS),
    Shortcut("select_all", "a", "Select all that are shown, or none", "Tagging", Place.TAGS),
    Shortcut("tag_undo", "u", "Undo your last corrections", "Tagging", Place.TAGS),
    Shortcut("next", "j", "Next, without deciding; next in a list", "Moving", Place.ANYWHERE),
    Shortcut("previous", "k", "Back; previous in a list", "Moving", Place.ANYWHERE),
    Shortcut("start", "n", "Start reviewing, or the next review", "Moving"),
    Shortcut("claim", "c", "Claim the review you look at", "Moving"),
    Shortcut("stop", "q", "Stop, and give the review back", "Moving"),
    Shortcut("search", "/", "Search", "Moving", Place.ANYWHERE),
    Shortcut("more", "m", "More like the photo in focus", "Moving", Place.ANYWHERE),
    Shortcut("blur", "b", "Blur held and removed photos, or show them", "Looking", Place.ANYWHERE),
    Shortcut("gray", "g", "Gray, or colour", "Looking", Place.ANYWHERE),
    Shortcut("zoom", "x", "Zoom in and out", "Looking"),
    Shortcut("zen", "z", "Zen: the photo and the actions, nothing else", "Looking"),
    Shortcut("less", "[", "Threshold lab: hold from 0.01 less", "Looking", Place.LAB),
    Shortcut("greater", "]", "Threshold lab: hold from 0.01 more", "Looking", Place.LAB),
    Shortcut("help", "?", "Show these keys", "Looking", Place.ANYWHERE),
)
BY_NAME = {shortcut.name: shortcut for shortcut in SHORTCUTS}
USUAL = {shortcut.name: shortcut.key for shortcut in SHORTCUTS}


class KeysRefused(ValueError):
    """Keys that cannot be used as asked; `problems` holds one sentence per shortcut's name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(problems.values())))
        self.problems = dict(problems)


def printed(key: str) -> str:
    """A key as it stands on a keyboard: Q for q. Some letters (ß) have no capital of one sign."""
    return key.upper() if len(key.upper()) == 1 else key


def preferences_of(user: AbstractBaseUser) -> Preferences:
    """A person's preferences, unsaved with the usual values where they never set any."""
    return Preferences.objects.filter(user_id=user.pk).first() or Preferences(user_id=user.pk)


def keys_of(user: AbstractBaseUser) -> dict[str, str]:
    """Every shortcut's key for this person, asked of the database once per user object."""
    known: dict[str, str] | None = getattr(user, "_shortcut_keys", None)
    if known is None:
        own = preferences_of(user).keys if user.pk else {}
        known = USUAL | {name: key for name, key in own.items() if name in USUAL}
        user._shortcut_keys = known  # type: ignore[attr-defined]
    return known


def save(
    *, user: AbstractBaseUser, keys: Mapping[str, str], break_after_minutes: int
) -> Preferences:
    """Store a person's keys; those left out get their usual one. Raises `KeysRefused`."""
    chosen = USUAL | {name: key.lower() for name, key in keys.items() if name in USUAL and key}
    if problems := problems_of(chosen):
        raise KeysRefused(problems)
    if not 0 <= break_after_minutes <= MAX_BREAK_MINUTES:
        problem = f"A break is proposed after 1 to {MAX_BREAK_MINUTES} minutes, or never: 0."
        raise KeysRefused({"break": problem})
    own = {name: key for name, key in chosen.items() if key != USUAL[name]}
    preferences, _ = Preferences.objects.update_or_create(
        user_id=user.pk, defaults={"keys": own, "break_after_minutes": break_after_minutes}
    )
    user.__dict__.pop("_shortcut_keys", None)
    return preferences


def problems_of(keys: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a whole set of keys: one sentence per shortcut's name. A key may do one
    thing only wherever it is pressed."""
    labels = {shortcut.name: shortcut.label.split(":")[0].split(";")[0] for shortcut in SHORTCUTS}
    problems = {}
    for name, key in keys.items():
        clash = [
            labels[other]
            for other in keys
            if other != name and keys[other] == key and BY_NAME[name].meets(BY_NAME[other])
        ]
        if len(key) != 1 or not key.isprintable() or key.isspace():
            problems[name] = f"“{labels[name]}” needs one letter or sign."
        elif key.isdigit():
            problems[name] = f"{key} names a policy when you remove. Choose a letter or a sign."
        elif clash:
            taken = " and ".join(f"“{label}”" for label in (labels[name], *clash))
            problems[name] = (
                f"{printed(key)} would do {len(clash) + 1} things: {taken}. Change one."
            )
    return problems
