"""The signing key of a checkout that runs on its own embedded services."""

import os
import secrets
import tempfile
from pathlib import Path


def local_secret_key(data_dir: Path) -> str:
    """The checkout's own random key, made on first use and readable by its owner only.

    It is never a default shared between installations: deployments set SECRET_KEY.
    """
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=data_dir)  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # whoever links first wins; nobody reads a half-written key
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return path.read_text()
