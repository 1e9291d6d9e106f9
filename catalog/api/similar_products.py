"""Products that look like one of the storefront's products."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import alt_texts, query_vectors, similar_products
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.problems import Problem
from catalog.api.products import StorefrontProducts
from catalog.api.products_schema import SKU
from catalog.api.schema import ALWAYS, problems
from catalog.api.search import cosine
from catalog.api.serializers import EncoderSerializer
from catalog.choices import Scope
from catalog.models import Image
from catalog.query_vectors import SearchUnavailable
from catalog.search import NotEmbedded

LIMIT, LARGEST = 10, 50
ENCODER = {
    "name": "openai/clip-vit-base-patch32",
    "fingerprint": "3f1f6c0b9be0d1c5a7a4f26f0d5a1f5b0f7d7c0e8e6f5a4b3c2d1e0f9a8b7c6d",
    "mini": False,
}
FOUND = {
    "score": 0.914,
    "sku": "MUG-2",
    "title": "Mug, green",
    "image": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "alt_text": "Green striped mug",
}


class SimilarProductsQuery(serializers.Serializer[Any]):
    """How many to find."""

    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST, default=LIMIT, help_text="Products."
    )


_FOUND = inline_serializer(
    "SimilarProduct",
    {
        "score": serializers.FloatField(
            help_text="Cosine between the means of the two products' live photos, at most 1."
        ),
        "sku": serializers.CharField(),
        "title": serializers.CharField(help_text="Empty if it has none."),
        "image": serializers.UUIDField(help_text="Its live photo most like the product asked for."),
        "alt_text": serializers.CharField(help_text="Of that photo; empty if nothing is known."),
    },
    many=True,
)
_PAGE = inline_serializer(
    "SimilarProductsPage",
    {
        "encoder": EncoderSerializer(help_text="The model whose vectors were compared."),
        "results": _FOUND,
    },
)


class SimilarProducts(StorefrontProducts):
    """`/products/{sku}/similar`"""

    required_scope = Scope.SEARCH

    @extend_schema(
        operation_id="products_similar",
        summary="Find similar products",
        description=(
            "The storefront's products whose live photos look most like this one's, the nearest "
            "first. Only live photos count, on either side."
        ),
        parameters=[SKU, SimilarProductsQuery],
        responses={200: _PAGE}
        | problems(
            Code.VALIDATION_FAILED,
            Code.NOT_FOUND,
            Code.NOT_EMBEDDED,
            Code.SEARCH_UNAVAILABLE,
            *ALWAYS,
        ),
        examples=[
            OpenApiExample(
                "Other mugs",
                {"encoder": ENCODER, "results": [FOUND]},
                response_only=True,
                status_codes=["200"],
            )
        ],
        tags=["products"],
    )
    def get(self, request: Request, sku: str) -> Response:
        product = self.one(sku)
        asked = SimilarProductsQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        try:
            encoder = query_vectors.active_encoder()
            found = similar_products.similar(
                product, encoder=encoder, limit=asked.validated_data["limit"]
            )
        except NotEmbedded as error:
            raise Problem(Code.NOT_EMBEDDED, str(error)) from error
        except SearchUnavailable as error:
            raise Problem(Code.SEARCH_UNAVAILABLE, str(error)) from error
        own = alt_texts.readable(Image.objects.of(storefront_of(request)))
        images = own.in_bulk([each.image_id for each in found])
        return Response(
            {
                "encoder": EncoderSerializer(encoder).data,
                "results": [
                    {
                        "score": cosine(each.score),
                        "sku": image.product.sku,
                        "title": image.product.title,
                        "image": str(image.pk),
                        "alt_text": alt_texts.shown(image).text,
                    }
                    for each in found
                    if (image := images.get(each.image_id)) and image.product
                ],
            }
        )


def similar_product_routes() -> list[URLPattern]:
    """To come before the products' own addresses: an SKU may have slashes."""
    view = SimilarProducts.as_view()
    return [path("v1/products/<path:sku>/similar", view, name="api-similar-products")]
