"""A real Celery worker on one queue, to be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, child_environment

Worker = subprocess.Popen[bytes]


Starter = Callable[[], Worker]


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Starter]:
    """Starts a real Celery worker on the background queue, as often as it is called."""
    yield from worker_on("background", tmp_path)


def worker_on(
    queue: str, folder: Path, settings: dict[str, str] | None = None
) -> Iterator[Starter]:
    """For a fixture: starts workers on one queue that log to a folder; stops them at the end."""
    started: list[Worker] = []

    def start() -> Worker:
        log = folder / f"{queue}-{len(started)}.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"),
                    *("-Q", queue, "--without-gossip", "--without-mingle"),
                    *("-n", f"{queue}-{os.getpid()}-{len(started)}@%h", "--loglevel=INFO"),
                ],
                cwd=ROOT,
                env={**child_environment(), **(settings or {})},
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
        time.sleep(0.05)
