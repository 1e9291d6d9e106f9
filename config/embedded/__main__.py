"""`python -m config.embedded status|stop`: for whoever looks after the machine."""

import argparse
import os
import sys
from pathlib import Path

from . import stop
from .account import Account, EmbeddedError
from .server import try_lock
from .services import DATABASE, Postgres, Redis


def status(data_dir: Path) -> int:
    """Print what runs; 0 when both do, else 3, as service managers have it."""
    account = Account.for_data(data_dir)
    running = 0
    for kind in (Postgres, Redis):
        server = kind(data_dir, account)
        sockets = server.running()
        running += sockets is not None
        print(f"{server.name:9}", f"pid {server.pid()}  {sockets}" if sockets else "stopped")
        if sockets and kind is Postgres:
            print(f"{'':9} psql 'postgresql://{DATABASE}@/{DATABASE}?host={sockets}'")
    users = try_lock(data_dir / "users.lock", account)
    print("in use by Vitrine" if users is None else "not in use")
    return 0 if running == 2 else 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("command", choices=["status", "stop"])
    parser.add_argument("--force", action="store_true", help="stop although someone uses them")
    default = Path(os.environ.get("VITRINE_DATA_DIR") or Path(__file__).parents[2] / ".data")
    parser.add_argument("--data-dir", type=Path, default=default, help="default: %(default)s")
    options = parser.parse_args()
    data_dir = options.data_dir.resolve()
    if not data_dir.exists():
        print(f"Nothing embedded here: {data_dir} does not exist.")
        return 3
    try:
        if options.command == "status":
            return status(data_dir)
        stopped = stop(data_dir, force=options.force)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    if stopped is None:
        print("Still in use by Vitrine: end that first, or add --force.", file=sys.stderr)
        return 1
    print("Stopped:", ", ".join(stopped) or "nothing was running")
    return 0


if __name__ == "__main__":
    sys.exit(main())
