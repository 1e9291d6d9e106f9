"""What the OpenAPI document says about products."""

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers

from catalog.api.codes import Code
from catalog.api.product_queries import (
    EraseQuery,
    ProductListQuery,
    ProductQuery,
    ProductSentSerializer,
    ProductWithImagesSerializer,
)
from catalog.api.schema import ALWAYS, problems

SKU = OpenApiParameter(
    "sku",
    {"type": "string", "maxLength": 120, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"},
    OpenApiParameter.PATH,
    description="Your id for it. It may hold any character, escaped where addresses need it.",
)
MUG = {
    "sku": "MUG-1",
    "title": "Blue mug",
    "exposure": 1.0,
    "data": {"erp_id": 4711},
    "created_at": "2026-03-02T10:02:11.482000Z",
    "updated_at": "2026-03-02T10:02:11.482000Z",
    "photos": 3,
}
EXAMPLE = OpenApiExample("A product", MUG, response_only=True)
PAGE = inline_serializer(
    "ProductPage",
    {
        "next": serializers.URLField(
            allow_null=True, help_text="Address of the next page; null on the last."
        ),
        "results": ProductWithImagesSerializer(many=True),
    },
)

documented_products = extend_schema_view(
    get=extend_schema(
        operation_id="products_list",
        summary="List products",
        description="The storefront's products by SKU.",
        parameters=[ProductListQuery],
        responses={200: PAGE} | problems(Code.VALIDATION_FAILED, Code.INVALID_CURSOR, *ALWAYS),
        tags=["products"],
    ),
)
documented_product = extend_schema_view(
    get=extend_schema(
        operation_id="products_retrieve",
        summary="Look at a product",
        parameters=[SKU, ProductQuery],
        responses={200: ProductWithImagesSerializer}
        | problems(Code.NOT_FOUND, Code.VALIDATION_FAILED, *ALWAYS),
        examples=[EXAMPLE],
        tags=["products"],
    ),
    put=extend_schema(
        operation_id="products_put",
        summary="Make or change a product",
        description=(
            "Makes the product with this SKU, or changes what is sent of it. Sending it again is "
            "safe. A product is also made by the first photo that names its SKU."
        ),
        parameters=[SKU],
        request=ProductSentSerializer,
        responses={
            200: OpenApiResponse(ProductWithImagesSerializer, description="Changed"),
            201: OpenApiResponse(ProductWithImagesSerializer, description="Made"),
        }
        | problems(
            Code.VALIDATION_FAILED,
            Code.MALFORMED_REQUEST,
            Code.UNSUPPORTED_MEDIA_TYPE,
            Code.FILE_TOO_LARGE,
            Code.NOT_FOUND,  # no address leads to an SKU with a line break
            *ALWAYS,
        ),
        examples=[
            OpenApiExample(
                "A blue mug", {"title": "Blue mug", "data": {"erp_id": 4711}}, request_only=True
            ),
            EXAMPLE,
        ],
        tags=["products"],
    ),
    delete=extend_schema(
        operation_id="products_delete",
        summary="Delete a product",
        description=(
            "Deletes a product without photos. With `?images=erase` its photos are erased first, "
            "as one by one."
        ),
        parameters=[SKU, EraseQuery],
        responses={204: OpenApiResponse(description="Deleted")}
        | problems(Code.NOT_FOUND, Code.PRODUCT_HAS_IMAGES, Code.VALIDATION_FAILED, *ALWAYS),
        tags=["products"],
    ),
)
