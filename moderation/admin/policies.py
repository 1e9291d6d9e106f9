"""Policies and the prompts that describe them. Every change reaches the workers by the version."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from catalog.admin.base import (
    AnyInline,
    ReadOnlyAdmin,
    ReadOnlyInline,
    StandingAdmin,
    VectorAdmin,
)
from moderation import banks
from moderation.models import Bank, Policy, PolicyPrompt, PromptVector, StorefrontPolicy

if TYPE_CHECKING:
    AnyFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    AnyFormSet = BaseInlineFormSet


class BankInline(ReadOnlyInline):
    """A look at a policy's banks; they are changed on their own pages."""

    model = Bank
    fields = ("name", "kind", "hold_threshold", "remove_threshold", "hash_distance", "is_enabled")
    show_change_link = True


class PromptFormSet(AnyFormSet):
    """Prompts compete for the photo: a violation without a rival would win every time."""

    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]
        enabled = [row for row in rows if row.get("text") and row.get("is_enabled")]
        violating = any(not row["is_contrast"] for row in enabled)
        contrast = any(row["is_contrast"] for row in enabled)
        if violating and not contrast:
            raise forms.ValidationError(
                "Add a contrast prompt: something else a photo might show, such as “a photo of a "
                "kitchen”. Without one, every photo would be the violation.",
                code="no_contrast",
            )
        if self.instance.prompt_threshold is not None and not violating:
            raise forms.ValidationError(
                "The policy has a prompt threshold and no prompt that says what violates it. Add "
                "one, or leave the threshold empty.",
                code="no_prompt",
            )


class PromptInline(AnyInline):
    """What a policy's prompt threshold is compared with."""

    model = PolicyPrompt
    formset = PromptFormSet
    verbose_name_plural = (
        "prompts: what violates the policy, as a caption would say it (“a photo of a handgun”), "
        "and as contrast what else photos show (“a photo of a drill”)"
    )
    fields = ("text", "is_contrast", "is_enabled")
    extra = 1
    can_delete = False  # switched off: flags name them


@admin.register(Policy)
class PolicyAdmin(StandingAdmin):
    list_display = (
        "name", "slug", "severity", "review_within_minutes", "needs_second_person", "group",
        "prompt_threshold", "is_enabled", "version",
    )  # fmt: skip
    list_filter = ("severity", "needs_second_person", "is_enabled")
    list_select_related = ("group",)
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("version",)
    inlines = (PromptInline, BankInline)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        if change:
            # Only what the form changed: the version may have grown since the form was opened.
            obj.save(update_fields=form.changed_data)
        else:
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        banks.touch_policy(form.instance)


@admin.register(StorefrontPolicy)
class StorefrontPolicyAdmin(ReadOnlyAdmin):
    """Chosen on the storefront's page."""

    list_display = ("storefront", "policy")
    list_filter = ("policy",)
    list_select_related = ("storefront", "policy")
    search_fields = ("storefront__name", "policy__name")


@admin.register(PolicyPrompt)
class PolicyPromptAdmin(ReadOnlyAdmin):
    """Prompts are changed on the page of their policy."""

    list_display = ("text", "policy", "is_contrast", "is_enabled")
    list_filter = ("policy", "is_contrast", "is_enabled")
    list_select_related = ("policy",)
    search_fields = ("text",)


@admin.register(PromptVector)
class PromptVectorAdmin(VectorAdmin):
    list_display = ("text", "prompt", "encoder", "dimension")
    list_filter = ("encoder",)
    list_select_related = ("prompt", "encoder")
    fields = list_display
