"""Products over the API, known by the storefront's own ids."""

from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog import erasing, products
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.parsers import BoundedJSONParser
from catalog.api.problems import Problem
from catalog.api.product_queries import (
    EraseQuery,
    ProductListQuery,
    ProductQuery,
    ProductSentSerializer,
    ProductWithImagesSerializer,
    after,
    position,
)
from catalog.api.products_schema import documented_product, documented_products
from catalog.api.strict import query_of
from catalog.api.views import StorefrontImages, caller
from catalog.choices import Scope
from catalog.models import Image, Product

SHOWN_IMAGES = 50


class StorefrontProducts(APIView):
    """What the endpoints share: the calling storefront's products and nobody else's.

    `photo` is the endpoint whose photos they show.
    """

    photo: type[StorefrontImages] = StorefrontImages

    def own(self) -> QuerySet[Product]:
        return Product.objects.filter(storefront=storefront_of(self.request)).annotate(
            photos=Count("images")
        )

    def one(self, sku: str) -> Product:
        product = self.own().filter(sku=clean(sku)).first()
        if product is None:
            raise Http404
        return product


@documented_products
class ProductCollection(StorefrontProducts):
    """`/products`"""

    required_scope = Scope.IMAGES_READ

    def get(self, request: Request) -> Response:
        asked = ProductListQuery(data=query_of(request))
        asked.is_valid(raise_exception=True)
        found = self.own().order_by("sku")
        if cursor := asked.validated_data.get("cursor"):
            found = found.filter(sku__gt=position(cursor))
        size = asked.validated_data["limit"]
        rows = list(found[: size + 1])
        following = None
        if len(rows) > size:
            here = request.build_absolute_uri()
            following = replace_query_param(here, "cursor", after(rows[size - 1].sku))
        shown = ProductWithImagesSerializer(rows[:size], many=True).data
        return Response({"next": following, "results": shown})


@documented_product
class ProductDetail(StorefrontProducts):
    """`/products/{sku}`"""

    required_scopes = {
        "GET": Scope.IMAGES_READ,
        "PUT": Scope.IMAGES_WRITE,
        "DELETE": Scope.IMAGES_WRITE,
    }
    parser_classes = (BoundedJSONParser,)

    def get(self, request: Request, sku: str) -> Response:
        asked = ProductQuery(data=query_of(request))
        asked.is_valid(raise_exception=True)
        product = self.one(sku)
        shown = ProductWithImagesSerializer(product).data
        if asked.wants_images:
            shown["images"] = self.images(product)
        return Response(shown)

    def put(self, request: Request, sku: str) -> Response:
        sent = ProductSentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        _, created = products.put(
            storefront=storefront_of(request), sku=clean(sku), **sent.validated_data
        )
        shown = ProductWithImagesSerializer(self.one(sku)).data
        return Response(shown, status=201 if created else 200)

    @transaction.atomic
    def delete(self, request: Request, sku: str) -> Response:
        asked = EraseQuery(data=query_of(request))
        asked.is_valid(raise_exception=True)
        product = self.one(sku)
        if asked.validated_data.get("images") == "erase":
            erasing.erase(Image.objects.filter(product=product), by=caller(request))
        if not products.delete(product_id=product.pk):
            raise Problem(Code.PRODUCT_HAS_IMAGES)
        return Response(status=204)

    def images(self, product: Product) -> Any:
        """Its photos in the shop's order, as `photo` shows them."""
        view = self.photo(request=self.request, args=(), kwargs={}, format_kwarg=None)
        own = view.get_queryset().filter(product=product).in_order()[:SHOWN_IMAGES]
        return view.get_serializer(own, many=True).data


def clean(sku: str) -> str:
    """The SKU of an address, without spaces around it, as in bodies. Raises a validation error
    for one that no product can have."""
    sku = sku.strip()
    if not sku or len(sku) > products.SKU_LENGTH or "\0" in sku:
        said = f"An SKU has 1 to {products.SKU_LENGTH} characters."
        raise ValidationError({"sku": [said]}, code="invalid")
    return sku
