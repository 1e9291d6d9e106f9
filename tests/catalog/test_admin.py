"""The catalog's admin: everything can be looked at, history cannot be touched."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pgvector import HalfVector

from catalog import endpoints, erasing, keys, products, webhooks
from catalog.choices import Source, Status
from catalog.models import (
    AltText,
    ApiKey,
    Attribute,
    AttributeValue,
    AttributeVector,
    AttributeVerdict,
    Calibration,
    Category,
    CategoryHead,
    CategoryThreshold,
    CategoryVector,
    ComparedPhoto,
    Delivery,
    DeliveryAttempt,
    DoomedFile,
    DuplicateGroup,
    DuplicateLink,
    DuplicateMember,
    Embedding,
    Encoder,
    Event,
    Fetch,
    Grouping,
    HeadVector,
    IdempotentRequest,
    IgnoredDuplicates,
    Image,
    ImageAttribute,
    Import,
    ImportItem,
    LearningSwitch,
    MapPoint,
    PerceptualHash,
    Product,
    ProductEvent,
    Projection,
    QueryVector,
    Retagging,
    Storefront,
    StorefrontEvent,
    StorefrontPrune,
    Tag,
    TagVerdict,
    Taxonomy,
    TaxonomyDraft,
    ThresholdSet,
    ThresholdSwitch,
    Tombstone,
    Upload,
    UploadPart,
    WebhookEndpoint,
    WebhookEvent,
)
from tests.admin import assert_nothing_can_be_changed, assert_pages_load, models_of, url

Picture = Callable[..., bytes]
WRITTEN_BY_US_ALONE = [
    *(Category, CategoryVector, Embedding, Encoder, Event, PerceptualHash),
    *(QueryVector, StorefrontPrune, Tag, Taxonomy, TaxonomyDraft),
    *(Fetch, Import, ImportItem, StorefrontEvent, Upload, UploadPart),
    *(AltText, ComparedPhoto, DuplicateGroup, DuplicateLink, DuplicateMember),
    *(Grouping, IgnoredDuplicates, ProductEvent),
    *(Calibration, CategoryHead, HeadVector, LearningSwitch, MapPoint, Projection, TagVerdict),
    *(DoomedFile, IdempotentRequest, Tombstone),
    *(CategoryThreshold, Retagging, ThresholdSet, ThresholdSwitch),
    *(Attribute, AttributeValue, AttributeVector, AttributeVerdict, ImageAttribute),
    *(Delivery, DeliveryAttempt, WebhookEndpoint, WebhookEvent),
]


@pytest.fixture
def photo(
    storefront: Storefront,
    upload: Callable[..., Image],
    picture: Picture,
    make_user: Callable[..., User],
) -> Image:
    """One photo with everything that can hang on it, so that every model has a row."""
    encoder = Encoder.objects.create(
        name="mini", fingerprint="f", dimension=3, scoring="softmax", logit_scale=100.0
    )
    taxonomy = Taxonomy.objects.create(slug="t", name="T", version="1")
    mug = Category.objects.create(
        taxonomy=taxonomy, external_id="mug", name="Mug", path="Mug", position=0
    )
    vector = HalfVector([1, 0, 0])
    CategoryVector.objects.create(
        category=mug, encoder=encoder, words_digest="d", template_version="v", vector=vector
    )
    photo = upload(picture("mug"), filename="mug.jpg")
    embedding = Embedding.objects.create(image=photo, encoder=encoder, vector=vector)
    QueryVector.objects.create(encoder=encoder, digest="d", vector=vector)
    Tag.objects.create(image=photo, category=mug, encoder=encoder, rank=1, score=0.9, threshold=0.3)
    PerceptualHash.objects.create(image=photo, pdq="01" * 128, quality=80)
    StorefrontPrune.objects.create(storefront=storefront, category=mug)
    lea = make_user("lea", "lead")
    TaxonomyDraft.objects.create(
        data=b"-",
        filename="t.csv",
        slug="t",
        name="T",
        version="2",
        uploaded_by=lea,
    )
    TagVerdict.objects.create(image=photo, category=mug, accepted=True, by=lea)
    of = {"taxonomy": taxonomy, "encoder": encoder}
    head = CategoryHead.objects.create(**of, version=1, digest="d", photos=1)
    HeadVector.objects.create(head=head, category=mug, photos=1, vector=vector)
    learned = ThresholdSet.objects.create(
        **of, version=1, digest="d", precision=0.85, base=0.3, photos=1
    )
    CategoryThreshold.objects.create(set=learned, category=mug, threshold=0.4, right=1, wrong=0)
    LearningSwitch.objects.create(taxonomy=taxonomy)
    ThresholdSwitch.objects.create(taxonomy=taxonomy)
    colour = Attribute.objects.create(slug="colour", name="Colour", method="words", threshold=0.5)
    red = AttributeValue.objects.create(attribute=colour, slug="red", name="Red")
    given = {"value": red, "encoder": encoder}
    AttributeVector.objects.create(**given, is_known=True, vector=vector)
    ImageAttribute.objects.create(**given, image=photo, score=0.7, threshold=0.5)
    AttributeVerdict.objects.create(image=photo, value=red, accepted=True, by=lea)
    Retagging.objects.create(**of, rate=1)
    Calibration.objects.create(
        **of, taxonomy_version="1", temperature=1.5, photos=1, error_before=0.2, error_after=0.1
    )
    projection = Projection.objects.create(
        encoder=encoder, kind="pca", version=1, parameters=b"-", photos=1, sample=1, explained=0.5
    )
    MapPoint.objects.create(projection=projection, embedding=embedding, x=0, y=0)
    job = Import.objects.create(storefront=storefront, started_by=lea)
    sent = Upload.objects.create(
        uploaded_by=lea, job=job, name="mug.zip", size=1, received=1, expires_at=timezone.now()
    )
    UploadPart.objects.create(upload=sent, offset=0, size=1, content="mug.part")
    ImportItem.objects.create(job=job, position=0, name="mug.jpg")
    keys.create_key(storefront=storefront, name="Import")
    Fetch.objects.create(storefront=storefront, url="https://cdn.shop.example/mug.jpg")
    endpoint = endpoints.make(storefront=storefront, url="https://shop.example/hooks")
    delivery = webhooks.send_test(endpoint=endpoint)
    DeliveryAttempt.objects.create(delivery=delivery, status=204, milliseconds=12)
    soon = timezone.now()
    IdempotentRequest.objects.create(
        storefront=storefront, key="k", locked_until=soon, expires_at=soon
    )
    Tombstone.objects.create(
        image_id=uuid4(), storefront=storefront, sha256="0" * 64, erased_by="lea"
    )
    DoomedFile.objects.create(name="originals/1/gone.jpg")
    product = products.upsert(storefront=storefront, sku="MUG-1", title="Mug")
    ProductEvent.objects.create(product=product, kind="edited", summary="Title changed", actor=lea)
    AltText.objects.create(image=photo, text="A mug", edited_by=lea, edited_at=timezone.now())
    grouping = Grouping.objects.create(storefront=storefront, encoder=encoder)
    ComparedPhoto.objects.create(grouping=grouping, image=photo)
    other = upload(picture("mug", 2), filename="other.jpg")
    left, right = sorted((photo, other), key=lambda image: image.pk)
    DuplicateLink.objects.create(grouping=grouping, left=left, right=right, cosine=0.99)
    group = DuplicateGroup.objects.create(grouping=grouping, version=1, size=2)
    DuplicateMember.objects.create(group=group, image=photo)
    IgnoredDuplicates.objects.create(storefront=storefront, image_ids=[photo.pk], by=lea)
    return photo


@pytest.mark.parametrize("model", models_of("catalog"))
def test_every_page_of_every_model_loads(model: Any, photo: Image, admin_client: Client) -> None:
    assert_pages_load(admin_client, model)


@pytest.mark.parametrize("model", WRITTEN_BY_US_ALONE)
def test_history_stands(model: Any, photo: Image, admin_client: Client) -> None:
    assert_nothing_can_be_changed(admin_client, model)


@pytest.mark.parametrize("model", models_of("catalog"))
def test_nothing_is_deleted(model: Any, photo: Image, admin_client: Client) -> None:
    count = model.objects.count()
    row = model.objects.first()
    assert admin_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.count() == count > 0


def test_where_a_photo_stands_cannot_be_edited(photo: Image, admin_client: Client) -> None:
    response = admin_client.post(url(Image, "change", photo.pk), {"status": Status.LIVE})
    assert response.status_code == 403
    photo.refresh_from_db()
    assert photo.status == Status.PENDING


def test_the_list_of_photos_shows_thumbnails_in_a_fixed_number_of_queries(
    photo: Image, upload: Callable[..., Image], picture: Picture, admin_client: Client
) -> None:
    def load() -> int:
        with CaptureQueriesContext(connection) as captured:
            page = admin_client.get(url(Image, "changelist")).content.decode()
        assert page.count("/thumbnail.jpg") == Image.objects.count()
        return len(captured)

    load()
    few = load()
    for seed in range(1, 4):
        upload(picture("mug", seed))
    assert load() == few


def test_a_photo_is_added_by_the_same_door(
    storefront: Storefront, picture: Picture, admin_client: Client, admin_user: Any
) -> None:
    product = products.upsert(storefront=storefront, sku="MUG-1")
    fields = {"storefront": storefront.pk, "product": product.pk}

    for _ in range(2):
        file = SimpleUploadedFile("mug.jpg", picture("mug"))
        response = admin_client.post(url(Image, "add"), fields | {"file": file}, follow=True)

    photo = Image.objects.get()
    assert "was there already" in response.content.decode()
    assert (photo.source, photo.uploaded_by, photo.product) == (Source.ADMIN, admin_user, product)
    assert (photo.status, photo.filename, photo.format) == (Status.PENDING, "mug.jpg", "JPEG")
    assert photo.events.count() == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "is empty"), (b"no photo at all", "not"), (b"\xff\xd8\xff\xe0", "damaged|ends before")],
)
def test_a_refused_photo_is_an_error_of_the_form(
    data: bytes, reason: str, storefront: Storefront, admin_client: Client
) -> None:
    fields = {"storefront": storefront.pk, "file": SimpleUploadedFile("mug.jpg", data)}
    response = admin_client.post(url(Image, "add"), fields)

    assert response.status_code == 200
    (error,) = response.context["adminform"].form.errors["file"]
    assert re.search(reason, error)
    assert not Image.objects.exists()


def test_a_photo_is_not_given_another_storefronts_product(
    storefront: Storefront, other_storefront: Storefront, picture: Picture, admin_client: Client
) -> None:
    theirs = products.upsert(storefront=other_storefront, sku="MUG-1")
    file = SimpleUploadedFile("mug.jpg", picture("mug"))
    response = admin_client.post(
        url(Image, "add"), {"storefront": storefront.pk, "product": theirs.pk, "file": file}
    )
    assert "product" in response.context["adminform"].form.errors
    assert not Image.objects.exists()


def test_a_new_key_is_shown_once(storefront: Storefront, admin_client: Client) -> None:
    fields = {"storefront": storefront.pk, "name": "Import"}
    page = admin_client.post(url(ApiKey, "add"), fields, follow=True).content.decode()

    (shown,) = re.findall(r"vt_[\w-]{32,}", page)
    key = keys.find(shown)
    assert key is not None
    assert (key.storefront, key.name) == (storefront, "Import")
    for later in (url(ApiKey, "changelist"), url(ApiKey, "change", key.pk)):
        assert shown not in admin_client.get(later).content.decode()


def test_keys_are_revoked_from_the_list(storefront: Storefront, admin_client: Client) -> None:
    key, plaintext = keys.create_key(storefront=storefront, name="Import")
    admin_client.post(
        url(ApiKey, "changelist"), {"action": "revoke", "_selected_action": str(key.pk)}
    )
    assert keys.find(plaintext) is None


def test_what_the_admin_changes_of_a_storefront_is_recorded(
    storefront: Storefront, admin_client: Client, admin_user: Any
) -> None:
    fields = {"name": "Corner & Co", "slug": "corner", "exposure": "1", "is_active": "on"}
    assert admin_client.post(url(Storefront, "change", storefront.pk), fields).status_code == 302
    storefront.refresh_from_db()
    assert (storefront.name, storefront.slug) == ("Corner & Co", "corner")
    (event,) = storefront.events.all()
    assert (event.summary, event.actor) == ("Changed name: Corner shop → Corner & Co", admin_user)


def test_a_products_title_changes_and_its_sku_does_not(
    storefront: Storefront, other_storefront: Storefront, admin_client: Client
) -> None:
    product = products.upsert(storefront=storefront, sku="MUG-1", title="Mug")
    fields = {"title": "Blue mug", "sku": "MUG-2", "exposure": "1"}
    fields |= {"storefront": str(other_storefront.pk)}
    assert admin_client.post(url(Product, "change", product.pk), fields).status_code == 302
    product.refresh_from_db()
    assert (product.title, product.sku, product.storefront) == ("Blue mug", "MUG-1", storefront)


def test_the_history_of_an_erased_photo_can_still_be_read(
    photo: Image, admin_client: Client
) -> None:
    event = Event.objects.first()
    assert event is not None
    erasing.erase(Image.objects.filter(pk=photo.pk))
    for query in ({}, {"q": str(photo.pk)}):
        page = admin_client.get(url(Event, "changelist"), query)
        assert event.summary in page.content.decode()
    assert admin_client.get(url(Event, "change", event.pk)).status_code == 200
