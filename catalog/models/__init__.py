"""What the catalog stores, one file per noun."""

from catalog.models.alt_text import AltText
from catalog.models.attribute import (
    Attribute,
    AttributeValue,
    AttributeVector,
    AttributeVerdict,
    ImageAttribute,
)
from catalog.models.duplicates import (
    ComparedPhoto,
    DuplicateGroup,
    DuplicateLink,
    DuplicateMember,
    Grouping,
    IgnoredDuplicates,
)
from catalog.models.encoder import Embedding, Encoder, QueryVector
from catalog.models.erasure import DoomedFile, Tombstone
from catalog.models.event import Event
from catalog.models.fetch import Fetch
from catalog.models.hash import PerceptualHash
from catalog.models.idempotency import IdempotentRequest
from catalog.models.image import Image
from catalog.models.importing import Import, ImportItem, Upload, UploadPart
from catalog.models.map import MapPoint, Projection
from catalog.models.product import Product, ProductEvent
from catalog.models.retagging import Retagging
from catalog.models.storefront import ApiKey, Storefront, StorefrontEvent
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
from catalog.models.thresholds import CategoryThreshold, ThresholdSet, ThresholdSwitch
from catalog.models.webhook import Delivery, DeliveryAttempt, WebhookEndpoint, WebhookEvent

__all__ = [
    "AltText",
    "ApiKey",
    "Attribute",
    "AttributeValue",
    "AttributeVector",
    "AttributeVerdict",
    "Calibration",
    "Category",
    "CategoryHead",
    "CategoryThreshold",
    "CategoryVector",
    "ComparedPhoto",
    "Delivery",
    "DeliveryAttempt",
    "DoomedFile",
    "DuplicateGroup",
    "DuplicateLink",
    "DuplicateMember",
    "Embedding",
    "Encoder",
    "Event",
    "Fetch",
    "Grouping",
    "HeadVector",
    "IdempotentRequest",
    "IgnoredDuplicates",
    "Image",
    "ImageAttribute",
    "Import",
    "ImportItem",
    "LearningSwitch",
    "MapPoint",
    "PerceptualHash",
    "Product",
    "ProductEvent",
    "Projection",
    "QueryVector",
    "Retagging",
    "Storefront",
    "StorefrontEvent",
    "StorefrontPrune",
    "Tag",
    "TagVerdict",
    "Taxonomy",
    "TaxonomyDraft",
    "ThresholdSet",
    "ThresholdSwitch",
    "Tombstone",
    "Upload",
    "UploadPart",
    "WebhookEndpoint",
    "WebhookEvent",
]
