"""Django's admin for the catalog, one file per subject."""

from catalog.admin import images, imports, storefronts, teaching, vectors

__all__ = ["images", "imports", "storefronts", "teaching", "vectors"]
