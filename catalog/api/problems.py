"""Problem details (RFC 9457) for every error of the API."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from catalog.api.codes import Code
from catalog.ml.rejection import ImageRejected

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

DETAILS = {
    Code.API_KEY_MISSING: "Send the key as `Authorization: Bearer vt_…` or as `X-API-Key: vt_…`.",
    Code.INVALID_API_KEY: "The key is unknown or no longer valid. Ask the operator for a new one.",
    Code.INSUFFICIENT_SCOPE: "The key lacks a scope. Use another key, or make one that has it.",
    Code.LIVE_KEY: "Send this with a test key (`vt_test_…`): it decides about test photos only.",
    Code.RATE_LIMITED: "Wait as long as Retry-After says, then send it again.",
    Code.NOT_FOUND: "Nothing is found at this address. Check the id and the path.",
    Code.NOT_ACCEPTABLE: "Ask for application/json in the Accept header, or leave it out.",
    Code.MALFORMED_REQUEST: "The body does not follow its declared content type.",
    Code.VALIDATION_FAILED: "Each field to blame is named in `errors`.",
    Code.UNKNOWN_VERSION: "Leave the header Vitrine-Version out, or send the documented date.",
    Code.INVALID_CURSOR: "Start again without a cursor and follow `next` unchanged.",
    Code.TOO_MANY_ITEMS: "At most 1,000 are taken; this line and those after it were not read.",
    Code.GONE: "The photo was erased. Nothing of it is left but the record that it was here.",
    Code.IDEMPOTENCY_MISMATCH: "This Idempotency-Key came with another request. Use a new key.",
    Code.IDEMPOTENCY_IN_PROGRESS: "The first request is being answered. Send it again in a moment.",
    Code.DUPLICATE_IMAGE: "The product has exactly this photo already. Erase one of the two.",
    Code.PRODUCT_HAS_IMAGES: "Erase its photos first, or send `?images=erase`.",
    Code.NOT_EMBEDDED: "A worker has yet to look at the photo. Try again once it is processed.",
    Code.SEARCH_UNAVAILABLE: "No worker answered that could read the text. Try again in a moment.",
    Code.MODERATION_UNAVAILABLE: "No worker answered that could judge the photo. Try again later.",
    Code.UNAVAILABLE: "The database cannot be reached. Try again; sending a photo twice is safe.",
    Code.INTERNAL_ERROR: "The error has been logged. Try again; sending a photo twice is safe.",
}


class Problem(exceptions.APIException):
    """An error with one of our codes; `detail` says what to do about it."""

    def __init__(
        self, code: Code, detail: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail or DETAILS.get(code, code.title), code.code)
        self.problem = code
        self.headers = dict(headers or {})
        self.status_code = code.status


def body(
    code: Code, detail: str = "", errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The problem as a JSON object. `type` is an identifier, not an address to fetch."""
    content: dict[str, Any] = {
        "type": f"urn:vitrine:problem:{code.code}",
        "title": code.title,
        "status": code.status,
        "code": code.code,
        "detail": detail or DETAILS.get(code, code.title),
    }
    if errors:
        content["errors"] = errors
    return content


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's exception handler: whatever was raised, a problem is what is sent."""
    code, detail, errors = explain(error)
    if code.status >= 500:
        log.error("The API failed to answer %s", context["request"].path, exc_info=error)
        got_request_exception.send(sender=problem_handler, request=context["request"]._request)
    set_rollback()
    headers = error.headers if isinstance(error, Problem) else {}
    if code.status == 401:
        headers["WWW-Authenticate"] = context["view"].get_authenticate_header(context["request"])
    if isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)):
        headers["Retry-After"] = str(math.ceil(wait))
    return Response(
        body(code, detail, errors), status=code.status, headers=headers, content_type=CONTENT_TYPE
    )


@csrf_exempt  # no session is looked at, and a page about forms is not what programs read
def unknown_endpoint(request: HttpRequest, **kwargs: Any) -> JsonResponse:
    """Any address under /api/ that nothing else answers."""
    return JsonResponse(
        body(Code.NOT_FOUND), status=Code.NOT_FOUND.status, content_type=CONTENT_TYPE
    )


def explain(error: Exception) -> tuple[Code, str, list[dict[str, str]] | None]:
    """Which problem an exception is, what to tell the caller, and which fields are to blame."""
    match error:
        case Problem():
            return error.problem, str(error.detail), None
        case ImageRejected():
            return Code.of_rejection(error.code), str(error), None
        case exceptions.ValidationError():
            errors = _flatten(error.get_full_details())
            return Code.VALIDATION_FAILED, "; ".join(_sentence(e) for e in errors), errors
        case exceptions.ParseError():
            return Code.MALFORMED_REQUEST, str(error.detail), None
        case exceptions.NotAuthenticated():
            return Code.API_KEY_MISSING, "", None
        case exceptions.AuthenticationFailed():
            return Code.INVALID_API_KEY, "", None
        case exceptions.PermissionDenied():
            return Code.INSUFFICIENT_SCOPE, str(error.detail), None
        case exceptions.Throttled():
            return Code.RATE_LIMITED, str(error.detail), None
        case exceptions.NotFound() | Http404():
            return Code.NOT_FOUND, "", None
        case exceptions.MethodNotAllowed():
            return Code.METHOD_NOT_ALLOWED, str(error.detail), None
        case exceptions.NotAcceptable():
            return Code.NOT_ACCEPTABLE, "", None
        case exceptions.UnsupportedMediaType():
            return Code.UNSUPPORTED_MEDIA_TYPE, str(error.detail), None
        case RequestDataTooBig():
            return Code.FILE_TOO_LARGE, "The form fields beside the file are too large.", None
        case SuspiciousOperation():
            return Code.MALFORMED_REQUEST, "", None
        case OperationalError() | InterfaceError():
            return Code.UNAVAILABLE, "", None
        case _:
            return Code.INTERNAL_ERROR, "", None


def _sentence(error: dict[str, str]) -> str:
    return f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]


def _flatten(details: Any, field: str = "") -> list[dict[str, str]]:
    """REST framework's nested error details as one flat list."""
    if isinstance(details, list):
        return [error for item in details for error in _flatten(item, field)]
    if "message" in details and not isinstance(details["message"], dict | list):
        return [{"field": field, "code": details["code"], "detail": str(details["message"])}]
    return [
        error
        for name, nested in details.items()
        for error in _flatten(nested, field if name == "non_field_errors" else _below(field, name))
    ]


def _below(field: str, name: str | int) -> str:
    """`events.0` for the first of a list."""
    return f"{field}.{name}" if field else str(name)
