"""The embedded servers, run for real in temporary folders and used by processes of their own."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config import embedded
from config.embedded.account import Account
from tests.embedded_user import ROOT, User

AS_ROOT = os.geteuid() == 0

Start = Callable[..., User]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A checkout's folder that an ordinary user can reach, unlike pytest's own."""
    top = Path(tempfile.mkdtemp(prefix="vitrine-test-")).resolve()
    yield top
    shutil.rmtree(top)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts users; afterwards ends them, and whatever they left running."""
    users: list[User] = []

    def start_user(data: Path = folder / ".data", *, uid: int = 0) -> User:
        users.append(User(data, uid=uid))
        return users[-1]

    yield start_user
    for user in users:
        if user.process.poll() is None:
            user.process.communicate(timeout=90)
        if user.folder.exists():
            embedded.stop(user.folder, force=True)


def live(*pids: int) -> list[int]:
    """Those of `pids` that run; a zombie does not."""
    return [
        pid
        for pid in pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.embedded", *arguments, "--data-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_second_user_shares_and_the_last_one_stops(start: Start) -> None:
    first, second = start(), start()
    pids = first.pids()
    assert second.pids() == pids
    first.leave()
    assert second.execute("SELECT 1") == (1,)
    assert second.redis.ping()
    second.leave()
    assert live(*pids) == []
    again = start()
    assert again.execute("SELECT 1") == (1,)
    assert again.pids() != pids


def test_four_at_the_same_instant_start_one_of_each(start: Start) -> None:
    users = [start() for _ in range(4)]
    assert len({user.pids() for user in users}) == 1
    pids = users[0].pids()
    for user in users[:3]:
        user.leave()
    assert live(*pids) == list(pids)
    users[3].leave()
    assert live(*pids) == []


def test_a_killed_user_does_not_count(start: Start) -> None:
    killed = start()
    pids = killed.pids()
    killed.kill()
    assert live(*pids) == list(pids)
    other = start()
    assert other.pids() == pids
    other.leave()
    assert live(*pids) == []


def test_a_forked_child_that_ends_stops_nothing(start: Start) -> None:
    user = start()
    pids = user.pids()
    user.fork()
    assert live(*pids) == list(pids)
    assert user.execute("SELECT 1") == (1,)
    user.leave()
    assert live(*pids) == []


def test_killed_servers_come_back_with_everything(start: Start) -> None:
    user = start()
    user.execute("CREATE TABLE kept (number int)")
    user.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    user.redis.rpush("kept", *range(1000))
    pids = user.pids()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    other = start()
    assert other.execute("SELECT count(*), sum(number) FROM kept") == (1000, 500500)
    assert other.redis.llen("kept") == 1000
    assert not set(other.pids()) & set(pids)
    # The first user, whose servers died under it, finds the new ones in the same place.
    assert user.execute("SELECT count(*) FROM kept") == (1000,)


def test_a_pid_file_left_behind_with_a_number_used_again(start: Start, folder: Path) -> None:
    start().leave()
    for name in ("postgres/postmaster.pid", "redis/redis.pid"):
        (folder / ".data" / name).write_text(f"{os.getpid()}\n")
    user = start()
    assert user.execute("SELECT 1") == (1,)
    assert os.getpid() not in user.pids()


@pytest.mark.parametrize(
    "path", ["Anna's shop, 50% off/köder", "/".join(["deep" * 10] * 4)], ids=["odd", "deep"]
)
def test_paths_that_sockets_and_urls_cannot_carry(start: Start, folder: Path, path: str) -> None:
    data = folder / path / ".data"
    data.parent.mkdir(parents=True)
    user = start(data)
    assert user.execute("SELECT 1") == (1,)
    assert user.redis.ping()
    sockets = Path(user.where["host"])
    assert len(str(sockets)) <= 80
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert sockets.stat().st_uid == (data / "postgres").stat().st_uid
    user.leave()
    assert not sockets.exists()


def test_sockets_are_private_and_the_role_may_create_extensions(start: Start) -> None:
    user = start()
    for socket in (
        Path(user.where["host"], ".s.PGSQL.5432"),
        Path(user.where["host"], "redis.sock"),
    ):
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    user.execute("CREATE EXTENSION vector")
    assert user.execute("SELECT '[1,2]'::halfvec(2) <#> '[3,4]'") == (-11.0,)
    assert user.execute("SHOW fsync") == user.execute("SHOW synchronous_commit") == ("on",)
    assert user.redis.config_get("append*")["appendonly"] == "yes"


@pytest.mark.skipif(not AS_ROOT, reason="run by an ordinary user, as every test here then is")
def test_an_ordinary_user(start: Start, folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    Account(nobody.pw_uid, nobody.pw_gid).let_through(Path(sys.prefix, "bin"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    user = start(uid=nobody.pw_uid)
    pids = user.pids()
    assert [psutil.Process(pid).uids().real for pid in pids] == [nobody.pw_uid] * 2
    # Root, who joins, finds them; alone, it starts them as the folder's owner.
    root = start()
    assert root.pids() == pids
    user.leave()
    root.leave()
    assert live(*pids) == []
    alone = start()
    assert [psutil.Process(pid).uids().real for pid in alone.pids()] == [nobody.pw_uid] * 2


@pytest.mark.skipif(not AS_ROOT, reason="only root can make files of another user")
def test_data_of_another_user_is_named_with_the_remedy(start: Start, folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    Account(nobody.pw_uid, nobody.pw_gid).let_through(Path(sys.prefix, "bin"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    (folder / ".data").mkdir()
    os.chown(folder / ".data", nobody.pw_uid, nobody.pw_gid)
    (folder / ".data/postgres").mkdir()
    (folder / ".data/postgres/PG_VERSION").write_text("18\n")
    user = start(uid=nobody.pw_uid)
    complaints = user.leave()
    assert user.process.returncode == 1
    assert f"{folder}/.data/postgres belongs to user root" in complaints
    assert "set DATABASE_URL and REDIS_URL" in complaints


def settings_with(folder: Path, **variables: str) -> None:
    """Read the settings in a fresh process."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"VITRINE_DATA_DIR": str(folder), "SECRET_KEY": "x" * 50, **variables}
    subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; settings.DATABASES"],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        check=True,
    )


def test_what_has_a_url_is_left_alone(folder: Path) -> None:
    database = {"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"}
    broker = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    data = folder / "data"
    settings_with(data, **database, **broker)
    assert not data.exists() or not list(data.glob("*.lock"))
    settings_with(data, **database)
    assert (data / "redis").exists()
    assert not (data / "postgres").exists()
    settings_with(data, **broker)
    assert (data / "postgres").exists()


def test_operators_see_and_stop_them(start: Start, folder: Path) -> None:
    data = folder / ".data"
    assert command("status", folder=data).returncode == 3
    user = start()
    pids = user.pids()
    seen = command("status", folder=data)
    assert seen.returncode == 0
    assert f"postgres  pid {pids[0]}" in seen.stdout
    assert f"redis     pid {pids[1]}" in seen.stdout
    assert command("stop", folder=data).returncode == 1
    assert live(*pids) == list(pids)
    assert command("stop", "--force", folder=data).stdout == "Stopped: redis, postgres\n"
    assert live(*pids) == []


def test_operators_may_name_the_folder_as_everywhere_else(folder: Path) -> None:
    data = folder / "elsewhere"
    said = subprocess.run(
        [sys.executable, "-m", "config.embedded", "status"],
        cwd=ROOT,
        env={**os.environ, "VITRINE_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 3
    assert said.stdout == f"Nothing embedded here: {data} does not exist.\n"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("rediss://user:secret@host:6380/1", "rediss://user:secret@host:6380/1"),
    ],
)
def test_celery_has_its_own_words_for_sockets(url: str, broker: str) -> None:
    assert embedded.celery_broker_url(url) == broker
