"""Django's admin for the catalog, one file per subject."""

from catalog.admin import (
    attributes,
    duplicates,
    fetches,
    images,
    imports,
    requests,
    storefronts,
    teaching,
    vectors,
    webhooks,
)

__all__ = [
    "attributes",
    "duplicates",
    "fetches",
    "images",
    "imports",
    "requests",
    "storefronts",
    "teaching",
    "vectors",
    "webhooks",
]
