"""From the bytes of a taxonomy file to a checked tree. No Django.

The format is told from the content: YAML, CSV, Shopify's text file, Google's, and Google's with
nested-set columns. Whatever is wrong is said in one `TaxonomyError`, with line numbers.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from catalog.taxonomy_formats import LINE_FORMATS, Entry, TaxonomyError, significant
from catalog.taxonomy_yaml import read_yaml

__all__ = ["Document", "Node", "TaxonomyError", "read"]

MAX_BYTES = 16 * 1024 * 1024  # ten times the largest public taxonomy
MAX_NODES = 50_000
MAX_ID, MAX_NAME, MAX_PATH, MAX_SYNONYMS = 120, 200, 1000, 50
JOINT = " ▸ "
SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")

# “CrÃªpe” for “Crêpe”: UTF-8 taken for Latin-1 and encoded again, as copies in circulation have it.
TWICE_ENCODED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf]{1,3}")


@dataclass(frozen=True)
class Node:
    """One category of a checked tree; `parent` is an external id."""

    external_id: str
    parent: str | None
    name: str
    path: str  # names from the root, joined by " ▸ "
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A taxonomy as its file gives it: parents before children, siblings in the file's order."""

    format: str
    slug: str  # empty where the file does not say
    name: str
    version: str
    nodes: tuple[Node, ...]

    def named(self, *, slug: str = "", name: str = "", version: str = "") -> "Document":
        """The same tree under what the caller says; empty keeps the file's. Raises
        `TaxonomyError` when slug, name or version are missing then, or cannot be used."""
        slug = (slug or self.slug).strip()
        name = (name or self.name or slug).strip()
        version = (version or self.version).strip()
        if not SLUG.fullmatch(slug) or len(slug) > 50:
            raise TaxonomyError(
                f"The slug “{slug}” cannot be used: up to 50 of a-z, 0-9, “-” and “_”, for example "
                "google-2021."
            )
        for what, value, limit in (("name", name, 120), ("version", version, 40)):
            if not value or len(value) > limit or not value.isprintable():
                raise TaxonomyError(f"The {what} “{value[:60]}” has to have 1 to {limit} letters.")
        return replace(self, slug=slug, name=name, version=version)


def read(data: bytes) -> Document:
    """Read and check a taxonomy file. Raises `TaxonomyError`."""
    if len(data) > MAX_BYTES:
        raise TaxonomyError(f"The file is larger than {MAX_BYTES // 1024**2} MB.")
    text = _decode(data)
    first = next((line for _, line in significant(text)), None)
    if first is None:
        raise TaxonomyError("The file is empty.")
    digest = hashlib.sha256(data).hexdigest()[:12]
    for name, (looks_like_it, reader) in LINE_FORMATS.items():
        if looks_like_it(first):
            head = {"version": digest, **_head_of_comments(text, name)}
            return _document(name, head, reader(text))
    head, entries = read_yaml(text)
    return _document("yaml", {"version": digest, **head}, entries)


def _document(format: str, head: dict[str, str], entries: Iterable[Entry]) -> Document:
    return Document(
        format=format,
        slug=head.get("slug", ""),
        name=head.get("name", ""),
        version=head.get("version", ""),
        nodes=_tree(_limited(entries)),
    )


def _decode(data: bytes) -> str:
    if b"\x00" in data[:4096]:
        raise TaxonomyError("This is no text in UTF-8. Save the file as UTF-8 and try again.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TaxonomyError(
            f"Line {line} is not UTF-8 (byte 0x{data[error.start]:02x}). Save the file as UTF-8 "
            "and try again."
        ) from error
    if (at := text.find("\x00")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise TaxonomyError(f"Line {line} contains a NUL character. Remove it.")
    return TWICE_ENCODED.sub(_decode_again, text)


def _decode_again(found: re.Match[str]) -> str:
    try:
        return found[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def _head_of_comments(text: str, format: str) -> dict[str, str]:
    """Name, slug and version from the comments that public files begin with."""
    comments = "\n".join(line for line in text[:2000].splitlines() if line.startswith("#"))
    head: dict[str, str] = {}
    if format == "shopify":
        head = {"slug": "shopify", "name": "Shopify Product Taxonomy"}
        pattern = r"Categories:\s*(\S+)"
    elif format in ("google", "nested"):
        head = {"slug": "google", "name": "Google Product Taxonomy"} if format == "google" else {}
        if "Google" in comments:
            head = {"slug": "google", "name": "Google Product Taxonomy"}
        pattern = r"(?:Version:\s*|Generated on:\s*)(\d{4}-\d{2}-\d{2})"
    else:
        return {}
    if found := re.search(pattern, comments):
        head["version"] = found[1][:40]
    return head


def _limited(entries: Iterable[Entry]) -> list[Entry]:
    kept: list[Entry] = []
    for entry in entries:
        if len(kept) == MAX_NODES:
            raise TaxonomyError(f"There are more than {MAX_NODES:,} categories.")
        kept.append(entry)
    if not kept:
        raise TaxonomyError("There are no categories in the file.")
    return kept


def _tree(entries: list[Entry]) -> tuple[Node, ...]:
    """Entries as a tree, depth first. Raises `TaxonomyError` with everything that is wrong."""
    problems: list[str] = []
    entries = [_with_stable_id(entry) for entry in entries]
    by_id: dict[str, Entry] = {}
    by_names: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        problems += _problems_of(entry)
        if entry.external_id and (other := by_id.setdefault(entry.external_id, entry)) is not entry:
            problems.append(
                f"Line {entry.line}: the id “{entry.external_id}” is used twice, first in line "
                f"{other.line}. Ids are unique."
            )
        if entry.above is not None:
            names = (*entry.above, entry.name)
            if (other := by_names.setdefault(names, entry)) is not entry:
                problems.append(
                    f"Line {entry.line}: “{' > '.join(names)[:200]}” is there twice, first in line "
                    f"{other.line}."
                )
    children: dict[str | None, list[Entry]] = {}
    for entry in entries:
        parent = by_id.get(entry.parent) if entry.parent else None
        if entry.above:
            parent = by_names.get(entry.above)
        named = " > ".join(entry.above or ()) or entry.parent
        if named and not parent:
            problems.append(
                f"Line {entry.line}: the parent “{named[:200]}” of “{entry.name}” is not in the "
                "file. Add it, or correct its spelling."
            )
        children.setdefault(parent.external_id if parent else None, []).append(entry)
    if problems:
        raise TaxonomyError(*problems)
    nodes = _depth_first(children)
    if len(nodes) < len(entries):
        reached = {node.external_id for node in nodes}
        raise TaxonomyError(
            *(
                f"Line {entry.line}: “{entry.name}” is below itself. One of its parents has to be "
                "a root, or below another category."
                for entry in entries
                if entry.external_id not in reached
            )
        )
    return tuple(nodes)


def _depth_first(children: dict[str | None, list[Entry]]) -> list[Node]:
    nodes: list[Node] = []
    stack: list[tuple[Entry, str | None, str]] = []
    stack += [(entry, None, "") for entry in reversed(children.get(None, []))]
    while stack:
        entry, parent, above = stack.pop()
        path = f"{above}{JOINT}{entry.name}" if above else entry.name
        if len(path) > MAX_PATH:
            raise TaxonomyError(
                f"Line {entry.line}: the names down to “{entry.name[:60]}” are longer than "
                f"{MAX_PATH} letters together."
            )
        nodes.append(Node(entry.external_id, parent, entry.name, path, entry.synonyms))
        below = children.get(entry.external_id, [])
        stack += [(child, entry.external_id, path) for child in reversed(below)]
    return nodes


def _problems_of(entry: Entry) -> list[str]:
    found = []
    texts = (("id", entry.external_id, MAX_ID), ("name", entry.name, MAX_NAME))
    for what, value, limit in (*texts, *(("synonym", s, MAX_NAME) for s in entry.synonyms)):
        if not value:
            found.append(f"Line {entry.line}: the {what} is empty.")
        elif len(value) > limit:
            found.append(f"Line {entry.line}: the {what} is longer than {limit} letters.")
        elif not value.isprintable():
            found.append(f"Line {entry.line}: the {what} contains unprintable characters.")
    if len(entry.synonyms) > MAX_SYNONYMS:
        found.append(f"Line {entry.line}: more than {MAX_SYNONYMS} synonyms.")
    return found


def _with_stable_id(entry: Entry) -> Entry:
    """Row numbers shift with every insertion: such an entry is known by its path instead."""
    if not entry.has_row_number:
        return entry
    names = (*(entry.above or ()), entry.name)
    plain = unicodedata.normalize("NFKD", entry.name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    digest = hashlib.sha256(JOINT.join(names).encode()).hexdigest()[:12]
    return replace(entry, external_id=f"{words[:80]}~{digest}")
