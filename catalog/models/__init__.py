"""What the catalog stores, one file per noun."""

from catalog.models.encoder import Embedding, Encoder, QueryVector
from catalog.models.event import Event
from catalog.models.hash import PerceptualHash
from catalog.models.image import Image
from catalog.models.map import MapPoint, Projection
from catalog.models.product import Product
from catalog.models.storefront import ApiKey, Storefront
from catalog.models.tag import Tag
from catalog.models.taxonomy import (
    Category,
    CategoryVector,
    StorefrontPrune,
    Taxonomy,
    TaxonomyDraft,
)

__all__ = [
    "ApiKey",
    "Category",
    "CategoryVector",
    "Embedding",
    "Encoder",
    "Event",
    "Image",
    "MapPoint",
    "PerceptualHash",
    "Product",
    "Projection",
    "QueryVector",
    "Storefront",
    "StorefrontPrune",
    "Tag",
    "Taxonomy",
    "TaxonomyDraft",
]
