"""What holds for the admin of both apps, asked of one row of each model."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def models_of(app: str) -> list[Any]:
    return sorted(apps.get_app_config(app).get_models(), key=lambda model: model.__name__)


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def columns(rows: Iterable[Model]) -> list[dict[str, Any]]:
    return [
        {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for row in rows
    ]


def assert_pages_load(client: Client, model: Any) -> None:
    """List, search, add where it is allowed, and the row's own page; none reads a vector."""
    row = model._default_manager.first()
    assert row is not None, f"The fixture makes no {model.__name__}."
    addable = admin.site._registry[model].has_add_permission(_request(client))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url(model, "changelist")).status_code == 200
        assert client.get(url(model, "changelist"), {"q": "mug"}).status_code == 200
        assert client.get(url(model, "add")).status_code == (200 if addable else 403)
        page = client.get(url(model, "change", row.pk))
        assert page.status_code == 200
    assert '."vector"' not in "".join(query["sql"] for query in captured.captured_queries)


def assert_nothing_can_be_changed(client: Client, model: Any) -> None:
    """A superuser may neither add, change nor delete, from the page or from the list."""
    row = model._default_manager.first()
    before = columns(model._default_manager.order_by("pk"))
    everything = {field.name: "1" for field in model._meta.fields}
    pages = [url(model, "add"), url(model, "change", row.pk), url(model, "delete", row.pk)]
    for page in pages:
        assert client.post(page, everything | {"post": "yes"}).status_code == 403, page
    chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    client.post(url(model, "changelist"), chosen)
    assert columns(model._default_manager.order_by("pk")) == before


def _request(client: Client) -> Any:
    return client.get(reverse("admin:index")).wsgi_request
