"""Django's admin for the catalog, one file per subject."""

from catalog.admin import images, storefronts, vectors

__all__ = ["images", "storefronts", "vectors"]
