"""Fetching photos with all that the API says about them, in a fixed number of queries."""

from collections.abc import Collection

from django.db.models import Prefetch

from catalog.models import Embedding, ImageAttribute, Tag
from catalog.models.image import ImageQuerySet

# Fields of a photo that need more than its own row.
FROM_TAGS = frozenset({"alt_text", "alt_text_source", "tags", "attributes", "encoder", "versions"})


def described(images: ImageQuerySet, only: Collection[str] | None = None) -> ImageQuerySet:
    """Photos ready for `ImageSerializer`: four queries however many they are, one for those
    `only` whose own row is shown.

    Vectors stay in the database: they are the bulk of a row and never shown.
    """
    embeddings = (
        Embedding.objects.select_related("encoder")
        .defer("vector")
        .order_by("-encoder__is_active", "-created_at")
    )
    tags = Tag.objects.select_related("category__taxonomy", "encoder", "head").order_by("rank")
    attributes = ImageAttribute.objects.filter(value__attribute__is_active=True).select_related(
        "value__attribute"
    )
    images = images.select_related("product", "storefront", "own_alt_text")
    if only is not None and FROM_TAGS.isdisjoint(only):
        return images
    return images.prefetch_related(
        Prefetch("embeddings", embeddings),
        Prefetch("tags", tags),
        Prefetch("attributes", attributes),
    )
