"""Tables of products in CSV: columns `sku`, `title`, and one or more that name photos.

A photo is named by its file in the same upload or, if it is here already, by its file name, the
SHA-256 of its file, or its id.
"""

import csv
import io
import re
from dataclasses import dataclass

IMAGE_COLUMN = re.compile(
    r"^(?:(images?|photos?|pictures?|files?)([ _-]?(names?|files?|ids?|sha-?256|\d+))*|sha-?256)$"
)
ADDRESS = re.compile(r"^([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
SKU_LENGTH = 120
TITLE_LENGTH = 300


class TableRefused(Exception):
    """The table cannot be read as a whole; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One photo of one product, as a row names it; `problem` when it cannot be taken."""

    row: int
    sku: str
    title: str
    file: str
    problem: str = ""


def read(data: bytes, *, name: str, most: int) -> list[Wanted]:
    """What the rows want, in their order; `most` bounds it. Raises `TableRefused`.

    Encoded in UTF-8 or Windows-1252; separated by commas, semicolons or tabs. A cell may name
    several files, separated by `|`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    wanted: list[Wanted] = []
    try:
        rows = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
        columns = [column.strip().casefold() for column in next(rows, [])]
        images = [at for at, column in enumerate(columns) if IMAGE_COLUMN.match(column)]
        if "sku" not in columns or not images:
            missing = "image" if "sku" in columns else "sku"
            raise TableRefused(
                f"{name} has no column “{missing}” in its first row. It needs sku, image (or "
                "image_1, image_2 and so on; sha256 or image_id for photos that are here "
                "already), and if you like title."
            )
        for number, row in enumerate(rows, start=2):
            if any(cell.strip() for cell in row):
                wanted += _row(number, columns, images, row)
            if len(wanted) > most:
                raise TableRefused(
                    f"With {name}, there are more rows than one import may have. Split it."
                )
    except csv.Error as error:
        raise TableRefused(f"{name} cannot be read as CSV: {error}.") from error
    return wanted


def _row(number: int, columns: list[str], images: list[int], row: list[str]) -> list[Wanted]:
    cells = [*(cell.strip() for cell in row), *("" for _ in columns[len(row) :])]
    sku = cells[columns.index("sku")]
    title = cells[columns.index("title")] if "title" in columns else ""
    files = [file.strip() for at in images for file in cells[at].split("|") if file.strip()]
    problem = ""
    if not sku:
        problem = f"Row {number} has no SKU."
    elif len(sku) > SKU_LENGTH:
        problem = f"Row {number} has an SKU of more than {SKU_LENGTH} characters."
    elif len(title) > TITLE_LENGTH:
        problem = f"Row {number} has a title of more than {TITLE_LENGTH} characters."
    elif not files:
        problem = f"Row {number} names no photo."
    if problem:
        return [Wanted(number, sku[:SKU_LENGTH], "", ", ".join(files), problem)]
    return [
        Wanted(number, sku, title, file, _address(number) if ADDRESS.match(file) else "")
        for file in dict.fromkeys(files)
    ]


def _address(row: int) -> str:
    return (
        f"Row {row} gives an address on the web, which is not fetched. Put the photo into the "
        "upload and name its file."
    )
