"""A process that uses the embedded servers, for tests to start, end and kill."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent

# Starts what it is asked for, says where it is, then stays until its standard input closes.
PROGRAM = """
import json, os, sys
from contextlib import suppress
from pathlib import Path
import psycopg, redis
from config import embedded

folder, uid = Path(sys.argv[1]), int(sys.argv[2])
if uid:
    # Root's Python may be out of this user's reach: load now what is loaded late.
    with suppress(redis.ConnectionError):
        redis.Redis(unix_socket_path="/nowhere").ping()
    with suppress(psycopg.OperationalError):
        psycopg.connect("host=/nowhere")
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
where = {"host": embedded.database(folder)["HOST"], "redis": embedded.redis_url(folder)}
print(json.dumps(where), flush=True)
for line in sys.stdin:
    if line == "fork\\n" and os.fork() == 0:
        sys.exit(0)
    os.wait()
    print("forked", flush=True)
"""


class User:
    """A process that uses the embedded servers of one folder."""

    def __init__(self, folder: Path, *, uid: int = 0) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), str(uid)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._where: dict[str, str] | None = None

    @property
    def where(self) -> dict[str, str]:
        """Where it found the servers. Waits until they answer."""
        if self._where is None:
            assert self.process.stdout
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            self._where = json.loads(line)
        assert self._where is not None
        return self._where

    def execute(self, query: str) -> Any:
        """The first row that PostgreSQL answers with."""
        with psycopg.connect(
            host=self.where["host"], user="vitrine", dbname="vitrine", autocommit=True
        ) as connection:
            cursor = connection.execute(query)
            return cursor.fetchone() if cursor.description else None

    @property
    def redis(self) -> Any:
        return redis.Redis.from_url(self.where["redis"])

    def pids(self) -> tuple[int, int]:
        """Of the PostgreSQL and the Redis it uses."""
        redis_pid = self.redis.info("server")["process_id"]
        postmaster = (self.folder / "postgres/postmaster.pid").read_text().split()[0]
        return int(postmaster), redis_pid

    def fork(self) -> None:
        """Let a forked child of it come to its regular end."""
        assert self.process.stdin
        assert self.process.stdout
        assert self.where
        self.process.stdin.write("fork\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "forked\n"

    def leave(self) -> str:
        """End regularly; return what it complained of."""
        complaints = self.process.communicate(timeout=90)[1]
        return complaints

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
