"""Fixtures on real parts: PostgreSQL, Redis, Celery and the bundled model."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection

from catalog import ingest, pipeline, taxonomy
from catalog.choices import Source
from catalog.encoders import LoadedEncoder, register
from catalog.ml.mini.drawing import draw
from catalog.models import Image, Storefront
from config import embedded

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ROOT.parent / "shared" / "photos"

Picture = Callable[..., bytes]


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests off the demo's message queues: each test process has a Redis database."""
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    settings.REDIS_URL = settings.REDIS_URL.replace("db=0", f"db={number}")
    broker = embedded.celery_broker_url(settings.REDIS_URL)
    settings.CELERY_BROKER_URL = settings.CELERY_RESULT_BACKEND = broker
    # Tests hurry; those of the limits set some.
    settings.VITRINE_API_KEY_POINTS = settings.VITRINE_API_STOREFRONT_POINTS = 0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def media(tmp_path_factory: pytest.TempPathFactory, settings: object) -> Path:
    """Files of a test go to a folder of its own."""
    folder = tmp_path_factory.mktemp("media")
    settings.MEDIA_ROOT = str(folder)  # type: ignore[attr-defined]
    return folder


def picture_of(
    kind: str, seed: int = 0, *, size: int = 256, format: str = "JPEG", calm: bool = False
) -> bytes:
    """A drawn picture, as the bytes somebody would upload; `calm` ones are easy to recognise."""
    buffer = io.BytesIO()
    draw(kind, np.random.default_rng(seed), size=size, calm=calm).save(buffer, format, quality=90)
    return buffer.getvalue()


@pytest.fixture
def picture() -> Picture:
    return picture_of


@pytest.fixture
def storefront(db: None) -> Storefront:
    return Storefront.objects.create(name="Corner shop", slug="corner-shop")


@pytest.fixture
def other_storefront(db: None) -> Storefront:
    return Storefront.objects.create(name="Rival shop", slug="rival-shop")


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """A user in a group: `make_user("ana", "moderator")`."""

    def make(username: str, group: str | None = None) -> User:
        user = User.objects.create_user(username=username, password="a long password")
        if group:
            # Tests that flush the database between them flush the migration's groups too.
            user.groups.add(Group.objects.get_or_create(name=group)[0])
        return user

    return make


@pytest.fixture
def upload(storefront: Storefront) -> Callable[..., Image]:
    """Ingest bytes for the storefront and return the pending photo."""

    def send(data: bytes, *, to: Storefront | None = None, filename: str = "photo.jpg") -> Image:
        return ingest.ingest(
            storefront=to or storefront, data=data, filename=filename, source=Source.API
        ).image

    return send


@pytest.fixture(scope="session")
def runtime() -> object:
    """The bundled model, loaded once for the whole session. What it once read it remembers: the
    categories and attributes that most tests start with take it ten seconds."""
    from catalog.ml.encoder import load

    encoder = load(settings.VITRINE_ENCODER)
    read, known = encoder.encode_texts, dict[str, np.ndarray]()

    def encode_texts(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, read(new), strict=True))
        return np.array([known[text] for text in texts]) if texts else read([])

    encoder.encode_texts = encode_texts
    return encoder


@pytest.fixture
def encoder(db: None, runtime: object) -> LoadedEncoder:
    """The bundled model beside its row in this test's database."""
    return LoadedEncoder(row=register(runtime=runtime), runtime=runtime)  # type: ignore[arg-type]


@pytest.fixture
def starter(db: None) -> object:
    """The starter taxonomy, active."""
    return taxonomy.load(path=taxonomy.STARTER)


@pytest.fixture
def process(encoder: LoadedEncoder) -> Callable[[], pipeline.Drained]:
    """Run the conveyor in this process until nothing waits."""

    def run() -> pipeline.Drained:
        pipeline.load_stages.cache_clear()
        return pipeline.drain(encoder=encoder, stages=pipeline.load_stages(), seconds=60)

    return run


def child_environment() -> dict[str, str]:
    """Environment that points a child process at this test process's database and queues."""
    database = connection.settings_dict
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{quote(database['USER'])}@/"
        f"{quote(str(database['HOST']))}/{database['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "HTTPS_ONLY": "false",
        "VITRINE_MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "VITRINE_ENCODER": settings.VITRINE_ENCODER,
    }


@pytest.fixture
def pipeline_worker(transactional_db: None, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on both queues, against this test's database and Redis."""
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"),
                *("-Q", "pipeline,interactive", "--without-gossip", "--without-mingle"),
                *("-n", f"test-{os.getpid()}@%h", "--loglevel=INFO"),
                # A ring that waits for more than a minute, on a busy machine, is thrown away.
                *("--beat", "--schedule", str(tmp_path / "beat")),
            ],
            cwd=ROOT,
            env=child_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 60
    while b"ready." not in log.read_bytes():
        assert worker.poll() is None, log.read_text()
        assert time.monotonic() < deadline, f"The worker did not start:\n{log.read_text()}"
        time.sleep(0.2)
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


@pytest.fixture
def unused_tcp_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
