"""Photos, their tags and their history."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.admin.base import (
    AnyModelForm,
    AnyUpload,
    ReadOnlyAdmin,
    ReadOnlyInline,
    StandingAdmin,
    picture,
    thumbnail,
    user_of,
)
from catalog.choices import Source
from catalog.ingest import ingest, limits
from catalog.ml.images import check
from catalog.ml.rejection import ImageRejected
from catalog.models import Event, Image, Tag


def checked(file: AnyUpload) -> bytes:
    """An uploaded picture's bytes. Raises `ValidationError` with the reason it is refused."""
    most = limits().max_bytes
    data: bytes = file.read(most + 1)
    try:
        check(data, limits())
    except ImageRejected as error:
        raise forms.ValidationError(str(error), code=error.code) from error
    return data


class UploadForm(AnyModelForm):
    """A photo comes in by the same door as everywhere else."""

    file = forms.FileField(allow_empty_file=True, help_text="The photo.")

    class Meta:
        model = Image
        fields = ("storefront", "product")

    def clean_file(self) -> AnyUpload:
        file: AnyUpload = self.cleaned_data["file"]
        self.data_read = checked(file)
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        product, storefront = cleaned.get("product"), cleaned.get("storefront")
        if product and storefront and product.storefront_id != storefront.pk:
            self.add_error("product", "This product belongs to another storefront.")
        return cleaned


class TagInline(ReadOnlyInline):
    model = Tag
    fields = ("rank", "category", "score", "threshold", "encoder", "created_at")


class EventInline(ReadOnlyInline):
    model = Event
    fields = ("at", "kind", "summary", "actor")


@admin.register(Image)
class ImageAdmin(StandingAdmin):
    """Photos are added and looked at. Where one stands is for the conveyor and for moderators."""

    list_display = ("photo", "__str__", "storefront", "status", "source", "size", "created_at")
    list_display_links = ("photo", "__str__")
    list_filter = ("status", "source", "format", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("=id", "filename", "=sha256", "product__sku")
    date_hierarchy = "created_at"
    autocomplete_fields = ("storefront", "product")
    readonly_fields = ("preview", "size")
    form = UploadForm
    inlines = (TagInline, EventInline)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("storefront", "product", "file")})]
        upload = ("storefront", "product", "filename", "source", "uploaded_by", "created_at")
        processing = ("processed_at", "screened_at", "attempts", "lease_expires_at")
        return [
            (None, {"fields": ("preview", "status", "failure_code", "failure_reason")}),
            ("Upload", {"fields": upload}),
            ("File", {"fields": ("format", "size", "size_bytes", "sha256")}),
            ("Processing", {"fields": processing}),
        ]

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> Any:
        return self.inlines if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Image, form: Any, change: bool) -> None:
        received = ingest(
            storefront=obj.storefront,
            product=obj.product,
            data=form.data_read,
            filename=form.cleaned_data["file"].name,
            source=Source.ADMIN,
            uploaded_by=user_of(request),
        )
        obj.__dict__.update(received.image.__dict__)
        if not received.created:
            messages.info(request, "This photo was there already; nothing was added.")

    @admin.display(description="")
    def photo(self, image: Image) -> SafeString:
        return thumbnail(image)

    @admin.display(description="photo")
    def preview(self, image: Image) -> SafeString:
        return picture(reverse("catalog:display", args=[image.pk]), str(image), 320)

    @admin.display(description="pixels")
    def size(self, image: Image) -> str:
        return f"{image.width} x {image.height}"


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ("photo", "category", "score", "threshold", "rank", "encoder", "created_at")
    list_filter = ("rank", "encoder")
    list_select_related = ("image", "category", "encoder")
    search_fields = ("category__name", "=image__id", "image__filename")
    ordering = ("-created_at", "rank")

    @admin.display(description="")
    def photo(self, tag: Tag) -> SafeString:
        return thumbnail(tag.image)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "summary", "image", "actor")
    list_filter = ("kind",)
    # Not the photo: events outlive it, and a join would leave those out.
    list_select_related = ("actor",)
    search_fields = ("summary", "=image__id")
    date_hierarchy = "at"
    ordering = ("-at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        found: QuerySet[Event] = super().get_queryset(request)
        return found.prefetch_related("image")
