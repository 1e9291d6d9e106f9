"""Keyset pagination over photos: the newest first, as deep as wanted at the same cost."""

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog.api.codes import Code
from catalog.api.problems import Problem
from catalog.api.strict import query_of

PAGE_SIZE = 50
LARGEST_PAGE = 200


class PageQuery(serializers.Serializer[Any]):
    """The query parameters of a page."""

    cursor = serializers.CharField(
        required=False, min_length=1, help_text="From `next` of the page before; opaque."
    )
    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_PAGE,
        default=PAGE_SIZE,
        help_text="Photos per page.",
    )


class NewestFirst(BasePagination):
    """Pages by (created_at, id): a row is never skipped or repeated while others arrive."""

    key = "id"  # a UUID, unique among the rows that are listed

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        """One page of a queryset of photos, whatever its own order."""
        query = PageQuery(data=query_of(request))
        query.is_valid(raise_exception=True)
        size: int = query.validated_data["limit"]
        if cursor := query.validated_data.get("cursor"):
            at, pk = decode(cursor)
            before = Q(created_at=at, **{f"{self.key}__lt": pk})
            queryset = queryset.filter(Q(created_at__lt=at) | before)
        found = list(queryset.order_by("-created_at", f"-{self.key}")[: size + 1])
        page = found[:size]
        self.next: str | None = None
        if len(found) > size:
            here = request.build_absolute_uri()
            last = page[-1]
            position = encode(last.created_at, getattr(last, self.key))
            self.next = replace_query_param(here, "cursor", position)
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "example": "https://shop.example/api/v1/images?cursor=MjAyNi0wMy0wMlQxMDow",
                    "description": "Address of the next, older page; null on the last.",
                },
                "results": schema,
            },
        }


def encode(at: datetime, pk: UUID) -> str:
    """The position after a photo, as an opaque URL-safe string."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {pk}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, UUID]:
    """The position a cursor stands for. Raises the `invalid_cursor` problem."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        stamp, pk = base64.b64decode(padded, b"-_", validate=True).decode("ascii").split(" ")
        at = parse_datetime(stamp)
        if at is None or at.tzinfo is None:
            raise ValueError(stamp)
        return at, UUID(pk)
    except (ValueError, binascii.Error, OverflowError) as error:
        raise Problem(Code.INVALID_CURSOR) from error
