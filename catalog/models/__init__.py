"""What the catalog stores, one file per noun."""

from catalog.models.encoder import Embedding, Encoder, QueryVector
from catalog.models.event import Event
from catalog.models.hash import PerceptualHash
from catalog.models.image import Image
from catalog.models.importing import Import, ImportItem, Upload, UploadPart
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
    "Import",
    "ImportItem",
    "PerceptualHash",
    "Product",
    "QueryVector",
    "Storefront",
    "StorefrontPrune",
    "Tag",
    "Taxonomy",
    "TaxonomyDraft",
    "Upload",
    "UploadPart",
]
