"""Tenants never meet: the whole API, walked with another storefront's ids.

Whoever adds an operation with an id in its address says here how to make one, and whoever adds one
that takes a body says what a good one is; the walk fails until they do.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from catalog import endpoints, keys, pipeline, products, query_vectors, storefronts
from catalog.encoders import LoadedEncoder
from catalog.models import Fetch, Image, Product, Storefront, WebhookEndpoint
from moderation.models import TrialDecision
from tests.conftest import Picture
from tests.openapi import ApiClient, document

pytestmark = pytest.mark.django_db
Upload = Callable[..., Image]
Process = Callable[[], pipeline.Drained]

SKU = "THEIRS-1"
TEXT = "A water pistol for the beach, made of blue plastic."
# A good body for each operation that takes one: what is refused must be refused for the id.
BODIES: dict[str, Any] = {
    "images_appeal": {"text": TEXT},
    "images_update": {"product": {"sku": "MINE-1"}},
    "products_put": {"title": "Mine"},
    "test_images_decide": {"action": "remove"},
    "webhooks_change": {"description": "Mine"},
    "webhooks_rotate": {},
}
# Storefronts name their products themselves: putting one under a name another uses makes one's own.
OWN_NAMESPACE = {"products_put"}

Operation = tuple[str, str, str]  # method, path template, operation id


def operations() -> Iterator[Operation]:
    for path, methods in sorted(document()["paths"].items()):
        for method, operation in methods.items():
            yield method, path, operation["operationId"]


WITH_IDS = [each for each in operations() if "{" in each[1]]
LISTS = [each for each in operations() if "{" not in each[1] and each[0] == "get"]


class Shop:
    """A storefront with one of everything that has an id."""

    def __init__(self, storefront: Storefront, upload: Upload, data: bytes) -> None:
        self.storefront = storefront
        self.product = products.upsert(storefront=storefront, sku=SKU, title="Theirs")
        self.image = upload(data, to=storefront, filename="theirs-alone.jpg")
        Image.objects.filter(pk=self.image.pk).update(product=self.product)
        self.fetch = Fetch.objects.create(
            storefront=storefront, url="https://theirs.example/alone.jpg"
        )
        self.webhook = endpoints.make(storefront=storefront, url="https://theirs.example/hook")
        self.delivery = endpoints.send_test(endpoint=self.webhook)

    def ids(self) -> dict[str, str]:
        """By the parameter's name in the OpenAPI document."""
        return {
            "image_id": str(self.image.pk),
            "sku": SKU,
            "fetch_id": str(self.fetch.pk),
            "webhook_id": str(self.webhook.pk),
            "event_id": str(self.delivery.event_id),
        }

    def secrets(self) -> set[str]:
        """What nobody else may read anywhere."""
        theirs = {value for name, value in self.ids().items() if name != "event_id"}
        return theirs | {"theirs-alone", "theirs.example", self.image.sha256}

    def state(self) -> list[Any]:
        """What nobody else may change."""
        return [
            Image.objects.filter(storefront=self.storefront).values_list("status", "product").get(),
            Product.objects.filter(storefront=self.storefront).values_list("sku", "title").get(),
            WebhookEndpoint.objects.filter(storefront=self.storefront)
            .values_list("secret", "previous_secret", "description", "state", "deleted_at")
            .get(),
            self.webhook.deliveries.count(),
            Fetch.objects.filter(storefront=self.storefront).count(),
            TrialDecision.objects.count(),
        ]


@pytest.fixture
def theirs(storefront: Storefront, upload: Upload, picture: Picture, process: Process) -> Shop:
    shop = Shop(storefront, upload, picture("mug", 1))
    process()
    return shop


@pytest.fixture(params=["another shop", "another shop's sandbox", "their own sandbox"])
def stranger(
    request: pytest.FixtureRequest, storefront: Storefront, other_storefront: Storefront
) -> Storefront:
    match request.param:
        case "another shop":
            return other_storefront
        case "another shop's sandbox":
            return storefronts.sandbox_of(storefront=other_storefront)
    return storefronts.sandbox_of(storefront=storefront)


@pytest.fixture
def api(stranger: Storefront) -> ApiClient:
    """A key that may do everything, of somebody else."""
    return ApiClient(keys.create_key(storefront=stranger, name="Stranger")[1])


def address(template: str, ids: dict[str, str]) -> str:
    names = re.findall(r"\{(\w+)\}", template)
    unknown = [name for name in names if name not in ids]
    assert not unknown, f"{template}: say in Shop.ids() how a {unknown[0]} comes about."
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], template)


def ask(api: ApiClient, operation: Operation, path: str) -> Any:
    method, template, name = operation
    takes = document()["paths"][template][method].get("requestBody")
    assert not takes or name in BODIES, f"{name} takes a body: add a good one to BODIES."
    sent = {"data": json.dumps(BODIES[name])} if takes else {}
    return api.generic(method.upper(), path, **sent, content_type="application/json")


def test_another_storefronts_ids_are_unknown_in_every_operation(
    theirs: Shop, api: ApiClient, stranger: Storefront
) -> None:
    before = theirs.state()
    answers = {}
    for operation in WITH_IDS:
        response = ask(api, operation, address(operation[1], theirs.ids()))
        answers[operation] = response.status_code
        told = response.content.decode()
        assert not [secret for secret in theirs.secrets() - {SKU} if secret in told], operation
    expected = {
        operation: 201
        if operation[2] in OWN_NAMESPACE
        else 403
        if "/test/" in operation[1] and stranger.livemode
        else 404
        for operation in WITH_IDS
    }
    # What it put under the same name is its own by then.
    own = {op for op in WITH_IDS if op[1].startswith("/api/v1/products/") and op[0] != "put"}
    for operation in own:
        answers.pop(operation)
        expected.pop(operation)
    assert answers == expected
    assert theirs.state() == before


def test_another_storefronts_products_are_unknown_until_one_has_its_own(
    theirs: Shop, api: ApiClient
) -> None:
    path = f"/api/v1/products/{SKU}"
    before = theirs.state()
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404
    assert theirs.state() == before


def test_their_ids_answer_exactly_as_ids_of_nothing(theirs: Shop, api: ApiClient) -> None:
    nothing = {name: str(uuid4()) for name in theirs.ids()}
    for operation in WITH_IDS:
        if operation[2] in OWN_NAMESPACE:
            continue
        hidden = ask(api, operation, address(operation[1], theirs.ids()))
        missing = ask(api, operation, address(operation[1], nothing))
        assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
        kept = {"RateLimit", "RateLimit-Policy"}
        assert hidden.headers.keys() - kept == missing.headers.keys() - kept, operation


def test_no_list_shows_anything_of_theirs(
    theirs: Shop, api: ApiClient, encoder: LoadedEncoder
) -> None:
    assert len(LISTS) >= 5
    query_vectors.encode_text(text="mug", encoder=encoder)  # else a worker would be asked
    for operation in LISTS:
        query = "?text=mug" if operation[1].endswith("/search") else ""
        response = api.get(operation[1] + query)
        told = response.content.decode()
        assert not [secret for secret in theirs.secrets() if secret in told], operation
        assert response.status_code == 200, operation


def test_searching_by_their_photo_is_refused(theirs: Shop, api: ApiClient) -> None:
    response = api.get(f"/api/v1/search?like={theirs.image.pk}")
    assert response.status_code == 400
    assert "theirs-alone" not in response.content.decode()


def test_every_operation_answers_its_owner(theirs: Shop, storefront: Storefront) -> None:
    """Else the walk above would prove nothing: the ids are good."""
    api = ApiClient(keys.create_key(storefront=storefront, name="Owner")[1])
    looks = [each for each in WITH_IDS if each[0] == "get"]
    assert len(looks) >= 6
    for operation in looks:
        response = ask(api, operation, address(operation[1], theirs.ids()))
        assert response.status_code == 200, operation
