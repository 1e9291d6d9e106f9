"""What the OpenAPI document says about searches."""

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from drf_spectacular.drainage import get_override
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers

from catalog.api.codes import Code
from catalog.api.schema import ALWAYS, ImageRepresentation, problems
from catalog.api.search import DuplicateImages, ImageSearch, SearchView, SimilarImages
from catalog.api.search_queries import SearchQuery, SimilarQuery
from catalog.api.serializers import EncoderSerializer
from catalog.api.views import StorefrontImages

IMAGE_ID = OpenApiParameter("image_id", UUID, OpenApiParameter.PATH)
COSINE = "Cosine between query and photo, at most 1. Comparable within one answer only."
ENCODER = {
    "name": "openai/clip-vit-base-patch32",
    "fingerprint": "3f1f6c0b9be0d1c5a7a4f26f0d5a1f5b0f7d7c0e8e6f5a4b3c2d1e0f9a8b7c6d",
    "mini": False,
}
NEXT = "https://shop.example/api/v1/search?text=blue+blaster&cursor=WmVzdA"
CATEGORY = {
    "category": "toy-blaster",
    "name": "Toy blaster",
    "path": "Toys ▸ Toy blaster",
    "score": 0.314,
}
PROBLEMS = problems(
    Code.VALIDATION_FAILED, Code.INVALID_CURSOR, Code.NOT_EMBEDDED, Code.SEARCH_UNAVAILABLE, *ALWAYS
)
PROBLEMS_OF_ONE = problems(
    Code.VALIDATION_FAILED,
    Code.INVALID_CURSOR,
    Code.NOT_FOUND,
    Code.NOT_EMBEDDED,
    Code.SEARCH_UNAVAILABLE,
    *ALWAYS,
)


def search_routes(photo: type[StorefrontImages]) -> list[URLPattern]:
    """Addresses of searches whose results look as this endpoint shows photos."""
    image: Any = photo.serializer_class
    example = next((e.value for e in get_override(image, "examples", [])), None)
    page = _page(image)
    search, similar, duplicates = (
        _documented(view, photo, **what)
        for view, what in (
            (ImageSearch, _search(page, example)),
            (SimilarImages, _similar(page, example)),
            (DuplicateImages, _duplicates(image, example)),
        )
    )
    return [
        path("v1/search", search.as_view(), name="api-search"),
        path("v1/images/<uuid:image_id>/similar", similar.as_view(), name="api-similar"),
        path("v1/images/<uuid:image_id>/duplicates", duplicates.as_view(), name="api-duplicates"),
    ]


def _documented(
    view: type[SearchView], photo: type[StorefrontImages], **what: Any
) -> type[SearchView]:
    showing: Any = type(view.__name__, (view,), {"photo": photo, "__doc__": view.__doc__})
    return extend_schema_view(get=extend_schema(**what))(showing)


def _search(page: dict[str, Any], example: Any) -> dict[str, Any]:
    return {
        "operation_id": "search",
        "summary": "Search by looking",
        "description": (
            "The storefront's photos nearest to a text, to one of its photos, or to a blend of "
            "both, the nearest first. There are always as many as match the filters: what is "
            "unlike comes last. Follow `next` to see each photo once, also while others arrive. "
            "The photo that is searched by is left out."
        ),
        "parameters": [SearchQuery],
        "responses": {200: inline_serializer("SearchPage", page)} | PROBLEMS,
        "examples": _example("Photos like a text", {"next": NEXT}, example),
        "tags": ["search"],
    }


def _similar(page: dict[str, Any], example: Any) -> dict[str, Any]:
    category = inline_serializer(
        "NearCategory",
        {
            "category": serializers.CharField(help_text="The taxonomy's id for it."),
            "name": serializers.CharField(),
            "path": serializers.CharField(help_text="Names from the root down."),
            "score": serializers.FloatField(help_text="Cosine; tags hold probabilities instead."),
        },
        many=True,
        help_text="Those whose words are nearest to the photo, whether or not it was tagged so.",
    )
    return {
        "operation_id": "images_similar",
        "summary": "Find similar photos or products",
        "description": "The storefront's photos that look most like this one, the nearest first.",
        "parameters": [IMAGE_ID, SimilarQuery],
        "responses": {200: inline_serializer("SimilarPage", {**page, "categories": category})}
        | PROBLEMS_OF_ONE,
        "examples": _example(
            "Photos like a photo", {"next": None, "categories": [CATEGORY]}, example
        ),
        "tags": ["search"],
    }


def _duplicates(image: ImageRepresentation, example: Any) -> dict[str, Any]:
    duplicate = inline_serializer(
        "DuplicateImage",
        {
            "cosine": serializers.FloatField(allow_null=True, help_text="Null below 0.9."),
            "bits": serializers.IntegerField(
                allow_null=True,
                help_text="Of 256 in which their perceptual hashes differ; null above 31.",
            ),
            "image": image(),
        },
        many=True,
    )
    return {
        "operation_id": "images_duplicates",
        "summary": "Find near-duplicates",
        "description": (
            "The storefront's photos that show the same picture, resized, recompressed or cut a "
            "little, or nearly the same; the most alike first, at most 60."
        ),
        "parameters": [IMAGE_ID],
        "responses": {200: inline_serializer("DuplicatesPage", {"results": duplicate})}
        | problems(Code.NOT_FOUND, *ALWAYS),
        "examples": [
            OpenApiExample(
                "A smaller copy",
                {"results": [{"cosine": 0.982, "bits": 6, "image": example}]},
                response_only=True,
                status_codes=["200"],
            )
        ]
        if example
        else [],
        "tags": ["search"],
    }


def _page(image: ImageRepresentation) -> dict[str, Any]:
    return {
        "encoder": EncoderSerializer(help_text="The model whose vectors were compared."),
        "next": serializers.URLField(
            allow_null=True, help_text="Address of the next page; null on the last."
        ),
        "results": inline_serializer(
            "ScoredImage",
            {"score": serializers.FloatField(help_text=COSINE), "image": image()},
            many=True,
        ),
    }


def _example(name: str, rest: dict[str, Any], image: Any) -> list[OpenApiExample]:
    if not image:
        return []
    value = {"encoder": ENCODER, **rest, "results": [{"score": 0.287, "image": image}]}
    return [OpenApiExample(name, value, response_only=True, status_codes=["200"])]
