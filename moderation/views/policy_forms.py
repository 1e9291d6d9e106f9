"""What leads may write about policies, and what is wrong with it in words."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.text import slugify

from catalog.roles import Role
from moderation.models import Policy, PolicyPrompt

PROMPT_LIMIT = 200


class PolicyForm(forms.ModelForm):
    """A policy and its prompts, one per line."""

    needs_second_person = forms.BooleanField(required=False)
    group = forms.ModelChoiceField(
        Group.objects.exclude(name__in=(Role.LEAD, Role.STAFF)).order_by("name"),
        required=False,
        empty_label="Every moderator",
    )
    prompts = forms.CharField(required=False)
    contrast = forms.CharField(required=False)

    class Meta:
        model = Policy
        fields = (
            "name",
            "description",
            "severity",
            "review_within_minutes",
            "needs_second_person",
            "group",
            "prompt_threshold",
            "is_enabled",
        )
        error_messages = {
            "name": {"required": "Give the policy a name, such as “Weapons”."},
            "review_within_minutes": {
                "required": "Say within how many minutes a held photo must be reviewed.",
                "invalid": "Write the minutes as a whole number.",
            },
            "prompt_threshold": {"invalid": "Write the threshold as a number such as 0.8."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was: list[tuple[str, bool]] = []
        if self.instance.pk:
            own = self.instance.prompts.filter(is_enabled=True)
            self.was = [(prompt.text, prompt.is_contrast) for prompt in own]
            for field, contrast in (("prompts", False), ("contrast", True)):
                self.fields[field].initial = "\n".join(t for t, c in self.was if c == contrast)

    def clean_review_within_minutes(self) -> int:
        minutes: int = self.cleaned_data["review_within_minutes"]
        if not 1 <= minutes <= 60 * 24 * 90:
            raise forms.ValidationError("Choose between 1 minute and 90 days (129,600 minutes).")
        return minutes

    def clean_prompt_threshold(self) -> float | None:
        threshold: float | None = self.cleaned_data["prompt_threshold"]
        if threshold is not None and not 0 < threshold <= 1:
            raise forms.ValidationError(
                "A probability lies above 0 and at most at 1, for example 0.8."
            )
        return threshold

    def clean_prompts(self) -> list[str]:
        return self._lines("prompts")

    def clean_contrast(self) -> list[str]:
        return self._lines("contrast")

    def _lines(self, field: str) -> list[str]:
        lines = dict.fromkeys(line.strip() for line in self.cleaned_data[field].splitlines())
        for line in lines:
            if len(line) > PROMPT_LIMIT:
                raise forms.ValidationError(
                    f"“{line[:40]}…” is longer than {PROMPT_LIMIT} characters. Say it shorter."
                )
        return [line for line in lines if line]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        prompts, contrast = data.get("prompts") or [], data.get("contrast") or []
        if both := set(prompts) & set(contrast):
            self.add_error("contrast", f"“{both.pop()}” stands on both sides. Choose one.")
        if data.get("prompt_threshold") is not None:
            if not prompts:
                self.add_error(
                    "prompts", "The threshold needs a sentence to score. Add one, or empty it."
                )
            elif not contrast:
                self.add_error(
                    "contrast",
                    "Add at least one contrast prompt, what else such a photo may show: without "
                    "one, every photo would count as the violation.",
                )
        elif prompts and contrast and "prompt_threshold" not in self.errors:
            self.add_error(
                "prompt_threshold", "Say from which probability the prompts hold a photo."
            )
        if not self.instance.slug and data.get("name"):
            self.instance.slug = _free_slug(data["name"])
        return data

    def wanted_prompts(self) -> list[tuple[str, bool]]:
        """Every prompt the form asks for, and whether it is a contrast."""
        data = self.cleaned_data
        return [(t, False) for t in data["prompts"]] + [(t, True) for t in data["contrast"]]


def _free_slug(name: str) -> str:
    base = slugify(name)[:40] or "policy"
    taken = set(Policy.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, n = base, 2
    while slug in taken:
        slug, n = f"{base}-{n}", n + 1
    return slug


def save_prompts(policy: Policy, wanted: list[tuple[str, bool]]) -> bool:
    """Make a policy's prompts the wanted ones; True when anything changed."""
    was = {(prompt.text, prompt.is_contrast): prompt for prompt in policy.prompts.all()}
    stale = [prompt for key, prompt in was.items() if key not in wanted or not prompt.is_enabled]
    PolicyPrompt.objects.filter(pk__in=[prompt.pk for prompt in stale]).delete()
    kept = {key for key, prompt in was.items() if prompt not in stale}
    new = [key for key in wanted if key not in kept]
    PolicyPrompt.objects.bulk_create(
        [PolicyPrompt(policy=policy, text=text, is_contrast=contrast) for text, contrast in new]
    )
    return bool(stale or new)
