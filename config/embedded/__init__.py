"""PostgreSQL and Redis in a folder of the checkout, for when no URL names others.

Whoever asks first starts them, everyone after shares them, the last to leave stops them. A user
is a process (with its forked children) that holds a shared lock on `users.lock`; the kernel drops
it whichever way the process ends, so there is no list of users to keep or to prune.
"""

import atexit
import fcntl
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .account import Account, EmbeddedError
from .server import Server, locked, try_lock
from .services import DATABASE, Postgres, Redis

__all__ = ["EmbeddedError", "celery_broker_url", "database", "redis_url"]

_held: dict[Path, int] = {}
_servers: dict[tuple[Path, type[Server]], Server] = {}


def database(data_dir: Path) -> dict[str, Any]:
    """The embedded PostgreSQL, started if need be, as an entry of Django's DATABASES.

    Raises EmbeddedError.
    """
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": DATABASE,
        "HOST": str(_ensure(data_dir, Postgres)),
    }


def redis_url(data_dir: Path) -> str:
    """URL of the embedded Redis, started if need be, in the form redis-py reads.

    Raises EmbeddedError.
    """
    return f"unix://{_ensure(data_dir, Redis)}/redis.sock?db=0"


def celery_broker_url(url: str) -> str:
    """The same Redis in kombu's words, which differ for sockets; other URLs as they are."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return f"redis+socket://{parts.path}?virtual_host={database.get('db', '0')}"


def stop(data_dir: Path, *, force: bool = False) -> list[str] | None:
    """Stop what runs and name it; None, and nothing stopped, while in use and not `force`."""
    data_dir = data_dir.resolve()
    account = Account.for_data(data_dir)
    with locked(data_dir / "start.lock", account):
        users = try_lock(data_dir / "users.lock", account)
        if users is None and not force:
            return None
        try:
            servers = (_server(data_dir, kind, account) for kind in (Redis, Postgres))
            return [server.name for server in servers if server.stop()]
        finally:
            if users is not None:
                os.close(users)


def _ensure(data_dir: Path, kind: type[Server]) -> Path:
    data_dir = data_dir.resolve()
    account = Account.for_data(data_dir)
    if not data_dir.exists():
        data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        if os.geteuid() == 0 and data_dir.parent.stat().st_uid == account.uid:
            os.chown(data_dir, account.uid, account.gid)
    with locked(data_dir / "start.lock", account):
        if data_dir not in _held:  # before the start, so that even a failed one is cleared up
            users = account.open(data_dir / "users.lock")
            fcntl.flock(users, fcntl.LOCK_SH)
            _held[data_dir] = users
            atexit.register(_leave, data_dir)
        return _server(data_dir, kind, account).ensure()


def _server(data_dir: Path, kind: type[Server], account: Account) -> Server:
    return _servers.setdefault((data_dir, kind), kind(data_dir, account))


def _leave(data_dir: Path) -> None:
    """Let go, and turn off the lights if nobody else is in.

    Right in forked children too: they share the parent's lock, which closing a copy keeps.
    """
    users = _held.pop(data_dir, None)
    if users is None or not data_dir.exists():
        return
    os.close(users)
    stop(data_dir)
