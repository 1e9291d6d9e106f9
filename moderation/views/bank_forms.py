"""What leads may write about banks, and what is wrong with it in words."""

from datetime import UTC
from typing import Any

from django import forms
from django.utils import timezone

from moderation.choices import BankKind
from moderation.models import Bank

LOCAL = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> reads and writes


class BankForm(forms.ModelForm):
    """A bank's settings. Its thresholds are set in the lab, except the first one."""

    state = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")], initial="on")
    switches_at = forms.DateTimeField(
        required=False,
        input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        error_messages={"invalid": "Write the time as year-month-day and hour:minute."},
    )
    sample_percent = forms.FloatField(
        initial=100,
        error_messages={
            "required": "Say which share of matching photos it acts on; 100 for all.",
            "invalid": "Write the share as a number of percent.",
        },
    )

    class Meta:
        model = Bank
        fields = (
            "name", "kind", "note", "hold_threshold", "hash_distance", "veto_margin", "sample_seed"
        )  # fmt: skip
        error_messages = {
            "name": {"required": "Give the bank a name."},
            "hold_threshold": {
                "required": "Say from which cosine it acts; 0.9 is a careful start.",
                "invalid": "Write the threshold as a number such as 0.9.",
            },
            "hash_distance": {"invalid": "Write the bits as a whole number, or leave it empty."},
            "veto_margin": {"invalid": "Write the margin as a number such as 0.02."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bank = self.instance
        if bank.pk:
            del self.fields["kind"], self.fields["hold_threshold"]
            now = timezone.now()
            self.fields["state"].initial = "on" if bank.is_active(now) else "off"
            ahead = bank.switches_at if bank.switches_at and bank.switches_at > now else None
            self.fields["switches_at"].initial = ahead and ahead.astimezone(UTC).strftime(LOCAL)
            self.fields["sample_percent"].initial = f"{bank.sample_rate * 100:.6g}"
            if bank.kind != BankKind.SAFE:
                del self.fields["veto_margin"]
        for name in ("veto_margin", "sample_seed"):
            if name in self.fields:
                self.fields[name].required = False

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        own = Bank.objects.filter(policy_id=self.instance.policy_id, name=name)
        if own.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"This policy has a bank called “{name}” already.")
        return name

    def clean_switches_at(self) -> object:
        moment = self.cleaned_data["switches_at"]
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError("That time has passed. Choose one to come, or none.")
        return moment

    def clean_sample_percent(self) -> float:
        percent: float = self.cleaned_data["sample_percent"]
        if not 0 < percent <= 100:
            raise forms.ValidationError(
                "A share lies above 0 and at most at 100 %. To stop the bank, switch it off."
            )
        return percent

    def clean_hold_threshold(self) -> float:
        threshold: float = self.cleaned_data["hold_threshold"]
        if not 0 < threshold <= 1:
            raise forms.ValidationError("A cosine threshold lies above 0 and at most at 1.")
        return threshold

    def clean_hash_distance(self) -> int | None:
        bits: int | None = self.cleaned_data["hash_distance"]
        if bits is not None and not 0 <= bits <= 64:
            raise forms.ValidationError("Between 0 and 64 bits; 31 is usual. Empty: no hashes.")
        return bits

    def clean_veto_margin(self) -> float:
        margin: float = self.cleaned_data["veto_margin"] or 0.0
        if not -1 <= margin <= 1:
            raise forms.ValidationError("A margin between cosines lies between −1 and 1.")
        return margin

    def clean_sample_seed(self) -> int:
        return self.cleaned_data["sample_seed"] or 0

    def save(self, commit: bool = True) -> Any:
        bank = self.instance
        bank.is_enabled = self.cleaned_data["state"] == "on"
        bank.switches_at = self.cleaned_data["switches_at"]
        bank.sample_rate = self.cleaned_data["sample_percent"] / 100
        return super().save(commit)
