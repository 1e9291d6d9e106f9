"""The API's endpoints for photos: fetch, call one verb, answer."""

from collections.abc import Collection
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from catalog import alt_texts, erasing, products
from catalog.api import fetches, waiting
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.images_schema import documented_collection, documented_detail
from catalog.api.list_queries import DetailQuery, ListQuery
from catalog.api.pagination import NewestFirst
from catalog.api.parsers import BoundedJSONParser, PhotoJSONParser, PhotoMultiPartParser
from catalog.api.problems import Problem
from catalog.api.queries import described
from catalog.api.sent import (
    ImageChangeSerializer,
    JSONUploadSerializer,
    UploadSerializer,
    WaitQuery,
)
from catalog.api.serializers import ImageSerializer
from catalog.api.strict import query_of
from catalog.choices import Scope, Source
from catalog.ingest import ingest
from catalog.models import Image, Storefront
from catalog.models.image import ImageQuerySet

UNSAID = "\0"  # no text that is sent has this character


class StorefrontImages(GenericAPIView[Image]):
    """What the endpoints share: the calling storefront's photos and nobody else's."""

    serializer_class = ImageSerializer
    queryset = Image.objects.none()  # tells the schema the model; get_queryset is what runs
    lookup_field = "pk"
    lookup_url_kwarg = "image_id"
    # Kinds of events that change nothing of what is shown.
    unseen_events: ClassVar[frozenset[str]] = frozenset()

    def get_queryset(self) -> ImageQuerySet:
        return self.ready(Image.objects.of(storefront_of(self.request)))

    def ready(self, images: ImageQuerySet, only: Collection[str] | None = None) -> ImageQuerySet:
        """With all that is shown of them, or what of these fields `only`."""
        return described(images, only)

    def known_fields(self) -> list[str]:
        """What a caller may ask for by name."""
        return list(self.serializer_class.Meta.fields)

    def one(self, among: ImageQuerySet | None = None) -> Image:
        """The photo of the address. Raises the `gone` problem if it was erased."""
        found = (self.get_queryset() if among is None else among).filter(pk=self.kwargs["image_id"])
        image = found.first()
        if image is None:
            key, storefront = self.kwargs["image_id"], storefront_of(self.request)
            if erasing.was_erased(storefront_id=storefront.pk, image_id=key):
                raise Problem(Code.GONE)
            raise Http404
        return image

    def show(self, image_id: UUID) -> Any:
        """One photo as it is now."""
        return self.get_serializer(get_object_or_404(self.get_queryset(), pk=image_id)).data


@documented_collection(ImageSerializer)
class ImageCollection(ListModelMixin, StorefrontImages):
    """`/images`"""

    required_scopes = {"GET": Scope.IMAGES_READ, "POST": Scope.IMAGES_WRITE}
    parser_classes = (PhotoMultiPartParser, PhotoJSONParser)
    pagination_class = NewestFirst

    def get(self, request: Request) -> Response:
        asked = ListQuery(data=query_of(request))
        asked.is_valid(raise_exception=True)
        shown = asked.shown(self.known_fields())
        storefront = storefront_of(request)
        own = asked.narrow(Image.objects.of(storefront), storefront, self.unseen_events)
        page = self.paginate_queryset(self.ready(own, shown["only"]))
        context = {**self.get_serializer_context(), **shown}
        found = self.serializer_class(page, many=True, context=context)
        return self.get_paginated_response(found.data)

    @idempotent
    def post(self, request: Request) -> Response:
        query = WaitQuery(data=query_of(request))
        query.is_valid(raise_exception=True)
        is_form = isinstance(request.data, QueryDict)
        sent = (UploadSerializer if is_form else JSONUploadSerializer)(data=request.data)
        sent.is_valid(raise_exception=True)
        if "url" in sent.validated_data:
            fetch = fetches.enqueue(request, **sent.validated_data)
            return Response(
                fetches.FetchSerializer(fetch).data,
                status=202,
                headers={"Location": reverse("api-fetch", (fetch.pk,), request=request)},
            )
        image, created = receive(storefront=storefront_of(request), **sent.validated_data)
        waiting.wait_for(image.pk, seconds=query.validated_data["wait"])
        return Response(
            self.show(image.pk),
            status=201 if created else 200,
            headers={"Location": reverse("api-image", (image.pk,), request=request)},
        )


@transaction.atomic
def receive(
    *,
    storefront: Storefront,
    data: bytes,
    filename: str,
    sku: str = "",
    title: str = "",
    alt_text: str = "",
) -> tuple[Image, bool]:
    """Take in one photo; the photo, and whether it is new. Raises `ImageRejected`.

    One transaction: a photo that is refused leaves no product behind either.
    """
    product = products.upsert(storefront=storefront, sku=sku, title=title) if sku else None
    received = ingest(
        storefront=storefront, data=data, filename=filename, source=Source.API, product=product
    )
    if alt_text:
        alt_texts.set_text(image_id=received.image.pk, text=alt_text)
    return received.image, received.created


@documented_detail(ImageSerializer)
class ImageDetail(StorefrontImages):
    """`/images/{id}`"""

    required_scopes = {
        "GET": Scope.IMAGES_READ,
        "PATCH": Scope.IMAGES_WRITE,
        "DELETE": Scope.IMAGES_WRITE,
    }
    parser_classes = (BoundedJSONParser,)

    def get(self, request: Request, image_id: UUID) -> Response:
        asked = DetailQuery(data=query_of(request))
        asked.is_valid(raise_exception=True)
        shown = asked.shown(self.known_fields())
        own = Image.objects.of(storefront_of(request))
        image = self.one(self.ready(own, shown["only"]))
        if asked.validated_data["explain"]:
            self.explain(image)
        context = {**self.get_serializer_context(), **shown}
        return Response(self.serializer_class(image, context=context).data)

    def patch(self, request: Request, image_id: UUID) -> Response:
        sent = ImageChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        change(image=self.one(), **sent.validated_data)
        return Response(self.show(image_id))

    def delete(self, request: Request, image_id: UUID) -> Response:
        storefront = storefront_of(request)
        own = Image.objects.of(storefront).filter(pk=image_id)
        if not erasing.erase(own, by=caller(request)):
            self.one()  # says why there was none
        return Response(status=204)

    def explain(self, image: Image) -> None:
        """Set `explanation` on it, as far as the apps above the catalog have one."""


def caller(request: Request) -> str:
    """Who asks, in words for the history."""
    return f"the API key {request.auth}"


@transaction.atomic
def change(*, image: Image, sku: str | None = UNSAID, alt_text: str | None = UNSAID) -> None:
    """What the storefront says about its photo; empty takes it back. Raises `Problem`."""
    if sku is not UNSAID:
        product = products.upsert(storefront=image.storefront, sku=sku) if sku else None
        try:
            products.assign(image_id=image.pk, product=product, by=None)
        except products.ProductRefused as refused:
            raise Problem(Code.DUPLICATE_IMAGE, str(refused)) from refused
    if alt_text is not UNSAID:
        if alt_text:
            alt_texts.set_text(image_id=image.pk, text=alt_text)
        else:
            alt_texts.use_proposal(image_id=image.pk)
