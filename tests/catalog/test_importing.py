"""Imports: what comes in, for which product, and what is said about the rest."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog import importing, unpacking, uploads
from catalog.choices import ImportStatus, ItemStatus, Source, Status
from catalog.importing import ImportRefused
from catalog.models import Image, ImportItem, Product, Storefront, Upload, UploadPart
from catalog.uploads import UploadRefused, WrongOffset
from tests.catalog.zips import fates, import_of, refused, sent, zip_of
from tests.conftest import Picture


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


def test_photos_of_an_archive_come_in_through_the_one_door(
    sam: User,
    storefront: Storefront,
    picture: Picture,
    media: Path,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    mug = picture("mug")
    files = {
        "one/mug.jpg": mug,
        "again.jpg": mug,
        "notes.txt": b"hello",
        "vase.png": picture("vase"),
    }
    with django_capture_on_commit_callbacks(execute=True):
        job = import_of(sam, storefront, {"photos.zip": zip_of(files)}, sku="MIXED")

    found = fates(job)
    assert found["one/mug.jpg"] == (ItemStatus.ACCEPTED, "")
    assert found["again.jpg"] == (ItemStatus.DUPLICATE, "")
    assert found["notes.txt"][0] == ItemStatus.REFUSED
    assert "holds text" in found["notes.txt"][1]
    photo = Image.objects.get(filename="mug.jpg")
    assert (photo.storefront, photo.source, photo.uploaded_by) == (storefront, Source.STAFF, sam)
    assert (photo.status, photo.product.sku) == (Status.PENDING, "MIXED")  # type: ignore[union-attr]
    assert photo.original.read() == mug
    assert set(job.items.exclude(image=None).values_list("image__filename", flat=True)) == {
        "mug.jpg",
        "vase.png",
    }
    assert job.status == ImportStatus.DONE
    assert not UploadPart.objects.exists()
    assert not [path for path in media.glob("uploads/**/*") if path.is_file()]


TABLE = """sku;title;image_1;Image 2
MUG-1;Blue mug;one/a.jpg;b.jpg
MUG-2;Red mug;B.JPG;
;No number;c.jpg;
MUG-3;Not here;missing.jpg;
MUG-4;Twice;same.jpg;
MUG-5;Far away;https://example.com/x.jpg;
MUG-6;Both|in one;"c.jpg|two/same.jpg";
"""


def test_a_table_gives_photos_to_products(
    sam: User, storefront: Storefront, picture: Picture
) -> None:
    photos = {
        "one/a.jpg": picture("mug", 1),
        "b.jpg": picture("mug", 2),
        "c.jpg": picture("mug", 3),
        "one/same.jpg": picture("mug", 4),
        "two/same.jpg": picture("mug", 5),
    }
    job = import_of(
        sam, storefront, {"p.zip": zip_of({**photos, "products.csv": TABLE.encode("utf-8-sig")})}
    )
    of = {
        product.sku: sorted(product.images.values_list("filename", flat=True))
        for product in Product.objects.all()
    }
    assert of == {
        "MUG-1": ["a.jpg", "b.jpg"],
        "MUG-2": ["b.jpg"],
        "MUG-6": ["c.jpg", "same.jpg"],
    }
    assert Product.objects.get(sku="MUG-1").title == "Blue mug"
    assert Image.objects.get(product=None).filename == "same.jpg"
    reasons = refused(job)
    assert "Row 4 has no SKU" in reasons["products.csv ▸ c.jpg"]
    assert "neither in this upload" in reasons["products.csv ▸ missing.jpg"]
    assert "Give its whole path" in reasons["products.csv ▸ same.jpg"]
    assert "not fetched" in reasons["products.csv ▸ https://example.com/x.jpg"]
    assert len(reasons) == 4


def test_a_table_beside_loose_photos(sam: User, storefront: Storefront, picture: Picture) -> None:
    import_of(
        sam,
        storefront,
        {"a.jpg": picture("mug"), "products.csv": b"sku,image\nMUG-1,a.jpg\n"},
    )
    assert Image.objects.get().product.sku == "MUG-1"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"name,image\nMug,a.jpg\n", "no column “sku”"),
        (b"sku,price\n1,2\n", "no column “image”"),
        (b"", "no column “sku”"),
        (b'sku,image\n"' + b"x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_stops_before_anything_is_taken(
    sam: User, storefront: Storefront, picture: Picture, table: bytes, words: str
) -> None:
    data = zip_of({"a.jpg": picture("mug"), "products.csv": table})
    job = import_of(sam, storefront, {"p.zip": data})
    assert job.status == ImportStatus.FAILED
    assert words in job.error
    assert "Nothing was taken" in job.error
    assert not Image.objects.exists()


def test_tables_are_bounded_together(
    sam: User, storefront: Storefront, picture: Picture, settings: object
) -> None:
    settings.VITRINE_IMPORT_MAX_ENTRIES = 5  # type: ignore[attr-defined]
    rows = b"sku,image\n" + b"A,a.jpg\n" * 3
    tables = {"1.csv": rows, "2.csv": rows}
    job = import_of(sam, storefront, {"p.zip": zip_of({"a.jpg": picture("mug"), **tables})})
    assert "more rows than one import may have" in job.error
    assert not job.items.exists()


def test_pausing_resuming_and_cancelling(
    sam: User, storefront: Storefront, picture: Picture
) -> None:
    photos = {f"{n}.jpg": picture("mug", n) for n in range(4)}
    whole = sent(sam, "p.zip", zip_of(photos))
    job = importing.start(storefront=storefront, files=[whole], started_by=sam)
    importing.pause(import_id=job.pk)
    assert not unpacking.run_turn()
    assert not ImportItem.objects.exists()
    importing.resume(import_id=job.pk)
    assert unpacking.run_turn(seconds=0)
    assert job.items.filter(status=ItemStatus.WAITING).count() == 4
    first, second = job.items.all()[:2]
    with unpacking.Files() as files:
        unpacking._take_one(first.pk, files)
        importing.cancel(import_id=job.pk)
        unpacking._take_one(second.pk, files)  # was about to be taken
    assert not unpacking.run_turn()
    assert Image.objects.count() == 1
    assert not UploadPart.objects.exists()
    with pytest.raises(ImportRefused, match="this import is cancelled"):
        importing.resume(import_id=job.pk)


def test_an_entry_that_kills_its_worker_three_times_is_left_out(
    sam: User, storefront: Storefront, picture: Picture
) -> None:
    whole = sent(sam, "p.zip", zip_of({"a.jpg": picture("mug"), "b.jpg": picture("vase")}))
    job = importing.start(storefront=storefront, files=[whole], started_by=sam)
    unpacking.run_turn(seconds=0)
    job.items.filter(name="a.jpg").update(attempts=3)  # counted before, never finished
    unpacking.run_turn()
    assert "stopped the worker three times" in refused(job)["a.jpg"]
    assert Image.objects.get().filename == "b.jpg"


def test_a_full_disk_stops_the_import_and_nothing_is_refused(
    sam: User,
    storefront: Storefront,
    picture: Picture,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = sent(sam, "p.zip", zip_of({"a.jpg": picture("mug")}))
    job = importing.start(storefront=storefront, files=[whole], started_by=sam)
    (media / "originals").write_text("a file where a folder should be")
    assert not unpacking.run_turn()
    job.refresh_from_db()
    assert job.status == ImportStatus.FAILED
    assert "could not be read or stored" in job.error
    assert job.items.get().attempts == 0
    (media / "originals").unlink()
    importing.resume(import_id=job.pk)
    unpacking.run_turn()
    assert job.items.get().status == ItemStatus.ACCEPTED


def test_pieces_join_and_resume(sam: User, storefront: Storefront) -> None:
    data = bytes(range(256)) * 40
    same = {"name": "p.zip", "size": len(data), "modified": 5, "digest": "d"}
    upload = uploads.begin(user=sam, **same)  # type: ignore[arg-type]
    uploads.append(upload=upload, offset=0, data=data[:3_000])
    with pytest.raises(WrongOffset) as wrong:
        uploads.append(upload=upload, offset=0, data=data[:3_000])
    assert wrong.value.offset == 3_000
    again = uploads.begin(user=sam, **same)  # type: ignore[arg-type]
    assert (again.pk, again.received) == (upload.pk, 3_000)
    other = uploads.begin(user=sam, **{**same, "digest": "e"})  # type: ignore[arg-type]
    assert (other.pk != upload.pk, other.received) == (True, 0)
    with pytest.raises(ImportRefused, match="Not all files have arrived"):
        importing.start(storefront=storefront, files=[upload], started_by=sam)
    uploads.append(upload=upload, offset=3_000, data=data[3_000:9_000])
    with pytest.raises(UploadRefused, match="does not fit"):
        uploads.append(upload=upload, offset=9_000, data=data)
    uploads.append(upload=upload, offset=9_000, data=data[9_000:])
    with uploads.open_file(upload) as file:
        assert file.read() == data
        file.seek(2_990)
        assert file.read(6_020) == data[2_990:9_010]


def test_limits_of_a_person(
    sam: User, make_user: Callable[..., User], storefront: Storefront, settings: object
) -> None:
    settings.VITRINE_IMPORT_MAX_BYTES = 3_000_000  # type: ignore[attr-defined]
    settings.VITRINE_IMPORT_USER_BYTES = 5_000_000  # type: ignore[attr-defined]
    with pytest.raises(UploadRefused, match="larger than 2 MB"):
        uploads.begin(user=sam, name="a.zip", size=3_000_001)
    with pytest.raises(UploadRefused, match="is empty"):
        uploads.begin(user=sam, name="a.zip", size=0)
    first = uploads.begin(user=sam, name="a.zip", size=3_000_000)
    with pytest.raises(UploadRefused, match="more than 4 MB of yours"):
        uploads.begin(user=sam, name="b.zip", size=3_000_000)
    uploads.begin(user=make_user("eve", "staff"), name="b.zip", size=3_000_000)
    uploads.discard(upload=first)
    uploads.begin(user=sam, name="b.zip", size=3_000_000)


def test_unfinished_uploads_expire(
    sam: User,
    media: Path,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    upload = uploads.begin(user=sam, name="a.zip", size=100)
    uploads.append(upload=upload, offset=0, data=b"x" * 50)
    uploads.expire()
    assert Upload.objects.exists()
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not uploads.unfinished_of(sam).exists()
    with django_capture_on_commit_callbacks(execute=True):
        uploads.expire()
    assert not Upload.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]
