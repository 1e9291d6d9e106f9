"""Attributes, what photos have of them and what people said, to be looked at."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin, VectorAdmin
from catalog.models import (
    Attribute,
    AttributeValue,
    AttributeVector,
    AttributeVerdict,
    ImageAttribute,
)


@admin.register(Attribute)
class AttributeAdmin(ReadOnlyAdmin):
    """Switched on the page of attributes and changed by files, so that workers notice."""

    list_display = ("name", "method", "is_exclusive", "threshold", "is_active", "updated_at")
    list_filter = ("method", "is_active")
    search_fields = ("slug", "name")


@admin.register(AttributeValue)
class AttributeValueAdmin(ReadOnlyAdmin):
    list_display = ("name", "attribute", "is_contrast", "is_retired")
    list_filter = ("attribute", "is_retired")
    list_select_related = ("attribute",)
    search_fields = ("slug", "name", "attribute__name")


@admin.register(AttributeVector)
class AttributeVectorAdmin(VectorAdmin):
    list_display = ("value", "encoder", "dimension", "is_known", "created_at")
    list_filter = ("is_known",)
    list_select_related = ("value", "encoder")
    search_fields = ("value__name",)
    fields = (*list_display, "words_digest")


@admin.register(ImageAttribute)
class ImageAttributeAdmin(ReadOnlyAdmin):
    list_display = ("image", "value", "score", "threshold", "is_confirmed", "encoder")
    list_filter = ("is_confirmed", "value__attribute")
    list_select_related = ("image", "value", "encoder")
    search_fields = ("image__filename", "value__name")


@admin.register(AttributeVerdict)
class AttributeVerdictAdmin(ReadOnlyAdmin):
    list_display = ("image", "value", "accepted", "by", "at")
    list_filter = ("accepted",)
    list_select_related = ("image", "value", "by")
    search_fields = ("image__filename", "value__name", "by__username")
