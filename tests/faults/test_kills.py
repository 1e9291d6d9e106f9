"""Promise 2: nothing is lost and nothing happens twice, whatever is killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import numpy as np
import psutil
import psycopg
import pytest
from psycopg.rows import dict_row

from config import embedded
from config.processes import Processes
from demo.uploading import Photo, send
from tests.conftest import PHOTOS, ROOT, picture_of

pytestmark = pytest.mark.faults

TOTAL = 100
SET_UP = """
from catalog import keys, taxonomy
from catalog.models import Storefront
from moderation import banks
from moderation.models import Bank, Policy
import pathlib, sys
taxonomy.load(path=taxonomy.STARTER)
policy = Policy.objects.create(slug="recalled", name="Recalled")
bank = Bank.objects.create(policy=policy, name="Recalled", hold_threshold=0.995)
banks.add_exemplar(bank=bank, data=pathlib.Path({exemplar!r}).read_bytes())
shop = Storefront.objects.create(name="Shop", slug="shop")
print("key", keys.create_key(storefront=shop, name="test")[1])
"""


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A hundred different photos: real ones where they are at hand, else drawn ones."""
    if PHOTOS.is_dir():
        return list(islice(one_of_each(sorted(PHOTOS.rglob("*.jpg"))), TOTAL))
    drawn = []
    for seed in range(TOTAL):
        path = tmp_path / f"drawn-{seed}.jpg"
        path.write_bytes(picture_of("mug", seed))
        drawn.append(path)
    return drawn


def one_of_each(paths: list[Path]) -> Iterator[Path]:
    seen: set[bytes] = set()
    for path in paths[:: max(1, len(paths) // (TOTAL + 20))]:
        data = path.read_bytes()
        if data not in seen:
            seen.add(data)
            yield path


def manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(condition: object, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.mark.timeout(400)
def test_a_hundred_uploads_survive_three_killed_workers_and_a_killed_redis(
    photos: list[Path], tmp_path: Path, runtime: object, unused_tcp_port: int
) -> None:
    data = tmp_path / "data"
    environment = {
        "VITRINE_DATA_DIR": str(data),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "VITRINE_BATCH_SIZE": "4",
        "VITRINE_LEASE_SECONDS": "4",
    }
    database = embedded.database(data)
    embedded.redis_url(data)
    manage(environment, "migrate", "--verbosity=0")
    printed = manage(environment, "shell", "-c", SET_UP.format(exemplar=str(photos[0])))
    key = printed.split("key ")[1].split()[0]
    processes = Processes(port=unused_tcp_port, log_dir=tmp_path / "logs", environment=environment)
    address = f"http://127.0.0.1:{unused_tcp_port}"

    with psycopg.connect(
        host=database["HOST"],
        user=database["USER"],
        dbname=database["NAME"],
        autocommit=True,
        row_factory=dict_row,
    ) as connection:

        def count(where: str) -> int:
            query = f"SELECT count(*) AS n FROM catalog_image WHERE {where}"
            return int(connection.execute(query).fetchone()["n"])  # type: ignore[index]

        try:
            processes.start()
            wait_for(lambda: is_ready(address), 60, "the web process")
            uploads = threading.Thread(
                target=send,
                kwargs={
                    "photos": [Photo(path) for path in photos],
                    "address": address,
                    "key": key,
                    "done": lambda: None,
                },
            )
            uploads.start()
            for kill in range(3):
                wait_for(lambda: count("lease_expires_at > now()"), 60, "a leased photo")
                processes.kill("pipeline")
                assert count("status = 'pending'") > 0, "killed too late to prove anything"
                if kill == 1:
                    kill_redis(data)
                    embedded.redis_url(data)  # a supervisor would start it again
                processes.start("pipeline")
            uploads.join(120)
            assert not uploads.is_alive()
            wait_for(lambda: count("status = 'pending'") == 0, 180, "the last photo")
            check_nothing_lost_or_doubled(connection, photos, data, runtime)
        finally:
            processes.stop()


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=2).is_success
    except httpx.TransportError:
        return False


def kill_redis(data: Path) -> None:
    pid = int((data / "redis" / "redis.pid").read_text())
    os.kill(pid, 9)
    wait_for(lambda: is_dead(pid), 10, "Redis to die")


def is_dead(pid: int) -> bool:
    """Gone, or a zombie nobody has waited for yet (this process started the server)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def check_nothing_lost_or_doubled(
    connection: psycopg.Connection[dict[str, object]],
    photos: list[Path],
    data: Path,
    runtime: object,
) -> None:
    rows = connection.execute(
        """
        SELECT image.id, image.status, image.screened_at, image.original, image.filename,
               array_agg(embedding.vector::text) AS vectors,
               (SELECT count(*) FROM catalog_event event
                WHERE event.image_id = image.id AND event.kind IN ('published', 'held')) AS verdicts
        FROM catalog_image image LEFT JOIN catalog_embedding embedding
             ON embedding.image_id = image.id
        GROUP BY image.id
        """
    ).fetchall()
    assert len(rows) == len(photos)
    assert {str(row["status"]) for row in rows} <= {"live", "held"}
    held = [row["filename"] for row in rows if row["status"] == "held"]
    assert photos[0].name in held, "the recalled product went through"
    for row in rows:
        assert row["screened_at"] is not None
        assert row["verdicts"] == 1, f"{row['filename']} was processed {row['verdicts']} times"
        vectors = row["vectors"]
        assert isinstance(vectors, list)
        assert len(vectors) == 1
        stored = np.fromstring(str(vectors[0]).strip("[]"), sep=",", dtype=np.float32)
        bytes_in = (data / "media" / str(row["original"])).read_bytes()
        own = runtime.encode_images([runtime.decode(bytes_in)])[0]  # type: ignore[attr-defined]
        assert float(stored @ own) > 0.99, f"{row['filename']} has another photo's vector"
