"""An import whose worker is killed goes on where it was: nothing is lost and nothing done twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from catalog import doorbell, importing
from catalog.choices import ImportStatus, ItemStatus
from catalog.models import Event, Image, Import, Storefront
from tests.catalog.test_import_of_500 import many
from tests.catalog.zips import refused, sent, zip_of
from tests.conftest import ROOT, child_environment

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PHOTOS = 200

Worker = subprocess.Popen[bytes]


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    """Starts a real Celery worker on the background queue, as often as it is called."""
    started: list[Worker] = []

    def start() -> Worker:
        log = tmp_path / f"background-{len(started)}.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"),
                    *("-Q", "background", "--without-gossip", "--without-mingle"),
                    *("-n", f"imports-{os.getpid()}-{len(started)}@%h", "--loglevel=INFO"),
                ],
                cwd=ROOT,
                env=child_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(worker)
        wait_for(lambda: b"ready." in log.read_bytes(), "the worker to start", worker)
        return worker

    yield start
    for worker in started:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def wait_for(condition: Callable[[], bool], what: str, worker: Worker, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


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
