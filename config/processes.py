"""The processes that make up one running Vitrine, started and stopped as one.

For the demo and for tests of the whole; a deployment gives each to its own supervisor.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
CELERY = ("-m", "celery", "-A", "config")
SOLO = ("--pool=solo", "--without-gossip", "--without-mingle", "--loglevel=INFO")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ProcessDied(RuntimeError):
    """One of the processes ended by itself; the message carries the end of its log."""


def commands(port: int) -> dict[str, tuple[str, ...]]:
    """Python arguments of each process: web, beat, and a worker per queue.

    Only the pipeline and interactive workers load a model.
    """
    return {
        "web": (
            *("-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "1", "--threads", "8", "--worker-tmp-dir", "/tmp"),  # noqa: S108
        ),
        # One process per device: CUDA does not survive a fork, and the model is loaded once.
        "pipeline": (*CELERY, "worker", *SOLO, "-Q", "pipeline", "-n", "pipeline@%h"),
        "interactive": (*CELERY, "worker", *SOLO, "-Q", "interactive", "-n", "interactive@%h"),
        "background": (*CELERY, "worker", *SOLO, "-Q", "background", "-n", "background@%h"),
        # What these two do is wait for other people's servers, each with threads of its own.
        "fetches": (*CELERY, "worker", *SOLO, "-Q", "fetches", "-n", "fetches@%h"),
        "webhooks": (*CELERY, "worker", *SOLO, "-Q", "webhooks", "-n", "webhooks@%h"),
        "beat": (*CELERY, "beat", "--loglevel=INFO"),
    }


class Processes:
    """Web, workers and beat as children of this process, logging to a folder.

    `environment` is added to this process's own. Children end with their parent, even when it is
    killed (on Linux).
    """

    def __init__(self, *, port: int, log_dir: Path, environment: Mapping[str, str]) -> None:
        self.port = port
        self.log_dir = log_dir
        self.environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start the named processes, or all of them."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        for name in names or commands(self.port):
            environment = dict(self.environment)
            if name == "interactive":  # short texts: leave the cores to the conveyor
                environment.setdefault("OMP_NUM_THREADS", "1")
            with (self.log_dir / f"{name}.log").open("ab") as log:
                self.children[name] = subprocess.Popen(
                    [sys.executable, *commands(self.port)[name]],
                    cwd=BASE_DIR,
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C reaches the parent, which stops them in order
                    preexec_fn=_end_with_parent,
                )

    def check(self) -> None:
        """Raise `ProcessDied` when one has ended by itself."""
        for name, child in self.children.items():
            if child.poll() is not None:
                tail = (self.log_dir / f"{name}.log").read_text(errors="replace")[-2000:]
                raise ProcessDied(f"The {name} process ended with {child.returncode}:\n{tail}")

    def kill(self, name: str) -> None:
        """kill -9 one of them, as a crash would."""
        child = self.children.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def stop(self, *, patience: float = 20.0) -> None:
        """Ask all to finish what they do, then insist."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + patience
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self.children.clear()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
