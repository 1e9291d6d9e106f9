"""Names as archives and tables give them: for people and for matching, never for storing."""

import re
import unicodedata

SHOWN = 300
# What systems leave beside photos, in any folder.
LITTER = re.compile(r"(^|/)(__MACOSX(/|$)|\.|thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
ARCHIVES = re.compile(r"\.(zip|rar|7z|tar|t?gz|bz2|xz|zst|cab|iso|jar)$", re.IGNORECASE)
TABLE = re.compile(r"\.(csv|tsv)$", re.IGNORECASE)

OUTSIDE = (
    "Its name leads out of the archive, as names made to overwrite other files do. Rename it and "
    "pack it again."
)
NESTED = "It is an archive inside the archive, which is not opened. Pack its photos directly."


def shown(name: str) -> str:
    """A name that can be displayed: no control characters, no changes of writing direction."""
    kept = (
        " " if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter
        for letter in name
    )
    text = "".join(kept).strip() or "(no name)"
    return text if len(text) <= SHOWN else f"…{text[1 - SHOWN :]}"


def leads_outside(name: str) -> bool:
    """True for absolute paths, drive letters, and paths with `..` in them."""
    path = name.replace("\\", "/")
    return path.startswith("/") or bool(re.match(r"[A-Za-z]:", path)) or ".." in path.split("/")


def key_of(name: str) -> str:
    """What two spellings of one path have in common."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/")).casefold().strip()
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def last_part(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def is_litter(name: str) -> bool:
    path = name.replace("\\", "/")
    return bool(LITTER.search(path)) and ".." not in path.split("/")
