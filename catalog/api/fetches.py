"""Photos by address: `/fetches`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from catalog import fetching
from catalog.addresses import MAX_URL, AddressRefused
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.idempotent import idempotent
from catalog.api.pagination import NewestFirst, PageQuery
from catalog.api.parsers import BoundedJSONParser
from catalog.api.problems import Problem
from catalog.api.schema import ALWAYS, problems
from catalog.api.serializers import FailureSerializer
from catalog.api.strict import AddressText, Text, query_of
from catalog.choices import FetchStatus, Scope
from catalog.models import Fetch
from catalog.models.fetch import FetchQuerySet

EXAMPLE = {
    "id": "0b0c5f8e-6f0c-4c1c-9b0e-2f3f4a5b6c7d",
    "status": "waiting",
    "url": "https://cdn.shop.example/mug.jpg",
    "sku": "MUG-1",
    "image": None,
    "failure": None,
    "created_at": "2026-11-21T09:30:00Z",
    "finished_at": None,
}
GONE = {
    **EXAMPLE,
    "status": "failed",
    "failure": {"code": "bad_status", "reason": "The other side answered 404 instead of 200."},
    "finished_at": "2026-11-21T09:30:01Z",
}


class FetchRequestSerializer(serializers.Serializer[Any]):
    """An address, and the product its photo shows."""

    url = AddressText(
        max_length=MAX_URL,
        help_text="An http or https address on the public internet, without a user name.",
    )
    sku = Text(required=False, allow_blank=True, max_length=120)
    title = Text(required=False, allow_blank=True, max_length=300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("title") and not attrs.get("sku"):
            raise serializers.ValidationError(
                {"sku": "A title belongs to a product: send its sku too."}, code="required"
            )
        return attrs


class FetchSerializer(serializers.ModelSerializer[Fetch]):
    """An address and what became of it. Kept for a week after it is over."""

    image = serializers.UUIDField(
        source="image_id", read_only=True, allow_null=True, help_text="The photo, once it is here."
    )
    failure = serializers.SerializerMethodField(help_text="Null unless the status is `failed`.")

    class Meta:
        model = Fetch
        fields = ("id", "status", "url", "sku", "image", "failure", "created_at", "finished_at")
        read_only_fields = fields

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, fetch: Fetch) -> Any:
        failed = fetch.status == FetchStatus.FAILED
        return {"code": fetch.failure_code, "reason": fetch.failure_reason} if failed else None


class FetchListQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=FetchStatus.choices, required=False)


class StorefrontFetches(GenericAPIView[Fetch]):
    """What the endpoints share: the calling storefront's addresses and nobody else's."""

    required_scopes = {"GET": Scope.IMAGES_READ, "POST": Scope.IMAGES_WRITE}
    serializer_class = FetchSerializer
    queryset = Fetch.objects.none()  # tells the schema the model; get_queryset is what runs
    parser_classes = (BoundedJSONParser,)
    pagination_class = NewestFirst
    lookup_field = "pk"
    lookup_url_kwarg = "fetch_id"

    def get_queryset(self) -> FetchQuerySet:
        return Fetch.objects.of(storefront_of(self.request))


@extend_schema_view(
    get=extend_schema(
        operation_id="fetches_list",
        summary="List addresses",
        description="The storefront's addresses of the last days, newest first.",
        parameters=[FetchListQuery, PageQuery],
        responses={200: FetchSerializer(many=True)}
        | problems(Code.VALIDATION_FAILED, Code.INVALID_CURSOR, *ALWAYS),
        tags=["fetches"],
    ),
    post=extend_schema(
        operation_id="fetches_create",
        summary="Have a photo fetched",
        description=(
            "A worker fetches the photo and takes it in like an upload. Only addresses on the "
            "public internet are reached, up to three redirects are followed, and what is not a "
            "photo is refused. When the other side does not answer it is tried four times within "
            "a few minutes."
        ),
        request=FetchRequestSerializer,
        responses={202: OpenApiResponse(FetchSerializer, description="It will be fetched")}
        | problems(
            Code.ADDRESS_REFUSED,
            Code.VALIDATION_FAILED,
            Code.MALFORMED_REQUEST,
            Code.UNSUPPORTED_MEDIA_TYPE,
            *ALWAYS,
        ),
        examples=[
            OpenApiExample(
                "An address",
                {"url": "https://cdn.shop.example/mug.jpg", "sku": "MUG-1"},
                request_only=True,
            ),
            OpenApiExample("It waits", EXAMPLE, response_only=True, status_codes=["202"]),
        ],
        tags=["fetches"],
    ),
)
class FetchCollection(ListModelMixin, StorefrontFetches):
    """`/fetches`"""

    def filter_queryset(self, queryset: Any) -> Any:
        query = FetchListQuery(data=query_of(self.request))
        query.is_valid(raise_exception=True)
        return queryset.filter(**query.validated_data)

    def get(self, request: Request) -> Response:
        return self.list(request)

    @idempotent
    def post(self, request: Request) -> Response:
        sent = FetchRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        fetch = enqueue(request, **sent.validated_data)
        return Response(
            self.get_serializer(fetch).data,
            status=202,
            headers={"Location": reverse("api-fetch", (fetch.pk,), request=request)},
        )


@extend_schema_view(
    get=extend_schema(
        operation_id="fetches_retrieve",
        summary="What became of an address",
        parameters=[OpenApiParameter("fetch_id", UUID, OpenApiParameter.PATH)],
        responses={200: FetchSerializer} | problems(Code.NOT_FOUND, *ALWAYS),
        examples=[OpenApiExample("Nothing was there", GONE, response_only=True)],
        tags=["fetches"],
    )
)
class FetchDetail(StorefrontFetches):
    """`/fetches/{id}`"""

    required_scopes = {"GET": Scope.IMAGES_READ}

    def get(self, request: Request, fetch_id: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)


def enqueue(request: Request, **wanted: str) -> Fetch:
    """Have an address fetched for the calling storefront. Raises `Problem`."""
    try:
        return fetching.enqueue(storefront=storefront_of(request), **wanted)
    except AddressRefused as refused:
        raise Problem(Code.ADDRESS_REFUSED, refused.message) from refused
