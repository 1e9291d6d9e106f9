"""Staff upload: what is taken, what is refused and why, and how progress is asked for."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog import publishing
from catalog.choices import Source, Status
from catalog.models import Image, Product, Storefront
from tests.conftest import Picture
from tests.pages import SignIn, send, tag

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [None, "nobody", "moderator"])
def test_only_staff_upload(
    role: str | None,
    sign_in: SignIn,
    storefront: Storefront,
    picture: Picture,
) -> None:
    response = send(sign_in(role), storefront, picture("mug"))
    assert response.status_code == (401 if role is None else 403)
    assert not Image.objects.exists()


def test_an_upload_is_stored_for_its_product_by_its_uploader(
    sign_in: SignIn, storefront: Storefront, picture: Picture
) -> None:
    data = picture("mug")
    client = sign_in("staff")
    response = send(client, storefront, data, {"sku": "MUG-1"})
    image = Image.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(image.pk),
        "created": True,
        "url": reverse("catalog:photo", args=[image.pk]),
    }
    assert image.source == Source.STAFF
    assert image.status == Status.PENDING
    assert str(image.uploaded_by) == "the-staff"
    assert image.product is not None
    assert (image.product.sku, image.product.storefront) == ("MUG-1", storefront)

    again = send(client, storefront, data, {"sku": "MUG-1"})
    assert (again.status_code, again.json()["created"]) == (200, False)
    assert Image.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"plainly not a photo", "unsupported_format"),
        (b"", "empty_file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
    ],
)
def test_a_refused_file_says_why_and_leaves_nothing(
    data: bytes, code: str, sign_in: SignIn, storefront: Storefront
) -> None:
    response = send(sign_in("staff"), storefront, data, {"sku": "NEW"})
    assert response.status_code == 422
    assert response.json()["code"] == code
    assert len(response.json()["message"]) > 20
    assert not Image.objects.exists()
    assert not Product.objects.exists()


def test_a_file_over_the_limit_is_refused_unread(
    sign_in: SignIn,
    storefront: Storefront,
    picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "VITRINE_MAX_UPLOAD_BYTES", 100)
    response = send(sign_in("staff"), storefront, picture("mug"))
    assert (response.status_code, response.json()["code"]) == (422, "file_too_large")


@pytest.mark.parametrize(
    "fields", [{"storefront": "no-such"}, {"sku": "A\x00B"}, {"sku": "x" * 121}]
)
def test_a_form_that_makes_no_sense_is_refused(
    fields: dict[str, str],
    sign_in: SignIn,
    storefront: Storefront,
    picture: Picture,
) -> None:
    response = send(sign_in("staff"), storefront, picture("mug"), fields)
    assert (response.status_code, response.json()["code"]) == (422, "form")
    assert not Image.objects.exists()


def test_an_inactive_storefront_takes_no_uploads(
    sign_in: SignIn, storefront: Storefront, picture: Picture
) -> None:
    Storefront.objects.update(is_active=False)
    assert send(sign_in("staff"), storefront, picture("mug")).status_code == 422


def test_the_form_works_without_scripts(
    sign_in: SignIn, storefront: Storefront, picture: Picture
) -> None:
    files = [
        SimpleUploadedFile("a.jpg", picture("mug", 1)),
        SimpleUploadedFile("b.jpg", b"nonsense"),
        SimpleUploadedFile("c.jpg", picture("mug", 2)),
    ]
    response = sign_in("staff").post(
        reverse("catalog:upload_files"),
        {"storefront": storefront.slug, "files": files},
        follow=True,
    )
    assert Image.objects.count() == 2
    assert "2 of 3 photos stored." in response.text
    assert "b.jpg: " in response.text


def test_status_answers_for_many_photos_at_once(
    photo: Image,
    upload: Callable[..., Image],
    picture: Picture,
    sign_in: SignIn,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    failed = upload(picture("vase"))
    publishing.fail(image=failed, code="broken", reason="It is broken.")
    tag(photo, "Mug", score=0.91)
    client = sign_in("staff")
    with django_assert_max_num_queries(6):  # session, user, groups, tags, photos; not one per photo
        response = client.get(
            reverse("catalog:upload_status"), {"ids": f"{photo.pk},{failed.pk},{'0' * 32}"}
        )
    by_id = {entry["id"]: entry for entry in response.json()["photos"]}
    assert set(by_id) == {str(photo.pk), str(failed.pk)}
    assert by_id[str(photo.pk)]["tags"] == [{"name": "Mug", "path": "Home ▸ Mug", "score": 0.91}]
    assert by_id[str(photo.pk)]["status"] == "pending"
    assert by_id[str(failed.pk)]["reason"] == "It is broken."
    assert client.get(reverse("catalog:upload_status"), {"ids": "x"}).status_code == 400
