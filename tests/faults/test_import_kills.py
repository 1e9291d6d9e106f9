"""An import whose worker is killed goes on where it was: nothing is lost and nothing done twice."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import doorbell, importing
from catalog.choices import ImportStatus, ItemStatus
from catalog.models import Event, Image, Import, Storefront
from tests.catalog.test_import_of_500 import many
from tests.catalog.zips import refused, sent, zip_of
from tests.faults.background import Worker, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PHOTOS = 200


def test_an_import_survives_three_kills(
    storefront: Storefront, make_user: Callable[..., User], background: Callable[[], Worker]
) -> None:
    entries = {f"{n}.jpg": photo for n, photo in enumerate(many(PHOTOS))}
    entries["broken.jpg"] = b"\xff\xd8\xff"
    sam = make_user("sam", "staff")
    files = [
        sent(sam, "p.zip", zip_of(entries)),
        sent(sam, "p.csv", b"sku,image\nA,0.jpg\nB,0.jpg"),
    ]
    job = importing.start(storefront=storefront, files=files, started_by=sam)
    finished = job.items.exclude(status=ItemStatus.WAITING)

    for least in (5, 60, 120):
        worker = background()
        doorbell.ring(importing.IMPORT)  # as beat does
        wait_for(lambda least=least: finished.count() >= least, f"{least} entries", worker)  # type: ignore[misc]
        worker.kill()
        worker.wait()
        assert finished.count() < PHOTOS, "killed too late to prove anything"
        assert Image.objects.count() == job.items.exclude(image=None).count()
    worker = background()
    doorbell.ring(importing.IMPORT)
    wait_for(Import.objects.filter(status=ImportStatus.DONE).exists, "the end", worker)

    assert set(refused(job)) == {"broken.jpg"}
    assert job.items.filter(status=ItemStatus.ACCEPTED).count() == PHOTOS + 1
    assert not job.items.filter(status=ItemStatus.DUPLICATE).exists()
    assert Image.objects.count() == Event.objects.filter(kind="uploaded").count() == PHOTOS + 1
    assert Image.objects.filter(product__sku__in=["A", "B"], filename="0.jpg").count() == 2
    assert job.items.filter(attempts__gt=2).count() == 0
