"""The API reference: valid without a warning, served from our own files."""

import re
from io import StringIO

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from tests.openapi import document


def test_the_document_is_valid_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    assert "/api/v1/images:" in out.getvalue()
    assert "Warning" not in capsys.readouterr().err


def test_either_key_header_opens_every_operation() -> None:
    schemes = document()["components"]["securitySchemes"]
    assert schemes["bearerKey"]["scheme"] == "bearer"
    assert schemes["headerKey"]["name"] == "X-API-Key"
    operations = [
        operation for methods in document()["paths"].values() for operation in methods.values()
    ]
    assert len(operations) >= 7
    for operation in operations:
        bearer, header = operation["security"]
        assert bearer["bearerKey"] == header["headerKey"]
        assert {"401", "403", "405", "500"} <= set(operation["responses"])


def test_an_upload_is_a_binary_file() -> None:
    assert document()["components"]["schemas"]["Upload"]["properties"]["file"]["format"] == "binary"


def test_anyone_may_read_the_document(client: Client) -> None:
    response = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert response.status_code == 200
    assert response.json()["paths"].keys() == document()["paths"].keys()


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_the_pages_load_nothing_from_elsewhere_and_no_inline_script(
    path: str, client: Client
) -> None:
    response = client.get(path)
    page = response.content.decode()

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/")
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
    assert re.findall(r"<script>|<style|style=| on\w+=", page) == []
    policy = response["Content-Security-Policy"].split("; ")  # in no particular order
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
