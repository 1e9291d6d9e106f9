"""What the admin classes of both apps share."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import Image

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    AnyModelForm = forms.ModelForm[Any]
    AnyUpload = UploadedFile[bytes]
else:
    AnyAdmin = admin.ModelAdmin
    AnyInline = admin.TabularInline
    AnyModelForm = forms.ModelForm
    AnyUpload = UploadedFile


class StandingAdmin(AnyAdmin):
    """Rows that are switched off, never deleted: others refer to them as history."""

    show_full_result_count = False  # counting every row of a large table is slow

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(StandingAdmin):
    """Rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(AnyInline):
    """Rows of the same kind, shown on the page of what they belong to."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class VectorAdmin(ReadOnlyAdmin):
    """Rows with a vector, which is never fetched: thousands of numbers tell a reader nothing."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("vector")

    @admin.display(description="dimension")
    def dimension(self, row: Any) -> int:
        dimension: int = row.encoder.dimension
        return dimension


def user_of(request: HttpRequest) -> AbstractBaseUser:
    """Who is in the admin, where nobody is anonymous."""
    assert isinstance(request.user, AbstractBaseUser)  # noqa: S101
    return request.user


def picture(url: str, text: str, height: int) -> SafeString:
    return format_html('<img src="{}" alt="{}" height="{}" loading="lazy">', url, text, height)


def thumbnail(image: Image) -> SafeString:
    """A photo small enough for a list."""
    return picture(reverse("catalog:thumbnail", args=[image.pk]), str(image), 48)
