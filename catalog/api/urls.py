"""Addresses under /api/. Apps above the catalog pass in their richer endpoints."""

from typing import Any

from django.urls import URLPattern, path, re_path

from catalog.api.bulk import ImageBulk
from catalog.api.deliveries import webhook_routes
from catalog.api.fetches import FetchCollection, FetchDetail
from catalog.api.problems import unknown_endpoint
from catalog.api.products import ProductCollection, ProductDetail
from catalog.api.reference import Description, Redoc, Swagger
from catalog.api.search_schema import search_routes
from catalog.api.similar_products import similar_product_routes


def routes(*, collection: Any, detail: Any) -> list[URLPattern]:
    """The whole API with these two views for photos; searches show them as `detail` does."""
    return [
        path("v1/images", collection.as_view(), name="api-images"),
        path("v1/images/bulk", ImageBulk.as_view(photo=detail), name="api-bulk"),
        path("v1/images/<uuid:image_id>", detail.as_view(), name="api-image"),
        path("v1/fetches", FetchCollection.as_view(), name="api-fetches"),
        path("v1/fetches/<uuid:fetch_id>", FetchDetail.as_view(), name="api-fetch"),
        *webhook_routes(),
        path("v1/products", ProductCollection.as_view(), name="api-products"),
        *similar_product_routes(),
        path("v1/products/<path:sku>", ProductDetail.as_view(photo=detail), name="api-product"),
        *search_routes(detail),
        path("schema/", Description.as_view(), name="schema"),
        path("docs/", Swagger.as_view(url_name="schema"), name="api-docs"),
        path("redoc/", Redoc.as_view(url_name="schema"), name="api-redoc"),
        re_path(r"", unknown_endpoint, name="api-unknown"),  # last: whatever is left
    ]
