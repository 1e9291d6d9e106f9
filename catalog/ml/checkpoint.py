"""Where an encoder's files are, and whether they are all there. Loads nothing, runs nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# Weights are read from safetensors only: the older formats are pickles, which run code when read.
_WANTED: Final = ("*.json", "*.txt", "*.model", "model*.safetensors")
_HASHED: Final = (
    "config.json",
    "model*.safetensors",
    "tokenizer*.json",
    "special_tokens_map.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)
_VOCABULARIES: Final = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_HUB_NAME: Final = re.compile(r"[\w.-]+(/[\w.-]+)?")
# Repositories whose main branch has pickled weights only; the hub's own conversion of the same
# weights waits there as a pull request.
_CONVERTED: Final = {"openai/clip-vit-base-patch32": "refs/pr/15"}
_CONVERTER: Final = "SFconvertbot"


class EncoderUnavailable(Exception):
    """The encoder cannot be used; the message says why and what to do."""


class UnsupportedEncoder(EncoderUnavailable):
    """The checkpoint is there and is not one this product can run faithfully."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with config.json, safetensors, tokenizer and processor configuration.

    ``revision`` is the commit the hub resolved, or "" for a local folder.
    """

    folder: Path
    name: str
    revision: str
    config: dict[str, Any]

    @property
    def is_mini(self) -> bool:
        """Whether this is the small model that ships with the product."""
        return self.config.get("vitrine_mini") is True

    def fingerprint(self, *extra: str) -> str:
        """sha256 (hex) over the weights, configuration and tokenizer, and over ``extra``."""
        digest = hashlib.sha256()
        files = {path for pattern in _HASHED for path in self.folder.glob(pattern)}
        for path in sorted(files):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {content}\n".encode())
        digest.update("\n".join(extra).encode())
        return digest.hexdigest()


def locate(source: str, *, revision: str | None = None) -> Checkpoint:
    """The checkpoint at a local folder, or of a hub name (downloaded when not cached).

    Raises:
        EncoderUnavailable: nothing there, or the hub cannot be reached.
        UnsupportedEncoder: no safetensors weights.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return _read(folder.resolve(), name=folder.resolve().name, revision="")
    if source.startswith((".", "/", "~")) or not _HUB_NAME.fullmatch(source):
        raise EncoderUnavailable(
            f"There is no folder {source}. Give the path of a folder that holds a transformers "
            "checkpoint, or a hub name such as openai/clip-vit-base-patch32."
        )
    folder = _download(source, revision or _CONVERTED.get(source))
    if not _weights(folder) and revision is None:
        converted = _conversion_of(source)
        folder = _download(source, converted) if converted else folder
    return _read(folder, name=source, revision=folder.name)


def _read(folder: Path, *, name: str, revision: str) -> Checkpoint:
    path = folder / "config.json"
    if not path.is_file():
        raise EncoderUnavailable(
            f"{folder} has no config.json, so it is not a transformers checkpoint. Copy the whole "
            "folder that save_pretrained or 'hf download' wrote."
        )
    try:
        config = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise EncoderUnavailable(f"{path} is not JSON: {error}. Copy it again.") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise UnsupportedEncoder(f"{path} names no model_type, so its architecture is unknown.")
    if not _weights(folder):
        raise UnsupportedEncoder(
            f"{name} has no safetensors weights (model.safetensors), and other formats are not "
            "read because they can run code. Save it again with transformers: "
            "AutoModel.from_pretrained(...).save_pretrained(folder)."
        )
    if not any(file for pattern in _VOCABULARIES for file in folder.glob(pattern)):
        # transformers would make up an empty vocabulary, and every text would read the same.
        raise UnsupportedEncoder(
            f"{name} has no tokenizer ({', '.join(_VOCABULARIES)}). Copy the tokenizer files of "
            "the same checkpoint beside its weights."
        )
    checkpoint = Checkpoint(folder=folder, name=name, revision=revision, config=config)
    if checkpoint.is_mini:
        return Checkpoint(folder=folder, name="vitrine-mini", revision="", config=config)
    return checkpoint


def _weights(folder: Path) -> list[Path]:
    return list(folder.glob("model*.safetensors"))


def _download(name: str, revision: str | None) -> Path:
    """The snapshot folder of ``name``, its name being the commit. Shows the hub's progress bars."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def snapshot(*, offline: bool) -> Path:
        folder = snapshot_download(
            name, revision=revision, allow_patterns=list(_WANTED), local_files_only=offline
        )
        return Path(str(folder))

    if revision and _COMMIT.fullmatch(revision):
        # A commit never changes, so what is cached needs no question to the hub.
        try:
            folder = snapshot(offline=True)
            if (folder / "config.json").is_file() and _weights(folder):
                return folder
        except LocalEntryNotFoundError:
            pass
    try:
        return snapshot(offline=False)
    except GatedRepoError as error:
        raise EncoderUnavailable(
            f"{name} is gated: accept its terms on the hub, then run 'hf auth login'."
        ) from error
    except RevisionNotFoundError as error:
        raise EncoderUnavailable(f"{name} has no revision {revision} on the hub.") from error
    except RepositoryNotFoundError as error:
        raise EncoderUnavailable(
            f"The hub knows no model named {name}, or it is private. Check the spelling; for a "
            "private one run 'hf auth login'."
        ) from error
    except Exception as error:
        raise EncoderUnavailable(_unreachable(name, revision, error)) from error


def _unreachable(name: str, revision: str | None, error: Exception) -> str:
    pinned = f" --revision {revision}" if revision else ""
    folder = name.rsplit("/", 1)[-1]
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    hub = os.environ.get("HF_ENDPOINT", "the model hub")
    return (
        f"Cannot download {name} from {hub}: {reason}\n"
        "What to do: on a machine with internet access run\n"
        f"    pip install huggingface_hub && hf download {name}{pinned} --local-dir {folder}\n"
        f"copy the folder {folder} to this machine and set VITRINE_ENCODER (for the demo: make "
        f"demo ENCODER=...) to its path. Or leave it unset to use the bundled mini model."
    )


def _conversion_of(name: str) -> str | None:
    """The reference of the hub's pull request with safetensors for ``name``, if there is one."""
    from huggingface_hub import HfApi

    try:
        proposals = HfApi().get_repo_discussions(
            name, author=_CONVERTER, discussion_type="pull_request"
        )
        return next((p.git_reference for p in proposals if "safetensors" in p.title.lower()), None)
    except Exception:
        return None  # The caller then reports that there are no safetensors, which is the point.
