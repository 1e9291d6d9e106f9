"""What schemathesis needs to know of this API: what a photo is, what only the database can know
of a request, and whose marks must never show."""

import io
import json
import os
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image

# A request may fit the document and name something that is not there, or contradict itself:
# codes of problems, and of fields to blame, that no schema can rule out.
SEMANTIC = {
    "invalid_cursor",
    "null_characters_not_allowed",
    "not_found",
    "does_not_exist",
    "required",
    "unknown",
    "too_early",
    "conflict",
}


def photo(colour: tuple[int, int, int]) -> bytes:
    """A whole picture, as small as is accepted."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


shades = st.integers(0, 3)
schemathesis.openapi.format("binary", st.tuples(shades, shades, shades).map(photo))


@schemathesis.serializer("application/x-ndjson")
def lines(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@schemathesis.check
def what_fits_the_document_is_not_malformed(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """400 is for what the document rules out, save for what it cannot know."""
    if response.status_code != 400 or not (case.meta and case.meta.generation.mode.is_positive):
        return
    problem = response.json()
    codes = {error["code"] for error in problem.get("errors", [])} or {problem["code"]}
    assert codes <= SEMANTIC, f"A valid request was refused: {problem['detail']}"


@schemathesis.check
def nothing_of_another_tenant(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """The other shop's rows carry marks, and every answer is searched for them."""
    for mark in os.environ["OTHER_TENANTS_MARKS"].split():
        assert mark not in response.text, f"The answer shows {mark} of another storefront."
