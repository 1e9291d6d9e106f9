"""Searching over the API: the storefront's own photos, shown as its other endpoints show them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog import duplicates, search
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.problems import Problem
from catalog.api.search_queries import FilterQuery, SearchQuery, SimilarQuery, taxonomy_of
from catalog.api.serializers import EncoderSerializer
from catalog.api.views import StorefrontImages
from catalog.choices import Scope
from catalog.models import Image
from catalog.models.image import ImageQuerySet
from catalog.places import PlaceLost
from catalog.query_vectors import SearchUnavailable
from catalog.search import NotEmbedded, Query, Results

CATEGORIES = 5


class SearchView(APIView):
    """What searches share. `photo` is the endpoint whose photos they show."""

    required_scope = Scope.SEARCH
    photo: type[StorefrontImages] = StorefrontImages

    def own(self) -> ImageQuerySet:
        return Image.objects.of(storefront_of(self.request))

    def shown(self, ids: Iterable[UUID]) -> dict[UUID, Any]:
        """These photos as `photo` represents them. One that was just erased is left out."""
        view = self.photo(request=self.request, args=(), kwargs={}, format_kwarg=None)
        images = view.get_queryset().filter(pk__in=list(ids))
        return {image.pk: view.get_serializer(image).data for image in images}

    def page(self, query: Query, asked: FilterQuery, **options: Any) -> tuple[Results, Any]:
        """A page of results, and what to answer. Raises `Problem`."""
        try:
            results = search.search(
                query,
                among=self.own(),
                limit=asked.validated_data["limit"],
                cursor=asked.validated_data.get("cursor", ""),
                **options,
            )
        except NotEmbedded as error:
            raise Problem(Code.NOT_EMBEDDED) from error
        except PlaceLost as error:
            raise Problem(Code.INVALID_CURSOR) from error
        except SearchUnavailable as error:
            raise Problem(Code.SEARCH_UNAVAILABLE, str(error)) from error
        shown = self.shown(hit.image_id for hit in results.hits)
        here = self.request.build_absolute_uri()
        return results, {
            "encoder": EncoderSerializer(results.encoder).data,
            "next": replace_query_param(here, "cursor", results.cursor) if results.cursor else None,
            "results": [
                {"score": cosine(hit.score), "image": shown[hit.image_id]}
                for hit in results.hits
                if hit.image_id in shown
            ],
        }


class ImageSearch(SearchView):
    """`/search`"""

    def get(self, request: Request) -> Response:
        asked = SearchQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        _, answer = self.page(asked.query(storefront_of(request)), asked)
        return Response(answer)


class SimilarImages(SearchView):
    """`/images/{id}/similar`"""

    def get(self, request: Request, image_id: UUID) -> Response:
        image = get_object_or_404(self.own(), pk=image_id)
        asked = SimilarQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        storefront = storefront_of(request)
        results, answer = self.page(
            Query(like=image, filters=asked.filters(storefront)),
            asked,
            per_product=asked.validated_data["per"] == "product",
        )
        nearest = search.nearest_categories(
            results.vector,
            encoder=results.encoder,
            taxonomy=taxonomy_of(storefront),
            limit=CATEGORIES,
        )
        answer["categories"] = [
            {
                "category": category.external_id,
                "name": category.name,
                "path": category.path,
                "score": cosine(score),
            }
            for category, score in nearest
        ]
        return Response(answer)


class DuplicateImages(SearchView):
    """`/images/{id}/duplicates`"""

    def get(self, request: Request, image_id: UUID) -> Response:
        image = get_object_or_404(self.own(), pk=image_id)
        found = duplicates.near_duplicates(image, among=self.own())
        shown = self.shown(each.image_id for each in found)
        results = [
            {
                "cosine": None if each.cosine is None else cosine(each.cosine),
                "bits": each.bits,
                "image": shown[each.image_id],
            }
            for each in found
            if each.image_id in shown
        ]
        return Response({"results": results})


def cosine(score: float) -> float:
    """Half precision lets a photo's cosine with itself be 1.0003, which would only confuse."""
    return round(max(-1.0, min(1.0, score)), 6)
