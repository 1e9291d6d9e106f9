"""Bulk imports, to be looked at: they are started, paused and cancelled on their own pages."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin
from catalog.models import Import, ImportItem, Upload, UploadPart


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ("id", "storefront", "status", "started_by", "created_at", "finished_at")
    list_filter = ("status", "storefront")
    list_select_related = ("storefront", "started_by")
    search_fields = ("storefront__name", "started_by__username", "error")


@admin.register(ImportItem)
class ImportItemAdmin(ReadOnlyAdmin):
    list_display = ("name", "job", "status", "reason", "sku", "image")
    list_filter = ("status",)
    list_select_related = ("job", "image")
    search_fields = ("name", "sku", "reason")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ("name", "size", "received", "uploaded_by", "job", "expires_at")
    list_select_related = ("uploaded_by", "job")
    search_fields = ("name", "uploaded_by__username")


@admin.register(UploadPart)
class UploadPartAdmin(ReadOnlyAdmin):
    """Pieces of files on their way; what is in them is not served."""

    list_display = ("upload", "offset", "size")
    list_select_related = ("upload",)
    search_fields = ("upload__name",)
    fields = list_display
