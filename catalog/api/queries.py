"""Fetching photos with all that the API says about them, in a fixed number of queries."""

from django.db.models import Prefetch

from catalog.models import Embedding, Tag
from catalog.models.image import ImageQuerySet


def described(images: ImageQuerySet) -> ImageQuerySet:
    """Photos ready for `ImageSerializer`: three queries however many they are.

    Vectors stay in the database: they are the bulk of a row and never shown.
    """
    embeddings = (
        Embedding.objects.select_related("encoder")
        .defer("vector")
        .order_by("-encoder__is_active", "-created_at")
    )
    tags = Tag.objects.select_related("category").order_by("rank")
    return images.select_related("product").prefetch_related(
        Prefetch("embeddings", embeddings), Prefetch("tags", tags)
    )
