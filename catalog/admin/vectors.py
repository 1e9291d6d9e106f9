"""Encoders, what they embedded, and the taxonomy photos are compared with."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from catalog.admin.base import ReadOnlyAdmin, VectorAdmin
from catalog.ml import pdq_text
from catalog.models import (
    Category,
    CategoryVector,
    Embedding,
    Encoder,
    PerceptualHash,
    QueryVector,
    StorefrontPrune,
    Taxonomy,
    TaxonomyDraft,
)


@admin.register(Encoder)
class EncoderAdmin(ReadOnlyAdmin):
    """Workers register what they load: an encoder edited by hand would lie about its vectors."""

    list_display = ("name", "is_active", "is_mini", "dimension", "scoring", "short", "created_at")
    list_filter = ("is_active", "is_mini", "scoring")
    search_fields = ("name", "fingerprint", "revision")

    @admin.display(description="fingerprint")
    def short(self, encoder: Encoder) -> str:
        return encoder.fingerprint[:12]


@admin.register(Embedding)
class EmbeddingAdmin(VectorAdmin):
    list_display = ("image", "encoder", "dimension", "created_at")
    list_filter = ("encoder",)
    list_select_related = ("image", "encoder")
    search_fields = ("=image__id", "image__filename")
    fields = list_display


@admin.register(QueryVector)
class QueryVectorAdmin(VectorAdmin):
    """What somebody searched for is not kept, only that it was something."""

    list_display = ("digest", "encoder", "dimension", "created_at")
    list_select_related = ("encoder",)
    search_fields = ("=digest",)
    fields = list_display


@admin.register(PerceptualHash)
class PerceptualHashAdmin(ReadOnlyAdmin):
    list_display = ("image", "digits", "quality", "created_at")
    list_select_related = ("image",)
    search_fields = ("=image__id", "image__filename")
    fields = list_display

    @admin.display(description="PDQ hash")
    def digits(self, row: PerceptualHash) -> str:
        return pdq_text.to_hex(pdq_text.from_bits(row.pdq))


@admin.register(Taxonomy)
class TaxonomyAdmin(ReadOnlyAdmin):
    """Taxonomies are files: what is here is what was loaded."""

    list_display = ("name", "slug", "version", "is_active", "categories", "updated_at")
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Taxonomy]:
        taxonomies: QuerySet[Taxonomy] = super().get_queryset(request)
        return taxonomies.annotate(category_count=Count("categories"))

    @admin.display(ordering="category_count")
    def categories(self, taxonomy: Taxonomy) -> int:
        count: int = taxonomy.category_count  # type: ignore[attr-defined]
        return count


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ("path", "external_id", "synonyms", "taxonomy", "is_retired")
    list_filter = ("taxonomy", "is_retired")
    list_select_related = ("taxonomy",)
    search_fields = ("name", "path", "external_id", "synonyms")


@admin.register(CategoryVector)
class CategoryVectorAdmin(VectorAdmin):
    list_display = ("category", "encoder", "dimension", "created_at")
    list_filter = ("encoder",)
    list_select_related = ("category", "encoder")
    search_fields = ("category__path",)
    fields = (*list_display, "words_digest", "template_version")


@admin.register(TaxonomyDraft)
class TaxonomyDraftAdmin(ReadOnlyAdmin):
    """Files that wait for somebody to apply them, on the taxonomy pages."""

    list_display = ("filename", "slug", "version", "uploaded_by", "uploaded_at")
    list_select_related = ("uploaded_by",)
    search_fields = ("filename", "slug")
    fields = (*list_display, "name")


@admin.register(StorefrontPrune)
class StorefrontPruneAdmin(ReadOnlyAdmin):
    """What storefronts leave out; chosen on the storefront's taxonomy page."""

    list_display = ("storefront", "category", "pruned_by", "pruned_at")
    list_filter = ("storefront",)
    list_select_related = ("storefront", "category", "pruned_by")
    search_fields = ("category__path",)
