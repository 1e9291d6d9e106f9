"""Ingest: what is stored, what is refused, and what happens twice."""

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest
from django.db import connection

from catalog import ingest
from catalog.choices import Source, Status
from catalog.ml.images import ImageRejected
from catalog.models import Event, Image, Product, Storefront
from tests.conftest import ROOT, Picture, child_environment

pytestmark = pytest.mark.django_db

Upload = Callable[..., Image]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_photo_is_stored_whole_with_renditions_and_waits(
    upload: Upload, picture: Picture
) -> None:
    data = picture("mug", size=1600)
    image = upload(data, filename="my mug.jpg")
    assert (image.status, image.filename, image.format) == (Status.PENDING, "my mug.jpg", "JPEG")
    assert (image.width, image.height, image.size_bytes) == (1600, 1600, len(data))
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert image.original.read() == data
    assert PIL.Image.open(image.display).size == (1280, 1280)
    assert PIL.Image.open(image.thumbnail).size == (320, 320)
    assert [event.kind for event in Event.objects.filter(image=image)] == ["uploaded"]


def test_stored_names_are_ours_not_the_uploaders(upload: Upload, picture: Picture) -> None:
    image = upload(picture("mug"), filename="../../etc/passwd.php")
    assert image.original.name == f"originals/{image.storefront_id}/{image.pk}.jpg"


def test_metadata_is_never_served(upload: Upload, picture: Picture) -> None:
    drawn = PIL.Image.open(io.BytesIO(picture("mug")))
    exif = PIL.Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6  # turned by 90 degrees
    buffer = io.BytesIO()
    drawn.crop((0, 0, 256, 128)).save(buffer, "JPEG", exif=exif, comment=b"home address")
    image = upload(buffer.getvalue())
    assert (image.width, image.height) == (128, 256)
    for rendition in (image.display, image.thumbnail):
        served = PIL.Image.open(rendition)
        assert served.size[0] < served.size[1]
        assert not served.getexif()
        rendition.seek(0)
        content = rendition.read()
        assert b"Secret Camera" not in content
        assert b"home address" not in content


def test_a_refused_file_leaves_nothing_behind(
    storefront: Storefront, picture: Picture, media: Path
) -> None:
    with pytest.raises(ImageRejected) as refused:
        ingest.ingest(
            storefront=storefront,
            data=picture("mug")[:2000],
            filename="cut.jpg",
            source=Source.API,
        )
    assert refused.value.code == "truncated_image"
    assert not Image.objects.exists()
    assert files_in(media) == []


def test_the_same_bytes_are_the_same_photo_per_storefront_and_product(
    upload: Upload, picture: Picture, storefront: Storefront, other_storefront: Storefront
) -> None:
    data = picture("mug")
    first = upload(data)
    assert upload(data) == first
    assert upload(data, to=other_storefront) != first
    product = Product.objects.create(storefront=storefront, sku="A1")
    with_product = ingest.ingest(
        storefront=storefront, data=data, filename="a", source=Source.API, product=product
    )
    assert with_product.created
    assert Image.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_from_eight_threads_at_once_are_one_photo(
    storefront: Storefront, picture: Picture, media: Path
) -> None:
    data = picture("mug")
    results: list[ingest.Ingested] = []
    gate = threading.Barrier(8)

    def send() -> None:
        gate.wait()
        results.append(
            ingest.ingest(storefront=storefront, data=data, filename="a", source=Source.API)
        )
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.created for result in results].count(True) == 1
    assert len({result.image.pk for result in results}) == 1
    assert Image.objects.count() == 1
    assert len(files_in(media)) == 3  # the losers' files are gone


UPLOAD = """
from catalog.choices import Source
from catalog.ingest import ingest
from catalog.models import Storefront
import pathlib, sys
data = pathlib.Path({path!r}).read_bytes()
shop = Storefront.objects.get()
print(ingest(storefront=shop, data=data, filename="a.jpg", source=Source.API).image.status)
"""


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_accepted_while_the_broker_is_away(
    storefront: Storefront, picture: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "mug.jpg"
    path.write_bytes(picture("mug"))
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", UPLOAD.format(path=str(path))],
        cwd=ROOT,
        env={**child_environment(), "REDIS_URL": "redis://127.0.0.1:1/0"},  # nobody listens
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("pending")
    assert "waits for the next ring" in done.stderr
    assert Image.objects.get().status == Status.PENDING
