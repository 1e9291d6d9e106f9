"""What the catalog stores, one file per noun."""

from catalog.models.encoder import Embedding, Encoder, QueryVector
from catalog.models.event import Event
from catalog.models.hash import PerceptualHash
from catalog.models.image import Image
from catalog.models.importing import Import, ImportItem, Upload, UploadPart
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
from catalog.models.teaching import (
    Calibration,
    CategoryHead,
    HeadVector,
    LearningSwitch,
    TagVerdict,
)

__all__ = [
    "ApiKey",
    "Calibration",
    "Category",
    "CategoryHead",
    "CategoryVector",
    "Embedding",
    "Encoder",
    "Event",
    "HeadVector",
    "Image",
    "Import",
    "ImportItem",
    "LearningSwitch",
    "MapPoint",
    "PerceptualHash",
    "Product",
    "Projection",
    "QueryVector",
    "Storefront",
    "StorefrontPrune",
    "Tag",
    "TagVerdict",
    "Taxonomy",
    "TaxonomyDraft",
    "Upload",
    "UploadPart",
]
