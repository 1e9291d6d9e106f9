"""Policies, banks and exemplars. Every change here reaches the workers by the bank's version."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.admin.base import (
    AnyModelForm,
    AnyUpload,
    ReadOnlyInline,
    StandingAdmin,
    VectorAdmin,
    picture,
    user_of,
)
from catalog.admin.images import checked
from moderation import banks
from moderation.models import Bank, Exemplar, ExemplarVector, Policy


class BankInline(ReadOnlyInline):
    """A look at a policy's banks; they are changed on their own pages."""

    model = Bank
    fields = ("name", "kind", "hold_threshold", "remove_threshold", "is_enabled")
    show_change_link = True


@admin.register(Policy)
class PolicyAdmin(StandingAdmin):
    list_display = ("name", "slug", "severity", "review_within_minutes", "is_enabled")
    list_filter = ("severity", "is_enabled")
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (BankInline,)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for bank in obj.banks.all():
            banks.touch(bank)


@admin.register(Bank)
class BankAdmin(StandingAdmin):
    list_display = (
        "name", "policy", "kind", "hold_threshold", "remove_threshold", "exemplars", "is_enabled",
        "version",
    )  # fmt: skip
    list_filter = ("kind", "is_enabled", "policy")
    list_select_related = ("policy",)
    search_fields = ("name", "policy__name")
    readonly_fields = ("version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bank]:
        enabled = Count("exemplars", filter=Q(exemplars__is_enabled=True))
        found: QuerySet[Bank] = super().get_queryset(request)
        return found.annotate(exemplar_count=enabled)

    @admin.display(ordering="exemplar_count", description="enabled exemplars")
    def exemplars(self, bank: Bank) -> int:
        count: int = bank.exemplar_count  # type: ignore[attr-defined]
        return count

    def save_model(self, request: HttpRequest, obj: Bank, form: Any, change: bool) -> None:
        if change:
            # Only what the form changed: the version may have grown since the form was opened.
            obj.save(update_fields=form.changed_data)
        else:
            obj.save()
        banks.touch(obj)


class ExemplarForm(AnyModelForm):
    """A known image is added by its file, through the same verb as everywhere else."""

    file = forms.FileField(allow_empty_file=True, help_text="The known image.")

    class Meta:
        model = Exemplar
        fields = ("bank", "note")

    def clean_file(self) -> AnyUpload:
        file: AnyUpload = self.cleaned_data["file"]
        self.data_read = checked(file)
        return file


@admin.register(Exemplar)
class ExemplarAdmin(StandingAdmin):
    list_display = ("image", "__str__", "bank", "is_enabled", "added_by", "created_at")
    list_display_links = ("image", "__str__")
    list_filter = ("is_enabled", "bank")
    list_select_related = ("bank__policy", "added_by")
    search_fields = ("note", "=id", "=sha256")
    autocomplete_fields = ("bank",)
    actions = ("enable", "disable")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = {} if obj else {"form": ExemplarForm}
        return super().get_form(request, obj, change, **form | kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("bank", "file", "note")
        return ("image", "note", "is_enabled", *self.get_readonly_fields(request, obj)[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = ("image", "bank", "sha256", "source", "added_by", "created_at")
        return fixed if obj else ()

    def save_model(self, request: HttpRequest, obj: Exemplar, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
            banks.touch(obj.bank)
            return
        added = banks.add_exemplar(
            bank=obj.bank, data=form.data_read, note=obj.note, added_by=user_of(request)
        )
        obj.__dict__.update(added.__dict__)

    @admin.display(description="picture")
    def image(self, exemplar: Exemplar) -> SafeString:
        url = reverse("moderation:exemplar", args=[exemplar.pk])
        return picture(url, str(exemplar), 96)

    @admin.display(description="taken from")
    def source(self, exemplar: Exemplar) -> str:
        return str(exemplar.taken_from or "a file")

    @admin.action(description="Match against selected exemplars", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Exemplar]) -> None:
        self._switch(request, queryset, to=True)

    @admin.action(description="Stop matching against selected exemplars", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Exemplar]) -> None:
        self._switch(request, queryset, to=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Exemplar], *, to: bool) -> None:
        other = queryset.exclude(is_enabled=to)
        changed = list(Bank.objects.filter(exemplars__in=other).distinct())
        count = other.update(is_enabled=to)
        for bank in changed:
            banks.touch(bank)
        messages.success(request, f"Exemplars changed: {count}.")


@admin.register(ExemplarVector)
class ExemplarVectorAdmin(VectorAdmin):
    list_display = ("exemplar", "encoder", "dimension", "created_at")
    list_filter = ("encoder",)
    list_select_related = ("exemplar", "encoder")
    fields = list_display
