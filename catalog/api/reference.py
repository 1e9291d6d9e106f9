"""The API's description, and the reference in the browser, served from our own files."""

from threading import Lock
from typing import Any

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.request import Request
from rest_framework.response import Response

# drf-spectacular looks up its extensions while it writes the first description, and two threads
# that do so at once trip over each other.
WRITING = Lock()

# Both tools write their own <style> elements. Scripts stay as strict as everywhere else, and so do
# pictures: the logo that Redoc would fetch from its maker is blocked, and Redoc leaves it out.
OWN_STYLES = {"style-src": ["'unsafe-inline'"]}


class Description(SpectacularAPIView):
    """The OpenAPI document."""

    @extend_schema(exclude=True)  # it describes the API, and is no part of it
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with WRITING:
            answer: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return answer


@method_decorator(csp_update(OWN_STYLES), name="dispatch")
class Swagger(SpectacularSwaggerSplitView):
    """Swagger UI: read the reference, send requests from it."""

    template_name = "api/swagger.html"
    title = "Vitrine API"


@method_decorator(csp_update(OWN_STYLES), name="dispatch")
class Redoc(SpectacularRedocView):
    """Redoc: the same reference, laid out for reading."""

    template_name = "api/redoc.html"
    title = "Vitrine API"
