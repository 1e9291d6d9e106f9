"""Sweeps: 100,000 photos against one new exemplar, found as numpy finds them, whatever is killed.

python -m benchmarks.sweep [PHOTOS]

Works on a database of its own beside the configured one, and leaves nothing behind.
"""

from __future__ import annotations

import io
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django
import numpy as np
from rich.console import Console
from rich.table import Table

DIMENSION = 512
ROUNDS = 5
UPLOADS = 40
SLOW, FAST = 10_000, 1_000_000  # photos per second allowed: to be killed in the middle; flat out


def main(photos: int) -> None:
    """Print what a sweep of `photos` takes, beside numpy over the same vectors."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "VITRINE_DATA_DIR": folder,
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
        }
        from config import embedded

        django.setup()
        from django.core.management import call_command

        try:
            call_command("migrate", verbosity=0)
            measure(photos, Path(folder))
        finally:
            embedded.stop(Path(folder), force=True)


def measure(photos: int, folder: Path) -> None:
    from catalog.choices import Scoring
    from catalog.models import Encoder, Storefront
    from moderation import sweeping, synthesising
    from moderation.choices import SweepStatus
    from moderation.models import Bank, Flag, Policy
    from moderation.previewing import preview

    shop = Storefront.objects.create(name="Shop", slug="shop")
    encoder = Encoder.objects.create(
        name="made-up",
        fingerprint="0" * 64,
        dimension=DIMENSION,
        scoring=Scoring.SOFTMAX,
        logit_scale=100.0,
        is_active=True,
    )
    took, _ = timed(
        lambda: synthesising.synthesise(count=photos, storefront=shop, encoder=encoder, seed=1)
    )
    say(f"{photos:,} photos of {DIMENSION} dimensions synthesised in {took:.1f} s")
    exemplar, scores, keys = new_exemplar(encoder)
    ordered = np.sort(scores)[::-1]
    rank = photos // 200 + int(np.argmax(-np.diff(ordered[photos // 200 :][:50])))
    threshold = float((ordered[rank] + ordered[rank + 1]) / 2)
    policy = Policy.objects.create(slug="recalled", name="Recalled")
    bank = Bank.objects.create(
        policy=policy, name="Recalled", hold_threshold=threshold, hash_distance=None
    )
    add(bank, encoder, exemplar)
    expected = {keys[row] for row in np.flatnonzero(scores >= threshold)}

    ways: dict[str, Callable[[], object]] = {
        "numpy, vectors read anew": lambda: np.flatnonzero(read(encoder)[1] @ exemplar > threshold),
        "preview": lambda: preview(bank=bank, encoder=encoder),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            taken[way].append(timed(work)[0])
    found = preview(bank=bank, encoder=encoder)
    if found.would_hold != len(expected):
        raise AssertionError(f"The preview counts {found.would_hold}, numpy {len(expected)}.")

    clean = sweeping.start(bank=bank, started_by=None, rate=FAST)
    chunks: list[float] = []
    flat_out = timed(lambda: drain(chunks))[0]
    check(clean, expected)
    back = timed(lambda: take_back(clean))[0]

    killed = sweeping.start(bank=bank, started_by=None, rate=SLOW)
    for share in (0.2, 0.5):
        run_and_kill(killed, int(photos * share), folder)
    sweeping.pause(sweep_id=killed.pk)
    sweeping.resume(sweep_id=killed.pk)
    worker = start_worker(folder)
    try:
        wait(lambda: refreshed(killed).status == SweepStatus.DONE, worker)
    finally:
        stop(worker)
    check(killed, expected)
    if Flag.objects.filter(withdrawn_at__isnull=True).count() != len(expected):
        raise AssertionError("A photo was flagged twice.")

    numpy_way = taken["numpy, vectors read anew"]
    table = Table(
        "way", "seconds", "photos/s", "times as fast as numpy", title=f"{photos:,} photos"
    )
    for way, times in taken.items():
        ratio = statistics.median(a / b for a, b in zip(numpy_way, times, strict=True))
        middle = statistics.median(times)
        table.add_row(way, f"{middle:.2f}", f"{photos / middle:,.0f}", f"{ratio:.1f}")
    table.add_row(
        "sweep: judged, flagged, held, reviews opened",
        f"{flat_out:.2f}",
        f"{photos / flat_out:,.0f}",
        f"{statistics.median(numpy_way) / flat_out:.1f}",
    )
    table.add_row("taken back", f"{back:.2f}", "", "")
    Console().print(table)
    say(
        f"{len(expected)} photos matched, as numpy says; so too after two kill -9 and a pause. A "
        f"chunk took {1000 * statistics.median(chunks):.0f} ms in the middle, "
        f"{1000 * max(chunks):.0f} ms the longest."
    )
    Bank.objects.update(hold_threshold=1.0)  # the uploads are to be looked at, not held
    alone = uploads(shop)
    beside = sweeping.start(bank=bank, started_by=None, rate=FAST)
    worker = start_worker(folder)
    try:
        wait(lambda: refreshed(beside).scanned > 0, worker)
        meanwhile = uploads(shop)
    finally:
        stop(worker)
    for name, times in (("alone", alone), ("beside a sweep", meanwhile)):
        middle, worst = 1000 * statistics.median(times), 1000 * max(times)
        say(f"An upload {name}: {middle:.0f} ms in the middle, {worst:.0f} ms the longest.")
    say(f"Meanwhile the sweep saw {refreshed(beside).scanned:,} photos.")


def uploads(shop: object) -> list[float]:
    """Seconds from each of some uploads until it is processed, by a worker in this process."""
    from catalog import ingest, pipeline
    from catalog.choices import Source
    from catalog.encoders import load_configured

    encoder, stages = load_configured(), pipeline.load_stages()
    times = []
    for _ in range(UPLOADS):
        data = picture()
        began = time.perf_counter()
        ingest.ingest(storefront=shop, data=data, filename="fresh.jpg", source=Source.API)
        pipeline.drain(encoder=encoder, stages=stages, seconds=60)
        times.append(time.perf_counter() - began)
        time.sleep(0.2)
    return times


def picture() -> bytes:
    """A picture nobody has uploaded before."""
    from catalog.ml.mini.drawing import draw

    buffer = io.BytesIO()
    draw("mug", np.random.default_rng(), size=640).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def say(text: str) -> None:
    Console().print(text)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def read(encoder: object) -> tuple[list[object], np.ndarray]:
    """Every photo's vector from the database, (n, DIMENSION) float32."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT image_id, halfvec_send(vector) FROM catalog_embedding")
        rows = cursor.fetchall()
    halves = np.frombuffer(b"".join(row[1] for row in rows), dtype=">f2").reshape(len(rows), -1)
    return [row[0] for row in rows], halves[:, 2:].astype(np.float32)


def new_exemplar(encoder: object) -> tuple[np.ndarray, np.ndarray, list[object]]:
    """A vector that is near one of the photos, and every photo's cosine to it."""
    keys, vectors = read(encoder)
    rng = np.random.default_rng(5)
    vector = vectors[7] + 0.4 * rng.standard_normal(DIMENSION) / DIMENSION**0.5
    vector = (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)
    return vector, vectors @ vector, keys


def add(bank: object, encoder: object, vector: np.ndarray) -> None:
    from pgvector import HalfVector

    from moderation import synthesising
    from moderation.models import Exemplar, ExemplarVector

    exemplar = Exemplar.objects.create(
        bank=bank, sha256="1" * 64, picture=synthesising.PICTURE, pdq="0" * 256, pdq_quality=0
    )
    ExemplarVector.objects.create(exemplar=exemplar, encoder=encoder, vector=HalfVector(vector))


def drain(times: list[float]) -> None:
    """Chunk after chunk in this process, as fast as they go; notes the seconds of each."""
    from moderation import chunks

    while True:
        seconds, wait_for = timed(chunks.run_chunk)
        if wait_for is None:
            return
        times.append(seconds)
        time.sleep(wait_for)  # type: ignore[arg-type]


def take_back(sweep: object) -> None:
    from django.contrib.auth.models import User

    from moderation import sweeping

    actor, _ = User.objects.get_or_create(username="lead")
    sweeping.revert(sweep_id=sweep.pk, actor=actor)  # type: ignore[attr-defined]
    drain([])


def refreshed(sweep: object) -> object:
    sweep.refresh_from_db()  # type: ignore[attr-defined]
    return sweep


def check(sweep: object, expected: set[object]) -> None:
    flagged = list(sweep.flags.values_list("image_id", flat=True))  # type: ignore[attr-defined]
    if len(flagged) != len(expected) or set(flagged) != expected:
        raise AssertionError(f"The sweep flagged {len(flagged)}, numpy {len(expected)}.")


def start_worker(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "background.log").open("ab") as log:
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"),
                *("-Q", "background", "--without-gossip", "--without-mingle"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    from catalog import doorbell
    from moderation import sweeping

    doorbell.ring(sweeping.SWEEP)
    return worker


def run_and_kill(sweep: object, at: int, folder: Path) -> None:
    """A background worker, killed once the sweep has seen `at` photos."""
    worker = start_worker(folder)
    try:
        wait(lambda: refreshed(sweep).scanned >= at, worker)  # type: ignore[attr-defined]
    finally:
        worker.kill()
        worker.wait()


def stop(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    worker.wait()


def wait(condition: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if worker.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The background worker did not get on with it; see its log.")
        time.sleep(0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
