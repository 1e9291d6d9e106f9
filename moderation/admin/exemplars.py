"""Exemplars: known pictures, and hashes of them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.admin.base import (
    AnyModelForm,
    AnyUpload,
    StandingAdmin,
    VectorAdmin,
    picture,
    user_of,
)
from catalog.admin.images import checked
from catalog.ml import pdq_text
from moderation import banks, hashes
from moderation.models import Exemplar, ExemplarVector


class ExemplarForm(AnyModelForm):
    """A picture is added by its file, a hash by its digits, through the verbs as everywhere."""

    file = forms.FileField(required=False, allow_empty_file=True, help_text="The known image.")
    pdq_hex = forms.CharField(
        required=False,
        label="PDQ hash",
        help_text="Instead of a file: the 64 hexadecimal digits of a hash that somebody shared.",
    )

    class Meta:
        model = Exemplar
        fields = ("bank", "source", "note")

    def clean_file(self) -> AnyUpload | None:
        file: AnyUpload | None = self.cleaned_data["file"]
        self.data_read = checked(file) if file else b""
        return file

    def clean_pdq_hex(self) -> str:
        digits: str = self.cleaned_data["pdq_hex"]
        if digits:
            try:
                pdq_text.from_hex(digits)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from error
        return digits

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("file")) == bool(cleaned.get("pdq_hex")):
            raise forms.ValidationError("Choose a file or enter a hash: one of them.")
        return cleaned


@admin.register(Exemplar)
class ExemplarAdmin(StandingAdmin):
    list_display = (
        "image", "__str__", "bank", "source", "pdq_quality", "is_enabled", "added_by", "created_at",
    )  # fmt: skip
    list_display_links = ("image", "__str__")
    list_filter = ("is_enabled", "bank")
    list_select_related = ("bank__policy", "added_by")
    search_fields = ("note", "source", "=id", "=sha256")
    autocomplete_fields = ("bank",)
    actions = ("enable", "disable")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = {} if obj else {"form": ExemplarForm}
        return super().get_form(request, obj, change, **form | kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("bank", "file", "pdq_hex", "source", "note")
        editable = ("source", "note", "is_enabled")
        return ("image", *editable, *self.get_readonly_fields(request, obj)[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = (
            "image", "bank", "sha256", "hash", "pdq_quality", "origin", "taught_by", "added_by",
            "created_at",
        )  # fmt: skip
        return fixed if obj else ()

    def save_model(self, request: HttpRequest, obj: Exemplar, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
            banks.touch(obj.bank)
            banks.ring()
            return
        digits = form.cleaned_data["pdq_hex"]
        given: dict[str, Any] = {
            "bank": obj.bank,
            "source": obj.source,
            "note": obj.note,
            "added_by": user_of(request),
        }
        if digits:
            added = banks.add_hash(pdq_hex=digits, **given)
        else:
            added = banks.add_exemplar(data=form.data_read, **given)
        obj.__dict__.update(added.__dict__)

    @admin.display(description="picture")
    def image(self, exemplar: Exemplar) -> SafeString | str:
        if not exemplar.picture:
            return "hash only"
        url = reverse("moderation:exemplar", args=[exemplar.pk])
        return picture(url, str(exemplar), 96)

    @admin.display(description="PDQ hash")
    def hash(self, exemplar: Exemplar) -> str:
        if exemplar.pdq is None:
            return "made when it is embedded"
        digits = pdq_text.to_hex(pdq_text.from_bits(str(exemplar.pdq)))
        usable = (exemplar.pdq_quality or 0) >= hashes.LEAST_QUALITY
        return digits if usable else f"{digits} (too little detail to be matched by it)"

    @admin.display(description="taken from")
    def origin(self, exemplar: Exemplar) -> str:
        return str(exemplar.taken_from or ("a file" if exemplar.picture else "a list"))

    @admin.action(description="Match against selected exemplars", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Exemplar]) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description="Stop matching against selected exemplars", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Exemplar]) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Exemplar], *, on: bool) -> None:
        count = banks.switch_exemplars(ids=queryset.values_list("pk", flat=True), on=on)
        messages.success(request, f"Exemplars changed: {count}.")


@admin.register(ExemplarVector)
class ExemplarVectorAdmin(VectorAdmin):
    list_display = ("exemplar", "encoder", "dimension", "created_at")
    list_filter = ("encoder",)
    list_select_related = ("exemplar", "encoder")
    fields = list_display
