"""`Idempotency-Key`: a request that is sent again gets the answer it got before."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.views import APIView

from catalog import idempotency
from catalog.api.authentication import storefront_of
from catalog.api.codes import Code
from catalog.api.problems import Problem
from catalog.idempotency import Answer, DigestMismatch, InProgress, Lock

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location",)
VALID = re.compile(r"[\x21-\x7e]{1,255}")
SHORTEST_WAIT = 1  # seconds; most requests are answered within

Post = Callable[..., Response]


def idempotent(post: Post) -> Callable[..., HttpResponseBase]:
    """Wraps a view's `post`. Its parsers must be bounded: the body is read before the view runs."""

    @wraps(post)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        digest = digest_of(request)
        held = begin(request, key, digest)
        if isinstance(held, Answer):
            return replay(held)
        try:
            response = post(view, request, *args, **kwargs)
        except Exception as error:
            response = view.handle_exception(error)
        idempotency.finish(lock=held, digest=digest, answer=answer_of(response))
        return response

    once.is_idempotent = True  # type: ignore[attr-defined]  # the schema says so
    return once


def key_of(request: Request) -> str | None:
    """The key that was sent, if any. Raises a validation error for one that cannot be kept."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and not VALID.fullmatch(key):
        said = "Send 1 to 255 visible ASCII characters, such as a UUID."
        raise ValidationError({HEADER: [said]}, code="invalid")
    return key


def begin(request: Request, key: str, digest: str) -> Lock | Answer:
    """`idempotency.begin` for the calling storefront. Raises `Problem`."""
    try:
        return idempotency.begin(storefront=storefront_of(request), key=key, digest=digest)
    except DigestMismatch as error:
        raise Problem(Code.IDEMPOTENCY_MISMATCH) from error
    except InProgress as error:
        wait = str(min(SHORTEST_WAIT, error.seconds))
        raise Problem(Code.IDEMPOTENCY_IN_PROGRESS, headers={"Retry-After": wait}) from error


def digest_of(request: Request) -> str:
    """Over the method, the address and everything that was sent."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if isinstance(request.data, QueryDict):
        for name, values in sorted(request.data.lists()):
            for value in values:
                digest.update(_line(name, _said(value)))
    else:
        digest.update(json.dumps(request.data, sort_keys=True).encode())
    return digest.hexdigest()


def answer_of(response: Response) -> Answer:
    """What is kept of a response, which nobody has rendered yet."""
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    headers["Content-Type"] = response.content_type or JSONRenderer.media_type
    return Answer(response.status_code, headers, JSONRenderer().render(response.data).decode())


def replay(answer: Answer) -> HttpResponse:
    """The kept response, and a header that says that it is one. Raises the `gone` problem for
    one that told of a photo erased since."""
    if answer.status == idempotency.GONE and not answer.body:
        raise Problem(Code.GONE, headers={REPLAYED: "true"})
    return HttpResponse(
        answer.body.encode(), status=answer.status, headers={**answer.headers, REPLAYED: "true"}
    )


def _line(*words: str) -> bytes:
    """Unambiguous, whatever the words hold."""
    return json.dumps(words).encode() + b"\n"


def _said(value: Any) -> str:
    """A field's text, or the name, size and digest of a file."""
    if isinstance(value, str):
        return value
    found = hashlib.sha256(value.read()).hexdigest()
    value.seek(0)
    return f"file {value.name} {value.size} {found}"
