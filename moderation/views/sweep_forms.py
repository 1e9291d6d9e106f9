"""What the page that starts a sweep is asked, and what it was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.http import QueryDict

from catalog.views.params import text
from moderation.models import Bank, Exemplar

FASTEST = 100_000


@dataclass(frozen=True)
class Asked:
    """A bank, and the exemplars of it to sweep by: none means all.

    `problem` says what of the address cannot be used.
    """

    bank: Bank | None
    exemplars: Sequence[Exemplar]
    problem: str = ""


def read(params: QueryDict) -> Asked:
    """What `bank=7&exemplars=<id>,<id>` asks for; the ids may come one by one as well."""
    key = text(params, "bank")
    if not key:
        return Asked(None, ())
    found = Bank.objects.select_related("policy")
    is_number = key.isascii() and key.isdigit() and len(key) < 19
    bank = found.filter(pk=int(key)).first() if is_number else None
    if bank is None:
        return Asked(None, (), "There is no such bank. Choose one of these.")
    named = [part for each in params.getlist("exemplars") for part in each.split(",") if part]
    try:
        keys = {UUID(part) for part in named}
    except ValueError:
        return Asked(bank, (), "An exemplar in the address does not exist; these are all of them.")
    exemplars = list(bank.exemplars.filter(pk__in=keys, is_enabled=True))
    if len(exemplars) < len(keys):
        return Asked(bank, exemplars, f"Some exemplars are retired, or not in {bank.name}.")
    return Asked(bank, exemplars)


class StartForm(forms.Form):
    """How fast, and why."""

    rate = forms.IntegerField(
        min_value=1,
        max_value=FASTEST,
        error_messages={
            "required": f"Say how many photos a second, from 1 to {FASTEST:,}.",
            "invalid": f"Say how many photos a second, from 1 to {FASTEST:,}.",
            "min_value": "A sweep looks at one photo a second at least.",
            "max_value": f"At most {FASTEST:,} photos a second.",
        },
    )
    note = forms.CharField(
        required=False,
        max_length=300,
        error_messages={"max_length": "Keep the note under 300 characters."},
    )
