"""One embedded server, known by a lock and started by whoever comes first.

Whether a server runs is answered by the kernel, not by a pid file: the server inherits an
exclusively locked file, which comes free exactly when the last of its processes is gone,
however it went. Recycled pids and unreaped zombies cannot deceive that, and it holds a successor
back for as long as orphans of a killed PostgreSQL still touch its shared memory.
"""

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import psutil

from .account import REMEDY, Account, EmbeddedError

START_SECONDS = 120  # recovering a large database after a crash takes its time
STOP_SECONDS = 60
POLL_SECONDS = 0.05
# A socket's path holds 107 bytes (103 on macOS); PostgreSQL adds "/.s.PGSQL.5432.lock" to the
# folder. Plain characters only, because the folder travels in URLs and in option lists.
SOCKET_FOLDER = re.compile(r"[A-Za-z0-9/._-]{1,80}")


@contextmanager
def locked(path: Path, account: Account) -> Iterator[None]:
    """Hold `path` exclusively, waiting for whoever holds it."""
    descriptor = account.open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # Unlocked by name: a child forked meanwhile shares the lock and would keep it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def try_lock(path: Path, account: Account) -> int | None:
    """A descriptor holding `path` exclusively, or None when someone else holds it."""
    descriptor = account.open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


class Server(ABC):
    """A server process with its data in `data_dir / name` and its log beside that.

    `ensure` and `stop` expect the caller to hold the data folder's start lock.
    """

    name: ClassVar[str]
    process_name: ClassVar[str]
    pid_file: ClassVar[str]
    socket_files: ClassVar[tuple[str, ...]]
    stop_signals: ClassVar[tuple[signal.Signals, signal.Signals]]  # asked politely, then not

    def __init__(self, data_dir: Path, account: Account) -> None:
        self.account = account
        self.folder = data_dir / self.name
        self.log = data_dir / f"{self.name}.log"
        self._lock = data_dir / f"{self.name}.lock"
        self._runtime = data_dir / "run"
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready for `command`; nothing of ours runs on it."""

    @abstractmethod
    def command(self, sockets: Path) -> list[str | Path]:
        """What to run, to listen in the folder `sockets` and nowhere else."""

    @abstractmethod
    def answers(self, sockets: Path) -> bool:
        """Whether it serves requests by now."""

    def environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C"}

    def ensure(self) -> Path:
        """Start it unless it runs, wait until it answers, return the folder of its socket."""
        self._child = None  # one started by an earlier call may have been killed since
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            lock = try_lock(self._lock, self.account)
            if lock is not None:
                try:
                    if self._child is not None:
                        raise self._failed("stopped again right after its start")
                    self._start(lock)
                finally:
                    os.close(lock)  # the server holds it on
            elif self.answers(sockets := Path(self._lock.read_text())):
                return sockets
            time.sleep(POLL_SECONDS)
        raise self._failed(f"did not answer within {START_SECONDS} seconds")

    def stop(self) -> bool:
        """Stop it and wait until its last process is gone. False when none ran."""
        asked = False
        for how, seconds in zip(self.stop_signals, (STOP_SECONDS, 10), strict=True):
            signalled = False
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if (lock := try_lock(self._lock, self.account)) is not None:
                    self._tidy(lock)
                    return asked
                if not signalled and (pid := self.pid()) is not None:
                    with suppress(ProcessLookupError):
                        os.kill(pid, how)
                    asked = signalled = True
                time.sleep(POLL_SECONDS)
        raise self._failed("does not stop")

    def running(self) -> Path | None:
        """The folder of its socket while any process of it lives."""
        lock = try_lock(self._lock, self.account)
        if lock is None:
            return Path(self._lock.read_text())
        os.close(lock)
        return None

    def pid(self) -> int | None:
        """The pid in its pid file, if that is a live process of that name."""
        try:
            pid = int((self.folder / self.pid_file).read_text().split()[0])
            process = psutil.Process(pid)
            living = process.status() != psutil.STATUS_ZOMBIE
            return pid if living and process.name() == self.process_name else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def _start(self, lock: int) -> None:
        self.prepare()
        if (pid := self.pid()) is not None:
            raise EmbeddedError(
                f"A {self.process_name} that Vitrine did not start (pid {pid}) uses "
                f"{self.folder}: stop it, or {REMEDY}."
            )
        sockets = self._socket_folder()
        # Files of one that was killed. PostgreSQL takes a zombie's pid in them for a live server.
        for path in (self.folder / self.pid_file, *(sockets / name for name in self.socket_files)):
            path.unlink(missing_ok=True)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(sockets).encode(), 0)
        log = self.account.open(self.log)
        os.lseek(log, 0, os.SEEK_END)
        try:
            self._child = subprocess.Popen(
                self.command(sockets),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,  # a Ctrl-C in our terminal is not meant for it
                **self.account.identity(),
            )
        finally:
            os.close(log)

    def _socket_folder(self) -> Path:
        """Beside the data, or, where that path is too long or too odd, a private temporary one."""
        if SOCKET_FOLDER.fullmatch(str(self._runtime)):
            return self.account.folder(self._runtime)
        digest = hashlib.sha256(os.fsencode(self._runtime)).hexdigest()[:12]
        name = f"vitrine-{self.account.uid}-{digest}"
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  owner and mode are checked
            if SOCKET_FOLDER.fullmatch(f"{parent}/{name}"):
                return self.account.folder(Path(parent, name))
        raise EmbeddedError(f"TMPDIR is too long or too odd for sockets: shorten it, or {REMEDY}.")

    def _tidy(self, lock: int) -> None:
        """After the end: leave no zombie and no empty folder in the temporary directory."""
        sockets = os.pread(lock, 4096, 0)
        os.close(lock)
        if self._child is not None:
            self._child.wait()
            self._child = None
        if sockets and os.fsencode(self._runtime) != sockets:
            with suppress(OSError):  # the other server is still in there
                Path(os.fsdecode(sockets)).rmdir()

    def _failed(self, what: str) -> EmbeddedError:
        with suppress(OSError):
            tail = self.log.read_text(errors="replace").splitlines()[-15:]
            what += f". The end of {self.log}:\n  " + "\n  ".join(tail) + "\n"
        return EmbeddedError(f"The embedded {self.name} server {what}. Repair that, or {REMEDY}.")
