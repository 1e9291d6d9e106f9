"""A ZIP of 500 photos, among them one broken, one bomb, one that leads out: tagged for real."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image as Pillow
from PIL import ImageEnhance, ImageOps

from catalog import taxonomy, unpacking
from catalog.choices import ImportStatus, ItemStatus, Status
from catalog.models import Image, Storefront, Tag
from tests.catalog.zips import bomb, refused, sent, zip_of
from tests.conftest import picture_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

KINDS = ("mug", "vase", "chair", "backpack", "teapot")
PHOTOS = 500
TAXONOMY = """
slug: few
name: A few things
version: 1
categories:
  - {id: mug, name: Mug}
  - {id: vase, name: Vase}
  - {id: chair, name: Chair}
"""


def many(count: int) -> Iterator[bytes]:
    """Photos that differ: few are drawn, the others are mirrored, brightened and saved anew."""
    drawn = [
        Pillow.open(io.BytesIO(picture_of(kind, seed, size=160)))
        for kind in KINDS
        for seed in range(5)
    ]
    for n in range(count):
        photo = drawn[n % len(drawn)]
        step = n // len(drawn)
        photo = ImageOps.mirror(photo) if step % 2 else photo
        photo = ImageEnhance.Brightness(photo).enhance(0.75 + 0.025 * step)
        buffer = io.BytesIO()
        photo.save(buffer, "JPEG", quality=85)
        yield buffer.getvalue()


def test_497_are_tagged_and_three_are_explained(
    pipeline_worker: object,
    storefront: Storefront,
    make_user: Callable[..., User],
    client: Client,
    tmp_path: Path,
    media: Path,
) -> None:
    tree = tmp_path / "few.yaml"
    tree.write_text(TAXONOMY)
    taxonomy.load(path=tree)
    photos = list(many(PHOTOS))
    entries = {f"photos/{n:03}.jpg": photo for n, photo in enumerate(photos[:-3])}
    entries["photos/broken.jpg"] = photos[-3][: len(photos[-3]) // 2]
    entries["photos/bomb.jpg"] = bomb(200 * 1024 * 1024)
    entries["../../x.jpg"] = photos[-1]
    sam = make_user("sam", "staff")
    client.force_login(sam)
    whole = sent(sam, "autumn.zip", zip_of(entries))

    body = {"storefront": storefront.slug, "sku": "", "uploads": [str(whole.pk)]}
    url = client.post(reverse("catalog:import_start"), body).json()["url"]
    while unpacking.run_turn():  # the background worker's turns; the pipeline's is its own process
        pass
    deadline = time.monotonic() + 200
    while Image.objects.filter(status=Status.PENDING).exists():
        assert time.monotonic() < deadline, "the worker did not tag them"
        time.sleep(0.2)

    job = whole.__class__.objects.get(pk=whole.pk).job
    assert job is not None
    assert job.status == ImportStatus.DONE
    assert job.items.filter(status=ItemStatus.ACCEPTED).count() == PHOTOS - 3
    assert Image.objects.filter(status=Status.LIVE, storefront=storefront).count() == PHOTOS - 3
    assert Tag.objects.values("image").distinct().count() == PHOTOS - 3
    reasons = refused(job)
    assert set(reasons) == {"photos/broken.jpg", "photos/bomb.jpg", "../../x.jpg"}
    assert "ends before its picture does" in reasons["photos/broken.jpg"]
    assert "unpacks to more than" in reasons["photos/bomb.jpg"]
    assert "leads out of the archive" in reasons["../../x.jpg"]
    page = client.get(url).content.decode()
    for name, reason in reasons.items():
        assert name in page
        assert reason in page
    assert "500 of 500 entries done" in page
    assert "hx-trigger" not in page
    assert not list(media.parent.rglob("x.jpg"))
    assert not [path for path in media.glob("uploads/**/*") if path.is_file()]
