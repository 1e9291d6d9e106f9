"""Pages and pieces of bulk imports: who may, what is answered, what is shown."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog import importing, unpacking
from catalog.choices import ImportStatus
from catalog.models import Image, Import, Storefront, Upload
from tests.catalog.zips import import_of, sent, zip_of
from tests.conftest import Picture
from tests.pages import JSON, SignIn, signing_in


@pytest.fixture
def sign_in(client: Client, make_user: Callable[..., User]) -> SignIn:
    return signing_in(client, make_user)


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    return sign_in("staff")


def begin(client: Client, data: bytes, name: str = "p.zip", **said: Any) -> Any:
    digest = hashlib.sha256(data[:1000]).hexdigest()
    body = {"name": name, "size": len(data), "modified": 7, "digest": digest, **said}
    return client.post(reverse("catalog:upload_begin"), body, headers=JSON)


def put(client: Client, pk: str, offset: object, data: bytes) -> Any:
    url = reverse("catalog:upload_piece", args=[pk])
    return client.put(
        f"{url}?offset={offset}", data, content_type="application/octet-stream", headers=JSON
    )


def start(client: Client, storefront: Storefront, *keys: str) -> Any:
    body = {"storefront": storefront.slug, "sku": "", "uploads": keys}
    return client.post(reverse("catalog:import_start"), body, headers=JSON)


def test_a_file_in_pieces_becomes_an_import(
    staff: Client, storefront: Storefront, picture: Picture
) -> None:
    data = zip_of({"mug.jpg": picture("mug")})
    begun = begin(staff, data).json()
    assert begun["offset"] == 0
    assert put(staff, begun["id"], 0, data[:1000]).json() == {"offset": 1000}
    early = start(staff, storefront, begun["id"])
    assert (early.status_code, Import.objects.count()) == (422, 0)
    assert "Not all files have arrived" in early.json()["message"]

    again = begin(staff, data).json()  # the page was reloaded
    assert (again["id"], again["offset"]) == (begun["id"], 1000)
    repeated = put(staff, begun["id"], 0, data[:1000])
    assert (repeated.status_code, repeated.json()["offset"]) == (409, 1000)
    assert put(staff, begun["id"], 1000, data[1000:]).json() == {"offset": len(data)}
    answer = start(staff, storefront, begun["id"])
    job = Import.objects.get()
    assert (answer.status_code, answer.json()["url"]) == (201, f"/imports/{job.pk}/")
    unpacking.run_turn()
    assert Image.objects.get().uploaded_by == job.started_by
    # What belongs to an import takes no more, and starts no other.
    assert put(staff, begun["id"], 0, data).status_code == 404
    assert start(staff, storefront, begun["id"]).status_code == 422


def test_nobody_sees_or_adds_to_anothers_upload(
    staff: Client, storefront: Storefront, make_user: Callable[..., User]
) -> None:
    data = b"PK\x03\x04" + bytes(100)
    pk = begin(staff, data).json()["id"]
    put(staff, pk, 0, data[:50])
    eve = Client()
    eve.force_login(make_user("eve", "lead"))
    assert eve.get(reverse("catalog:upload_piece", args=[pk])).status_code == 404
    assert put(eve, pk, 50, data[50:]).status_code == 404
    assert eve.post(reverse("catalog:upload_discard", args=[pk])).status_code == 404
    assert begin(eve, data).json()["offset"] == 0
    assert "p.zip, " not in eve.get(reverse("catalog:photos")).content.decode()
    put(staff, pk, 50, data[50:])
    assert start(eve, storefront, pk).status_code == 422
    assert Upload.objects.get(pk=pk).received == len(data)
    assert not Import.objects.exists()


@pytest.mark.parametrize("offset", ["", "-1", "x", "9" * 30, "1.5"])
def test_offsets_that_are_none(staff: Client, offset: str) -> None:
    pk = begin(staff, bytes(100)).json()["id"]
    assert put(staff, pk, offset, bytes(10)).status_code == 422


def test_pieces_that_do_not_fit(
    staff: Client, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr("catalog.views.resumable.CHUNK_BYTES", 60)
    pk = begin(staff, bytes(50)).json()["id"]
    assert put(staff, pk, 0, bytes(61)).status_code == 413
    assert put(staff, pk, 0, bytes(51)).status_code == 422
    assert put(staff, pk, 0, b"").status_code == 422
    assert Upload.objects.get().received == 0
    settings.VITRINE_IMPORT_MAX_BYTES = 1024 * 1024  # type: ignore[attr-defined]
    large = begin(staff, b"", size=2 * 1024 * 1024)
    assert (large.status_code, "larger than 1 MB" in large.json()["message"]) == (422, True)
    assert begin(staff, b"", name="").status_code == 422
    assert begin(staff, b"x", digest="<script>").status_code == 422


def test_without_the_script(
    staff: Client, storefront: Storefront, picture: Picture, settings: object
) -> None:
    def post() -> Any:
        files = [SimpleUploadedFile("p.zip", zip_of({"mug.jpg": picture("mug")}))]
        files.append(SimpleUploadedFile("products.csv", b"sku,image\nMUG-1,mug.jpg\n"))
        body = {"storefront": storefront.slug, "sku": "", "files": files}
        return staff.post(reverse("catalog:upload_files"), body)

    answer = post()
    job = Import.objects.get()
    assert answer["Location"] == f"/imports/{job.pk}/"
    unpacking.run_turn()
    assert Image.objects.get().product.sku == "MUG-1"  # type: ignore[union-attr]
    settings.VITRINE_IMPORT_MAX_BYTES = 10  # type: ignore[attr-defined]
    assert post()["Location"] == reverse("catalog:upload")
    assert Import.objects.count() == 1


def test_the_page_explains_and_the_csv_does_too(
    staff: Client, storefront: Storefront, picture: Picture
) -> None:
    entries = {"../../x.jpg": picture("mug"), "=1+1.jpg": b"", "good.jpg": picture("vase")}
    sam = User.objects.get(username="the-staff")
    job = import_of(sam, storefront, {"p.zip": zip_of(entries)})
    page = staff.get(reverse("catalog:import", args=[job.pk])).content.decode()
    assert "../../x.jpg" in page
    assert "leads out of the archive" in page
    assert "The file is empty" in page
    assert 'hx-trigger="every 1s"' in page  # its photo waits for a worker
    answer = staff.get(reverse("catalog:import_not_taken", args=[job.pk]))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "entry,sku,outcome,reason"
    assert sorted(line.split(",")[0] for line in lines[1:]) == ["'=1+1.jpg", "../../x.jpg"]
    photos = staff.get(f"{reverse('catalog:photos')}?import={job.pk}").content.decode()
    assert "good.jpg" in photos
    other = staff.get(f"{reverse('catalog:photos')}?import={job.pk + 1}").content.decode()
    assert "No photo matches" in other
    listed = staff.get(reverse("catalog:imports")).content.decode()
    assert "p.zip" in listed
    assert "2 refused" in listed


def test_only_who_started_it_or_a_lead_changes_it(
    sign_in: SignIn, make_user: Callable[..., User], storefront: Storefront, picture: Picture
) -> None:
    whole = sent(make_user("sam", "staff"), "p.zip", zip_of({"a.jpg": picture("mug")}))
    job = importing.start(storefront=storefront, files=[whole], started_by=whole.uploaded_by)
    other = sign_in("staff")
    pause = reverse("catalog:import_pause", args=[job.pk])
    assert other.post(pause).status_code == 403
    assert "Pause" not in other.get(reverse("catalog:import", args=[job.pk])).content.decode()
    lead = sign_in("lead")
    assert lead.post(pause).status_code == 302
    job.refresh_from_db()
    assert job.status == ImportStatus.PAUSED
    lead.post(reverse("catalog:import_resume", args=[job.pk]))
    lead.post(reverse("catalog:import_cancel", args=[job.pk]))
    job.refresh_from_db()
    assert job.status == ImportStatus.CANCELLED
    late = lead.post(reverse("catalog:import_resume", args=[job.pk]), follow=True)
    assert "this import is cancelled" in late.content.decode()


@pytest.mark.parametrize(("role", "status"), [(None, 302), ("nobody", 403), ("moderator", 403)])
@pytest.mark.parametrize(
    ("method", "name", "arguments"),
    [
        ("get", "imports", []),
        ("get", "import", [1]),
        ("get", "import_not_taken", [1]),
        ("post", "import_start", []),
        ("post", "import_pause", [1]),
        ("post", "import_resume", [1]),
        ("post", "import_cancel", [1]),
        ("post", "upload_begin", []),
        ("put", "upload_piece", ["00000000-0000-0000-0000-000000000000"]),
        ("post", "upload_discard", ["00000000-0000-0000-0000-000000000000"]),
    ],
)
def test_strangers_and_wrong_roles(
    sign_in: SignIn, role: str | None, status: int, method: str, name: str, arguments: list[object]
) -> None:
    answer = getattr(sign_in(role), method)(reverse(f"catalog:{name}", args=arguments))
    assert answer.status_code == status


@pytest.mark.parametrize("name", ["import", "import_not_taken"])
def test_an_import_that_is_not_there(staff: Client, name: str) -> None:
    assert staff.get(reverse(f"catalog:{name}", args=[99])).status_code == 404
