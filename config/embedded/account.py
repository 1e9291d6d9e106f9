"""Who the embedded servers run as, and what that account may touch."""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

REMEDY = "set DATABASE_URL and REDIS_URL to servers of your own (docs/settings.md)"


class EmbeddedError(ImproperlyConfigured):
    """An embedded service cannot run here; the message names the cause and the remedy."""


@dataclass(frozen=True)
class Account:
    """The system account that the servers run as and that owns their files."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data_dir: Path) -> "Account":
        """Ourselves; for root, whom PostgreSQL refuses to run as, the owner of the data or of
        the checkout, so that either may start them next time, else a system account."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        for path in (data_dir / "postgres", data_dir / "redis", data_dir.parent):
            if path.exists() and (uid := path.stat().st_uid) != 0:
                with suppress(KeyError):  # initdb refuses an account without a name
                    return cls(uid, pwd.getpwuid(uid).pw_gid)
        return cls._system()

    @classmethod
    def _system(cls) -> "Account":
        with suppress(OSError):  # no useradd here: `nobody` serves
            subprocess.run(  # harmless when the account exists already
                ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", "vitrine"],  # noqa: S607
                capture_output=True,
                check=False,
            )
        for name in ("vitrine", "nobody"):
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this system has no account to run it as: "
            f"run Vitrine as an ordinary user, or {REMEDY}."
        )

    def run(self, command: Sequence[str | Path], *, env: dict[str, str]) -> None:
        """Run to the end as this account. Raises EmbeddedError with what it complained of."""
        done = subprocess.run(
            command,
            cwd="/",
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.identity(),
        )
        if done.returncode:
            complaint = (done.stderr or done.stdout).strip()
            raise EmbeddedError(
                f"{Path(command[0]).name} failed: {complaint}\nRepair that, or {REMEDY}."
            )

    def identity(self) -> dict[str, Any]:
        """Arguments for `subprocess` that drop root's privileges."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def folder(self, path: Path) -> Path:
        """A private folder of this account's: made if missing, refused if someone else's."""
        try:
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(path, self.uid, self.gid)
        except FileExistsError:
            pass
        except PermissionError as error:
            raise self._not_ours(path.parent) from error
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid:
            raise self._not_ours(path)
        path.chmod(0o700)
        self.let_through(path)
        return path

    def open(self, path: Path) -> int:
        """A descriptor of a private file of this account's, made if missing."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except PermissionError as error:
            raise self._not_ours(path if path.exists() else path.parent) from error
        if os.geteuid() == 0:
            os.fchown(descriptor, self.uid, self.gid)
        return descriptor

    def let_through(self, path: Path) -> None:
        """As root, let this account search the folders above `path`; reading stays as it was.

        A checkout below /root or in a `mktemp -d` is otherwise out of the servers' reach.
        """
        if os.geteuid() != 0:
            return
        for parent in path.resolve().parents:
            found = parent.stat()
            mine = (
                stat.S_IXUSR
                if found.st_uid == self.uid
                else stat.S_IXGRP
                if found.st_gid == self.gid
                else stat.S_IXOTH
            )
            if not found.st_mode & mine:
                parent.chmod(stat.S_IMODE(found.st_mode) | mine)
                print(
                    f"Note: {parent} may now be searched (not read) by the account that "
                    "the embedded servers run as.",
                    file=sys.stderr,
                )

    def _not_ours(self, path: Path) -> EmbeddedError:
        owner, ours = _name(path.lstat().st_uid), _name(self.uid)
        return EmbeddedError(
            f"{path} belongs to {owner}, but the embedded servers run as {ours} here: "
            f"run Vitrine as {owner}, remove {path}, or {REMEDY}."
        )


def _name(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user number {uid}"
