"""The API's version is a date. It changes only when a client would have to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from catalog.api.codes import Code
from catalog.api.problems import CONTENT_TYPE, body

HEADER = "Vitrine-Version"
VERSION = "2026-11-21"
PREFIX = "/api/v1/"


class ApiVersion:
    """Says on every answer which version gave it, and refuses requests for another one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        response = self._refusal(request) or self.get_response(request)
        response.headers[HEADER] = VERSION
        return response

    def _refusal(self, request: HttpRequest) -> JsonResponse | None:
        asked = request.headers.get(HEADER, VERSION)
        if asked == VERSION:
            return None
        said = f"This API speaks {VERSION} alone. Leave {HEADER} out, or send this date."
        code = Code.UNKNOWN_VERSION
        return JsonResponse(body(code, said), status=code.status, content_type=CONTENT_TYPE)
