"""Lists of PDQ hashes as CSV, to share what is known without sharing the pictures.

A line is a hash (64 hexadecimal digits) and, each optional, its quality, a note and where it came
from: the order in which ThreatExchange's own tools write `hash,quality`. With a header line the
columns may be in any order, and others are ignored.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from catalog.ml import pdq_text
from moderation import banks, hashes
from moderation.models import Bank

MOST_BYTES = 32 * 1024 * 1024
MOST_LINES = 100_000
ROWS_AT_ONCE = 10_000

COLUMNS = ("pdq", "quality", "note", "source")
ALSO_CALLED = {
    "pdq": ("pdq", "hash", "pdq_hash", "pdq_hex", "hash_value", "value", "signal", "indicator"),
    "quality": ("quality", "pdq_quality", "hash_quality"),
    "note": ("note", "notes", "description", "comment"),
    "source": ("source", "origin", "provenance"),
}
Row = tuple[str, int, str, str]  # hash, quality, note, source

# A hundred thousand model instances take a minute; these arrays take seconds. PostgreSQL reads
# the digits in the order in which the hash's bits are.
INSERT = """
    INSERT INTO moderation_exemplar
        (id, bank_id, added_by_id, picture, sha256, pdq, pdq_quality, note, source, is_enabled,
         created_at)
    SELECT gen_random_uuid(), %s, %s, '', digits, ('x' || digits)::bit(256), quality, note, source,
        true, now() + line * interval '1 microsecond'
    FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::int[])
        AS t(digits, quality, note, source, line)
    ON CONFLICT (bank_id, sha256) DO NOTHING
"""

# A spreadsheet takes a cell that begins with one of these for a formula; the quote stops it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
QUOTE = "'"


class UnusableList(ValueError):
    """The file cannot be read as a list of hashes; the message says why. Nothing was added."""


@dataclass
class ImportReport:
    """What became of the lines of one file."""

    added: int = 0
    already_there: int = 0  # in the bank, or on an earlier line
    rejected: list[tuple[int, str]] = field(default_factory=list)  # (line number, reason)


def import_csv(
    *, bank: Bank, file: BinaryIO, source: str = "", added_by: AbstractBaseUser | None = None
) -> ImportReport:
    """Add the hashes of a CSV file (UTF-8) to a bank.

    Lines that cannot be used are reported and the others added, all of them in one transaction:
    after an error nothing is. `source` is used where a line names none. A hash that is there
    already stays as it is, also when it was disabled. Raises `UnusableList`.
    """
    report = ImportReport()
    found: dict[str, Row] = {}
    for number, cells in _lines(_text(file)):
        digits, note, origin = cells["pdq"].lower(), cells["note"], cells["source"] or source
        try:
            quality = _quality(cells["quality"])
            hashes.check(pdq_hex=digits, quality=quality, note=note, source=origin)
        except hashes.BadHash as error:
            report.rejected.append((number, str(error)))
            continue
        if digits in found:
            report.already_there += 1
        else:
            found[digits] = (digits, quality, note, origin)
    report.added = _add(bank, list(found.values()), added_by)
    report.already_there += len(found) - report.added
    return report


def export_csv(bank: Bank) -> Iterator[str]:
    """The enabled hashes of a bank as lines of CSV, oldest first, header included.

    Those of pictures with too little detail are left out: they would match anything.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    rows = (
        bank.exemplars.filter(hashes.USABLE, is_enabled=True)
        .order_by("created_at", "pk")
        .values_list("pdq", "pdq_quality", "note", "source")
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    writer.writerow(COLUMNS)
    for bits, quality, note, source in rows:
        digits = pdq_text.to_hex(pdq_text.from_bits(str(bits)))
        writer.writerow([digits, quality, _escaped(note), _escaped(source)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _add(bank: Bank, rows: list[Row], added_by: AbstractBaseUser | None) -> int:
    author = added_by.pk if added_by else None
    added = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            # The line keeps the list's order, in which it is matched and exported.
            lines = list(range(start, start + len(some)))
            columns = map(list, zip(*some, strict=True))
            cursor.execute(INSERT, [bank.pk, author, *columns, lines])
            added += cursor.rowcount  # as told by the database: another import may run
        if added:
            banks.touch(bank)  # last, because from here on workers wait for the commit
    return added


def _text(file: BinaryIO) -> str:
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UnusableList(
            f"The file has more than {MOST_BYTES // 1024**2} MB. Split it into smaller ones."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableList("The file is not UTF-8 text. Save it as “CSV UTF-8”.") from error
    if "\0" in text:
        raise UnusableList("The file is not text. Save it as “CSV UTF-8”.")
    return text


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every line that is not blank."""
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)  # a comma, unless another is seen more often
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    order: tuple[str, ...] | None = None
    count = 0
    try:
        for row in reader:
            cells = [_unescaped(cell.strip()) for cell in row]
            if not any(cells):
                continue
            if order is None:
                order = _header(cells)
                if order:
                    continue
                order = COLUMNS
            count += 1
            if count > MOST_LINES:
                raise UnusableList(
                    f"The file has more than {MOST_LINES:,} lines. Split it into smaller ones."
                )
            named = dict(zip(order, cells, strict=False))
            yield reader.line_num, {column: named.get(column, "") for column in COLUMNS}
    except csv.Error as error:
        raise UnusableList(f"Line {reader.line_num} cannot be read as CSV: {error}.") from error
    if order is None:
        raise UnusableList("The file is empty.")


def _header(cells: list[str]) -> tuple[str, ...] | None:
    """Our name of each column, if the cells are a header; others keep theirs."""
    names = [cell.lower().replace(" ", "_") for cell in cells]
    ours = {also: column for column, known in ALSO_CALLED.items() for also in known}
    order = tuple(ours.get(name, name) for name in names)
    return order if "pdq" in order else None


def _quality(cell: str) -> int:
    if not cell:
        return 100
    try:
        return int(cell)
    except ValueError as error:
        raise hashes.BadHash(f"The quality is a whole number; {cell[:40]!r} is not.") from error


def _escaped(cell: str) -> str:
    return QUOTE + cell if cell.startswith(FORMULA) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith(QUOTE) and cell[1:].startswith(FORMULA) else cell
