"""Reading what clients send as the OpenAPI document describes it, no more leniently."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


class Text(serializers.CharField):
    """A string; REST framework's own field takes numbers for text too."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


def query_of(request: Request) -> dict[str, str]:
    """The query's parameters, the last of each name. As a plain dictionary, so that an empty one
    is a value that is wrong, and not one that was left out as in a form."""
    return request.query_params.dict()
