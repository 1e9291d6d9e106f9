"""Every error is a problem with a documented code, and tells nothing about our insides."""

import logging
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from rest_framework import exceptions

from catalog import keys
from catalog.api.codes import ABOUT_THE_FILE, Code
from catalog.ml import rejection
from catalog.models import Storefront
from tests.openapi import IMAGES, PROBLEM, ApiClient, document

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def test_the_documented_codes_are_the_codes_there_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", DOCS.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted((code.code, str(code.status)) for code in Code)


def test_an_unknown_address_is_a_problem_for_browsers_cookies_too() -> None:
    response = Client(enforce_csrf_checks=True).post("/api/v1/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)
    assert response.json()["code"] == "not_found"


def test_every_rejection_of_a_file_has_its_own_code() -> None:
    known = {
        value
        for name, value in vars(rejection).items()
        if name.isupper() and not name.endswith("_MESSAGE")
    }
    assert {code.code for code in ABOUT_THE_FILE} == known | {"image_rejected"}
    assert Code.of_rejection("newer_than_this_list") is Code.IMAGE_REJECTED


def test_every_code_is_in_the_openapi_document() -> None:
    text = str(document())
    assert [code.code for code in Code if f"urn:vitrine:problem:{code.code}'" not in text] == []


@pytest.mark.parametrize(
    ("method", "path", "kind", "status", "code"),
    [
        ("GET", "/api/", "", 404, "not_found"),
        ("GET", "/api/v2/images", "", 404, "not_found"),
        ("POST", f"{IMAGES}/", "", 404, "not_found"),
        ("GET", f"{IMAGES}/not-an-id", "", 404, "not_found"),
        ("DELETE", IMAGES, "", 405, "method_not_allowed"),
        ("OPTIONS", IMAGES, "", 405, "method_not_allowed"),
        ("PUT", f"{IMAGES}/7c9e6679-7425-40de-944b-e07fc1f90ae7", "", 405, "method_not_allowed"),
        ("POST", IMAGES, "text/csv", 415, "unsupported_media_type"),
        ("POST", IMAGES, "application/json", 400, "validation_failed"),
        ("POST", IMAGES, "multipart/form-data", 400, "malformed_request"),
        ("POST", IMAGES, "multipart/form-data; boundary=x", 400, "validation_failed"),
    ],
)
def test_errors_are_problems(
    method: str, path: str, kind: str, status: int, code: str, api: ApiClient
) -> None:
    response = api.generic(method, path, b"{}", content_type=kind or "application/octet-stream")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == PROBLEM
    assert response.json()["type"] == f"urn:vitrine:problem:{code}"
    if status == 405:
        assert "GET" in response["Allow"]


def test_only_json_is_served(api: ApiClient) -> None:
    response = api.get(IMAGES, headers={"Accept": "text/html"})
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")
    assert api.get(IMAGES, headers={"Accept": "*/*"}).status_code == 200


def test_form_fields_have_a_limit_of_their_own(api: ApiClient) -> None:
    response = api.post(IMAGES, {"title": "x" * 1024 * 1024})
    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")


def test_a_failure_of_ours_is_logged_and_not_told(
    api: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    api.raise_request_exception = False
    with connection.cursor() as cursor:  # a failure of the real database, undone by the rollback
        cursor.execute("ALTER TABLE catalog_image RENAME COLUMN format TO secret_format")

    with caplog.at_level(logging.ERROR):
        response = api.get(IMAGES)

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert b"column" not in response.content
    assert b"catalog_image" not in response.content
    assert "catalog_image.format" in caplog.text


@pytest.mark.parametrize(
    "error", [exceptions.NotFound("pk 7"), exceptions.AuthenticationFailed("x")]
)
def test_details_of_the_framework_are_not_passed_on(error: exceptions.APIException) -> None:
    from catalog.api.problems import explain

    _, detail, _ = explain(error)
    assert detail == ""


def test_a_database_that_is_away_is_a_503() -> None:
    from django.db import OperationalError

    from catalog.api.problems import explain

    code, _, _ = explain(OperationalError("server closed the connection"))
    assert (code.code, code.status) == ("unavailable", 503)
