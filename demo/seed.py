"""What the demo starts from: people, a storefront, the taxonomy, policies, banks and exemplars."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User

from catalog import taxonomy
from catalog.attributes import importing as attributes
from catalog.models import Storefront
from moderation import banks
from moderation.choices import BankKind, Severity
from moderation.models import Bank, Policy

HERE = Path(__file__).parent

# name, severity, minutes a held photo may wait, what moderators are told
POLICIES: dict[str, tuple[str, Severity, int, str]] = {
    "weapons": (
        "Weapons",
        Severity.SEVERE,
        60,
        "Firearms, combat knives, grenades. Toys that cannot be mistaken for one are fine.",
    ),
    "drugs": (
        "Drugs",
        Severity.HIGH,
        120,
        "Cannabis, syringes, loose pills. Sweets and plain leaves are fine.",
    ),
    "tobacco": (
        "Tobacco and vaping",
        Severity.MEDIUM,
        240,
        "Cigarettes and vaping devices. Pens and candles are fine.",
    ),
    "alcohol": (
        "Alcohol",
        Severity.MEDIUM,
        240,
        "Beer, wine and spirits. Soft drinks, juice and water are fine.",
    ),
}

# Cosines at which demo photos are held. Every encoder spreads its space differently: the mini
# model's was measured on the demo's own pictures (see its model card); for others this is a
# cautious start that near-copies reach, to be set from one's own decisions.
HOLD_THRESHOLD = {"mini": 0.73, "other": 0.88}
VETO_THRESHOLD = {"mini": 0.73, "other": 0.88}

PEOPLE = (
    ("demo-staff", "staff", "uploads photos, corrects the catalog"),
    ("demo-moderator", "moderator", "clears the review queue"),
    ("demo-moderator-2", "moderator", "a second pair of eyes"),
    ("demo-lead", "lead", "owns policies, banks and thresholds"),
)


@dataclass(frozen=True)
class Login:
    """A demo login, for the screen."""

    username: str
    password: str
    purpose: str


def manifest() -> dict[str, Any]:
    """The list of sample pictures and exemplars, with what each shows."""
    return dict(json.loads((HERE / "manifest.json").read_text()))


def people() -> list[Login]:
    """Make the demo's users. Their password is this checkout's own: derived from its key."""
    key = settings.SECRET_KEY.encode()
    password = hmac.new(key, b"demo password", hashlib.sha256).hexdigest()[:12]
    logins = []
    for username, group, purpose in PEOPLE:
        user, _ = User.objects.get_or_create(username=username)
        user.is_staff = group == "lead"  # may open the admin
        user.is_superuser = group == "lead"
        if not user.check_password(password):
            user.set_password(password)
        user.save()
        user.groups.set([Group.objects.get(name=group)])
        logins.append(Login(username, password, purpose))
    return logins


def storefront(*, slug: str, name: str) -> Storefront:
    """The storefront that receives the demo's photos."""
    return Storefront.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def house_rules(*, mini: bool) -> int:
    """Load the taxonomy, policies, banks and exemplars; returns the number of exemplars."""
    taxonomy.load(path=taxonomy.STARTER)
    attributes.load()
    for slug, (name, severity, minutes, description) in POLICIES.items():
        Policy.objects.update_or_create(
            slug=slug,
            defaults={
                "name": name,
                "severity": severity,
                "review_within_minutes": minutes,
                "description": description,
                "needs_second_person": severity == Severity.SEVERE,
            },
        )
    exemplars = manifest()["exemplars"]
    for entry in exemplars:
        bank = _bank(entry["policy"], BankKind(entry["kind"]), mini=mini)
        data = (HERE / entry["file"]).read_bytes()
        banks.add_exemplar(bank=bank, data=data, note=entry["note"])
    return len(exemplars)


def _bank(policy_slug: str, kind: BankKind, *, mini: bool) -> Bank:
    policy = Policy.objects.get(slug=policy_slug)
    name = f"Known {policy.name.lower()}" if kind == BankKind.VIOLATING else "Allowed look-alikes"
    thresholds = HOLD_THRESHOLD if kind == BankKind.VIOLATING else VETO_THRESHOLD
    threshold = thresholds["mini" if mini else "other"]
    bank, created = Bank.objects.get_or_create(
        policy=policy, name=name, defaults={"kind": kind, "hold_threshold": threshold}
    )
    if not created and bank.hold_threshold != threshold:
        bank.hold_threshold = threshold
        bank.save(update_fields=["hold_threshold"])
        banks.touch(bank)
    return bank
