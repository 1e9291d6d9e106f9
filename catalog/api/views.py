"""The API's endpoints: fetch, call one verb, answer."""

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from catalog import products
from catalog.api import uploads
from catalog.api.authentication import storefront_of
from catalog.api.pagination import NewestFirst
from catalog.api.queries import described
from catalog.api.schema import documented_collection, documented_detail
from catalog.api.serializers import ImageSerializer, ListQuery, UploadSerializer
from catalog.choices import Scope, Source
from catalog.ingest import ingest
from catalog.models import Image
from catalog.models.image import ImageQuerySet


class StorefrontImages(GenericAPIView[Image]):
    """What the endpoints share: the calling storefront's photos and nobody else's."""

    serializer_class = ImageSerializer
    queryset = Image.objects.none()  # tells the schema the model; get_queryset is what runs
    lookup_field = "pk"
    lookup_url_kwarg = "image_id"

    def get_queryset(self) -> ImageQuerySet:
        return described(Image.objects.of(storefront_of(self.request)))


@documented_collection(ImageSerializer)
class ImageCollection(ListModelMixin, StorefrontImages):
    """`/images`"""

    required_scopes = {"GET": Scope.IMAGES_READ, "POST": Scope.IMAGES_WRITE}
    parser_classes = (MultiPartParser,)
    pagination_class = NewestFirst

    def filter_queryset(self, queryset: Any) -> Any:
        query = ListQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return queryset.filter(**query.validated_data)

    def get(self, request: Request) -> Response:
        return self.list(request)

    def post(self, request: Request) -> Response:
        uploads.bound(request._request)
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        photo, created = self.receive(request, **sent.validated_data)
        shown = get_object_or_404(self.get_queryset(), pk=photo.pk)
        return Response(
            self.get_serializer(shown).data,
            status=201 if created else 200,
            headers={"Location": reverse("api-image", (photo.pk,), request=request)},
        )

    @transaction.atomic
    def receive(
        self, request: Request, *, file: Any, sku: str = "", title: str = ""
    ) -> tuple[Image, bool]:
        """One transaction: a photo that is refused leaves no product behind either."""
        storefront = storefront_of(request)
        product = products.upsert(storefront=storefront, sku=sku, title=title) if sku else None
        received = ingest(
            storefront=storefront,
            data=uploads.read(file),
            filename=file.name,
            source=Source.API,
            product=product,
        )
        return received.image, received.created


@documented_detail(ImageSerializer)
class ImageDetail(StorefrontImages):
    """`/images/{id}`"""

    required_scope = Scope.IMAGES_READ

    def get(self, request: Request, image_id: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
