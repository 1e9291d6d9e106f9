"""What leads may set for a storefront and its keys, and what is wrong with it in words."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from catalog.choices import Scope
from catalog.models import Storefront

WHOLE = "Write a whole number, or leave it empty."
LIFETIMES = (("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"))
OVERLAPS = (
    ("24", "after a day"),
    ("1", "after an hour"),
    ("168", "after a week"),
    ("0", "at once"),
)
MODES = (("live", "Live"), ("test", "Test"))


class NewStorefrontForm(forms.Form):
    name = forms.CharField(
        max_length=120, error_messages={"required": "Give the storefront a name."}
    )


class SettingsForm(forms.ModelForm):
    """A storefront's own settings. What was typed is kept beside each error."""

    is_active = forms.BooleanField(required=False)
    publish_before_review = forms.BooleanField(required=False)

    class Meta:
        model = Storefront
        fields = (
            "name",
            "is_active",
            "publish_before_review",
            "exposure",
            "points_per_minute",
            "key_points_per_minute",
        )
        error_messages = {
            "name": {"required": "Give the storefront a name."},
            "exposure": {
                "required": "Write a number above 0; 1 is usual.",
                "invalid": "Write a number such as 1 or 2.5.",
            },
            "points_per_minute": {"invalid": WHOLE, "min_value": "0 or more; 0 is no limit."},
            "key_points_per_minute": {"invalid": WHOLE, "min_value": "0 or more; 0 is no limit."},
        }

    def clean_exposure(self) -> float:
        exposure: float = self.cleaned_data["exposure"]
        if not 0 < exposure <= 1000:
            raise forms.ValidationError("Choose a number above 0 and up to 1,000.")
        return exposure


class KeyForm(forms.Form):
    """A key to be made."""

    name = forms.CharField(max_length=120, error_messages={"required": "Say what the key is for."})
    mode = forms.ChoiceField(choices=MODES)
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        error_messages={"required": "Choose at least one thing the key may do."},
    )
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False)

    @property
    def expires_at(self) -> datetime | None:
        days: str = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class RotateForm(forms.Form):
    """For how long two keys work."""

    hours = forms.ChoiceField(choices=OVERLAPS)

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))


def first_problem(form: forms.BaseForm) -> str:
    """What is wrong with a form, in one sentence."""
    return next((str(e) for errors in form.errors.values() for e in errors), "")


def initial_key() -> dict[str, Any]:
    return {"mode": "live", "scopes": list(Scope.values), "lifetime": ""}
