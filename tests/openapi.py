"""An API client that holds every response against the OpenAPI document."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

from catalog.api.reference import WRITING

IMAGES = "/api/v1/images"
PROBLEM = "application/problem+json"


def document() -> dict[str, Any]:
    """The document as clients get it. Written once, however many threads ask."""
    with WRITING:
        return _document()


@cache
def _document() -> dict[str, Any]:
    generated = SchemaGenerator().get_schema(request=None, public=True)
    return json.loads(json.dumps(generated))


def validate(schema: dict[str, Any], value: Any) -> None:
    """Raises if the value is not what this part of the document describes."""
    whole = {**schema, "components": document()["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the document says about a request; None if it does not know it."""
    # The longest first: a SKU may hold slashes, and so look like more of an address.
    paths = sorted(document()["paths"].items(), key=lambda each: -len(each[0]))
    for template, methods in paths:
        pattern = re.sub(r"\{\w+\}", "[0-9a-f-]{36}", template.replace("{sku}", ".+"))
        if re.fullmatch(pattern, path):
            return methods.get(method.lower())
    return None


class ApiClient(Client):
    """Sends the key, and refuses responses that the document does not describe."""

    def __init__(self, key: str = "", **kwargs: Any) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        super().__init__(headers=headers, **kwargs)

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        response = super().generic(method, path, *args, **kwargs)
        described = operation(method, urlsplit(path).path)
        if response.status_code == 204:
            assert described is not None
            assert "content" not in described["responses"]["204"]
            assert not response.content
            return response
        kind = response["Content-Type"].partition(";")[0]
        if described is None:  # no such endpoint or method: a problem is all there can be
            assert kind == PROBLEM
            validate({"$ref": "#/components/schemas/Problem"}, response.json())
        else:
            content = described["responses"][str(response.status_code)]["content"]
            validate(content[kind]["schema"], response.json())
        if kind == PROBLEM:
            assert response.json()["status"] == response.status_code
        return response
