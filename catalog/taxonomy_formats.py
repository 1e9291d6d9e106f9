"""The formats a taxonomy may come in, each as a reader from text to entries. No Django.

A reader knows how its lines look; whether the entries make a tree is for `taxonomy_files`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_PROBLEMS = 20  # that one error names; whoever has more fixes these first
_SHOPIFY = re.compile(r"(gid://shopify/TaxonomyCategory/\S+)\s+:\s+(.*)")
_GOOGLE = re.compile(r"(\d+)\s+-\s+(.*)")
_NESTED = re.compile(r"\s*(\d+)\s*\|\s*\[\s*(\d+)\s*-\s*(\d+)\s*\]\s*\|(.*)")


class TaxonomyError(ValueError):
    """The file cannot be used: `problems` are sentences that name the line and the remedy."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        more = len(problems) - len(self.problems)
        super().__init__(" ".join(self.problems) + (f" And {more} more." if more else ""))


@dataclass(frozen=True)
class Entry:
    """One category as its line gives it: below the id `parent`, or below the names `above`."""

    line: int
    external_id: str
    name: str
    parent: str | None = None
    above: tuple[str, ...] | None = None  # () is a root; None says: look at `parent`
    synonyms: tuple[str, ...] = ()
    has_row_number: bool = False  # the id is only the row's number, and changes with its place


def significant(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without blank ones and comments."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def names_of(path: str) -> tuple[str, ...]:
    """`A > B > C` as names; empty ones are kept, to be complained about."""
    return tuple(name.strip() for name in re.split(r" > | >$|^> ", path))


def read_shopify(text: str) -> Iterator[Entry]:
    """`gid://shopify/TaxonomyCategory/ap-1 : A > B`; the id is the whole gid."""
    return _read_paths(text, _SHOPIFY, "gid://shopify/TaxonomyCategory/<id> : <A> > <B>")


def read_google(text: str) -> Iterator[Entry]:
    """`3237 - A > B`, as Google publishes it."""
    return _read_paths(text, _GOOGLE, "<number> - <A> > <B>")


def _read_paths(text: str, form: re.Pattern[str], shape: str) -> Iterator[Entry]:
    for number, line in significant(text):
        found = form.fullmatch(line.strip())
        if not found:
            raise TaxonomyError(f"Line {number} is not of the form “{shape}”: {line.strip()[:80]}")
        names = names_of(found[2])
        yield Entry(number, found[1], names[-1], above=names[:-1])


def read_nested(text: str) -> Iterator[Entry]:
    """`5 | [ 6- 11] | Name`: a nested-set tree, where a node's interval lies in its parent's.

    The first column counts rows, so a category inserted above would change every id below it:
    the tree gives these entries ids made of their paths instead.
    """
    rows: list[tuple[int, int, int, str, str]] = []  # left, right, line, row number, name
    for number, line in significant(text):
        found = _NESTED.fullmatch(line)
        if not found:
            raise TaxonomyError(
                f"Line {number} is not of the form “<number> | [<left>-<right>] | <name>”: "
                f"{line.strip()[:80]}"
            )
        rows.append((int(found[2]), int(found[3]), number, found[1], found[4].strip()))
    open_nodes: list[tuple[int, tuple[str, ...]]] = []  # (right end, names down to it)
    last = 0
    for left, right, number, row_number, name in sorted(rows):  # rows may be out of order
        while open_nodes and open_nodes[-1][0] < left:
            open_nodes.pop()
        inside = not open_nodes or right < open_nodes[-1][0]
        if not (last < left < right and inside):
            raise TaxonomyError(
                f"Line {number}: the interval [{left}-{right}] crosses another one. Each lies "
                "inside its parent's, or beside it."
            )
        last = left
        above = open_nodes[-1][1] if open_nodes else ()
        yield Entry(number, row_number, name, above=above, has_row_number=True)
        open_nodes.append((right, (*above, name)))


def is_csv(first_line: str) -> bool:
    """True for a header row that names an `id` column."""
    return "id" in _columns(first_line, _delimiter(first_line))


def read_csv(text: str) -> Iterator[Entry]:
    """Columns `id`, `name` and `parent` (an id), or `id` and `path` (`A > B`); optionally
    `synonyms`, separated by `|`. Commas, semicolons or tabs between them."""
    skipped, first = next(significant(text))
    delimiter = _delimiter(first)
    columns = _columns(first, delimiter)
    by_path = "path" in columns
    if not by_path and not {"name", "parent"} <= set(columns):
        raise TaxonomyError(
            f"Line {skipped}: the columns are {', '.join(columns)}. There have to be id, name and "
            "parent, or id and path; synonyms is optional."
        )
    body = "\n".join(text.splitlines()[skipped:])
    rows = csv.reader(io.StringIO(body), delimiter=delimiter, strict=True)
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            line = rows.line_num + skipped
            if len(row) > len(columns):
                raise TaxonomyError(
                    f"Line {line} has {len(row)} cells for {len(columns)} columns. Put a cell that "
                    f"contains “{delimiter}” into double quotes."
                )
            cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
            yield _from_cells(line, cells, by_path=by_path)
    except csv.Error as error:
        line = rows.line_num + skipped
        raise TaxonomyError(f"Line {line} is not CSV: {error}. Check its quotes.") from error


def _from_cells(line: int, cells: dict[str, str], *, by_path: bool) -> Entry:
    identity, name = cells.get("id", ""), cells.get("name", "")
    synonyms = tuple(s.strip() for s in cells.get("synonyms", "").split("|") if s.strip())
    if not by_path:
        return Entry(line, identity, name, parent=cells.get("parent") or None, synonyms=synonyms)
    names = names_of(cells.get("path", ""))
    if name and name != names[-1]:
        raise TaxonomyError(
            f"Line {line}: the name is “{name}” and the path ends with “{names[-1]}”. The path "
            "includes the category itself: make them the same, or leave the name column out."
        )
    return Entry(line, identity, names[-1], above=names[:-1], synonyms=synonyms)


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _columns(header: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in header.split(delimiter)]


LINE_FORMATS: dict[str, tuple[Callable[[str], bool], Callable[[str], Iterator[Entry]]]] = {
    # name: (does the first line look like it, the reader)
    "shopify": (lambda line: line.lstrip().startswith("gid://shopify/"), read_shopify),
    "nested": (lambda line: bool(re.match(r"\s*\d+\s*\|\s*\[", line)), read_nested),
    "google": (lambda line: bool(_GOOGLE.match(line.lstrip())), read_google),
    "csv": (is_csv, read_csv),
}
