"""The API reference in the browser, served from our own files."""

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

# Both tools write their own <style> elements. Scripts stay as strict as everywhere else, and so do
# pictures: the logo that Redoc would fetch from its maker is blocked, and Redoc leaves it out.
OWN_STYLES = {"style-src": ["'unsafe-inline'"]}


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
