"""The directory of a ZIP archive, as it states it: every line a claim, none of it proven.

Layout: PKWARE APPNOTE 6.3.10, sections 4.3.12, 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

END: Final = struct.Struct("<4s4H2LH")
LOCATOR: Final = struct.Struct("<4sLQL")
END_64: Final = struct.Struct("<4sQ2H2L4Q")
CENTRAL: Final = struct.Struct("<4s6H3L5H2L")

ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
UTF_8: Final = 0x800
STORED, DEFLATED = 0, 8
UNIX: Final = 3
LONGEST_NAME: Final = 1_000  # bytes; thousands of longer ones would be kept in memory
LONGEST_ENTRY: Final = 46 + 3 * 65_535  # bytes of one entry of the directory

DAMAGED = "The archive's directory is damaged. Pack the photos into a new ZIP and send that."


class ArchiveRefused(Exception):
    """The archive as a whole cannot be read; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the directory. Nothing in it is proven, `problem` says what is wrong with it."""

    index: int
    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    is_folder: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries in their order, how many bytes precede the archive in its file, and where in
    the file the entries end."""

    entries: list[Entry]
    base: int
    start: int


def read_directory(file: BinaryIO, *, size: int, most: int) -> Directory:
    """Raises `ArchiveRefused` when there is none to be read, or more than `most` entries."""
    start, length, base = _find(file, size)
    if length > most * LONGEST_ENTRY:
        raise ArchiveRefused(DAMAGED)
    file.seek(start)
    return Directory(list(_entries(file, length, most)), base, start)


def _entries(file: BinaryIO, left: int, most: int) -> Iterator[Entry]:
    index = 0
    while left >= CENTRAL.size:
        if index >= most:
            raise ArchiveRefused(
                f"The archive has more than {most:,} entries. Pack the photos into several."
            )
        row = CENTRAL.unpack(_exactly(file, CENTRAL.size))
        if row[0] != b"PK\x01\x02":
            raise ArchiveRefused(DAMAGED)
        name_size, extra_size, comment_size = row[10:13]
        rest = name_size + extra_size + comment_size
        left -= CENTRAL.size + rest
        if left < 0:
            raise ArchiveRefused(DAMAGED)
        data = _exactly(file, rest)
        yield _entry(index, row, data[:name_size], data[name_size : name_size + extra_size])
        index += 1


def _find(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Where the directory starts, its length, and how many bytes precede the archive."""
    tail_size = min(size, END.size + 65_535)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END.size:
        raise ArchiveRefused(
            "The archive has no directory, as after an interrupted download. Pack the photos "
            "into a new ZIP and send that."
        )
    _, disk, first_disk, _, _, length, offset, _ = END.unpack_from(tail, at)
    end = size - tail_size + at
    if end >= LOCATOR.size:
        file.seek(end - LOCATOR.size)
        magic, _, _, _ = LOCATOR.unpack(_exactly(file, LOCATOR.size))
        if magic == b"PK\x06\x07" and end >= LOCATOR.size + END_64.size:
            end -= LOCATOR.size + END_64.size
            file.seek(end)
            large = END_64.unpack(_exactly(file, END_64.size))
            if large[0] != b"PK\x06\x06":
                raise ArchiveRefused(DAMAGED)
            disk, first_disk, length, offset = large[4], large[5], large[8], large[9]
    if disk or first_disk:
        raise ArchiveRefused("This is one part of a split archive. Pack it as a single ZIP.")
    base = end - length - offset
    if base < 0:
        raise ArchiveRefused(DAMAGED)
    return end - length, length, base


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ArchiveRefused(DAMAGED)
    return data


def _entry(index: int, row: tuple[int, ...], raw_name: bytes, extra: bytes) -> Entry:
    system = row[1] >> 8
    flags, method = row[3], row[4]
    crc, packed, size = row[7:10]
    external, offset = row[15:17]
    if 0xFFFF_FFFF in (packed, size, offset):
        packed, size, offset = _large(extra, packed, size, offset)
    mode = external >> 16 if system == UNIX else 0
    is_folder = raw_name.endswith((b"/", b"\\")) or stat.S_ISDIR(mode)
    problem = "" if is_folder else _problem(flags, method, mode)
    if len(raw_name) > LONGEST_NAME:
        problem = "Its name is longer than 1,000 bytes. Give it a shorter one."
        is_folder = False
    return Entry(
        index=index,
        name=_decode(raw_name[:LONGEST_NAME], flags),
        raw_name=raw_name[:LONGEST_NAME],
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        offset=offset,
        is_folder=is_folder,
        problem=problem,
    )


def _problem(flags: int, method: int, mode: int) -> str:
    if flags & ENCRYPTED:
        return "It is encrypted. Pack the photos without a password."
    if stat.S_ISLNK(mode):
        return "It is a link to a place elsewhere, not a photo. Pack the photo itself."
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "It is a device or a pipe, not a photo."
    if method not in (STORED, DEFLATED):
        return "It is packed in a way that is not read here. Pack it as an ordinary ZIP (Deflate)."
    return ""


def _large(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Values beyond 4 GB, from the ZIP64 field; as they were when there is none."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field = extra[4 : 4 + length]
        if kind == 1:
            values = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            size = next(values, size) if size == 0xFFFF_FFFF else size
            packed = next(values, packed) if packed == 0xFFFF_FFFF else packed
            offset = next(values, offset) if offset == 0xFFFF_FFFF else offset
            break
        extra = extra[4 + length :]
    return packed, size, offset


def _decode(raw: bytes, flags: int) -> str:
    """Names come in UTF-8, declared or not, or else in the encoding of MS-DOS."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if flags & UTF_8 else raw.decode("cp437")
