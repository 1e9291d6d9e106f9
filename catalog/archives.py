"""ZIP archives from strangers: the directory, and one entry at a time.

Sizes and names that an archive states are claims. Entries are inflated in pieces and given up as
soon as they exceed what is allowed; nothing is written anywhere, and only entries that are asked
for are read. Layout: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

END: Final = struct.Struct("<4s4H2LH")
LOCATOR: Final = struct.Struct("<4sLQL")
END_64: Final = struct.Struct("<4sQ2H2L4Q")
CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
LOCAL: Final = struct.Struct("<4s5H3L2H")

ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
UTF_8: Final = 0x800
STORED, DEFLATED = 0, 8
UNIX: Final = 3
PIECE: Final = 64 * 1024
MEGABYTE: Final = 1024 * 1024
LONGEST_ENTRY: Final = 46 + 3 * 65_535  # bytes of one entry of the directory

DAMAGED = "The archive's directory is damaged. Pack the photos into a new ZIP and send that."


class ArchiveRefused(Exception):
    """The archive as a whole cannot be read; the message says why, for people."""


class EntryRefused(Exception):
    """One entry cannot be taken; the message says why. `unpacked`: the bytes spent on it."""

    def __init__(self, message: str, *, unpacked: int = 0) -> None:
        super().__init__(message)
        self.unpacked = unpacked


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes one entry may unpack to, how many times its packed size, and entries per archive."""

    entry_bytes: int
    ratio: int
    entries: int


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


class Archive:
    """A ZIP's directory in memory. Raises `ArchiveRefused` when there is none to be read."""

    def __init__(self, file: BinaryIO, *, size: int, limits: Limits) -> None:
        self.file = file
        self.size = size
        self.limits = limits
        self.entries = list(self._directory())

    def _directory(self) -> Iterator[Entry]:
        start, length, base = self._find()
        self.base = base
        self.file.seek(start)
        left = length
        index = 0
        while left >= CENTRAL.size:
            if index >= self.limits.entries:
                raise ArchiveRefused(
                    f"The archive has more than {self.limits.entries:,} entries. Pack the photos "
                    "into several."
                )
            row = CENTRAL.unpack(self._exactly(CENTRAL.size))
            if row[0] != b"PK\x01\x02":
                raise ArchiveRefused(DAMAGED)
            name_size, extra_size, comment_size = row[10:13]
            rest = name_size + extra_size + comment_size
            left -= CENTRAL.size + rest
            if left < 0:
                raise ArchiveRefused(DAMAGED)
            data = self._exactly(rest)
            yield _entry(index, row, data[:name_size], data[name_size : name_size + extra_size])
            index += 1

    def _find(self) -> tuple[int, int, int]:
        """Where the directory starts, its length, and how many bytes precede the archive."""
        tail_size = min(self.size, END.size + 65_535)
        self.file.seek(self.size - tail_size)
        tail = self.file.read(tail_size)
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < END.size:
            raise ArchiveRefused(
                "The archive has no directory, as after an interrupted download. Pack the photos "
                "into a new ZIP and send that."
            )
        _, disk, first_disk, _, _, length, offset, _ = END.unpack_from(tail, at)
        end = self.size - tail_size + at
        if end >= LOCATOR.size:
            self.file.seek(end - LOCATOR.size)
            magic, _, _, _ = LOCATOR.unpack(self._exactly(LOCATOR.size))
            if magic == b"PK\x06\x07" and end >= LOCATOR.size + END_64.size:
                end -= LOCATOR.size + END_64.size
                self.file.seek(end)
                large = END_64.unpack(self._exactly(END_64.size))
                if large[0] != b"PK\x06\x06":
                    raise ArchiveRefused(DAMAGED)
                disk, first_disk, length, offset = large[4], large[5], large[8], large[9]
        if disk or first_disk:
            raise ArchiveRefused("This is one part of a split archive. Pack it as a single ZIP.")
        base = end - length - offset
        if base < 0 or length > self.limits.entries * LONGEST_ENTRY:
            raise ArchiveRefused(DAMAGED)
        return end - length, length, base

    def _exactly(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) != count:
            raise ArchiveRefused(DAMAGED)
        return data

    def overlapping(self) -> frozenset[int]:
        """Indices of entries that share bytes with another, by what they state about themselves."""
        spans = sorted(
            (
                entry.offset,
                entry.offset + LOCAL.size + len(entry.raw_name) + entry.packed,
                entry.index,
            )
            for entry in self.entries
            if not entry.is_folder
        )
        found: set[int] = set()
        reach, owner = -1, -1
        for start, end, index in spans:
            if start < reach:
                found |= {owner, index}
            if end > reach:
                reach, owner = end, index
        return frozenset(found)

    def read(self, entry: Entry, *, most: int | None = None) -> bytes:
        """The entry's bytes, proven by its checksum; at most `most`, else as the limits say.

        Raises `EntryRefused`.
        """
        most = self.limits.entry_bytes if most is None else most
        too_large = f"It unpacks to more than {_megabytes(most)} MB, the most one entry may have."
        if entry.size > most:
            raise EntryRefused(too_large)
        data = bytearray()
        inflater = zlib.decompressobj(-15) if entry.method == DEFLATED else None
        try:
            for piece in self._pieces(entry):
                while piece:
                    if inflater:
                        data += inflater.decompress(piece, PIECE)
                        piece = inflater.unconsumed_tail
                    else:
                        data += piece
                        piece = b""
                    if len(data) > most:
                        raise EntryRefused(too_large, unpacked=len(data))
                    if len(data) > max(MEGABYTE, self.limits.ratio * max(1, entry.packed)):
                        raise EntryRefused(
                            f"It unpacks to more than {self.limits.ratio} times its packed size, "
                            "as bombs do and photos do not.",
                            unpacked=len(data),
                        )
                if inflater and inflater.eof:
                    break  # what follows is no part of the photo
            if inflater:
                data += inflater.flush()
        except zlib.error as error:
            raise EntryRefused(_damaged(), unpacked=len(data)) from error
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise EntryRefused(_damaged(), unpacked=len(data))
        return bytes(data)

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """The packed bytes, as many as the directory states, in pieces."""
        self.file.seek(self.base + entry.offset)
        header = self.file.read(LOCAL.size)
        if len(header) != LOCAL.size or header[:4] != b"PK\x03\x04":
            raise EntryRefused(_damaged())
        row = LOCAL.unpack(header)
        name_size, extra_size = row[9:11]
        if self.file.read(name_size) != entry.raw_name:
            raise EntryRefused(
                "The archive gives it two different names, so it may not be what it seems."
            )
        self.file.seek(extra_size, 1)
        left = entry.packed
        while left:
            piece = self.file.read(min(PIECE, left))
            if not piece:
                raise EntryRefused(_damaged())
            left -= len(piece)
            yield piece


def _entry(index: int, row: tuple[int, ...], raw_name: bytes, extra: bytes) -> Entry:
    system = row[1] >> 8
    flags, method = row[3], row[4]
    crc, packed, size = row[7:10]
    external, offset = row[15:17]
    if 0xFFFF_FFFF in (packed, size, offset):
        packed, size, offset = _large(extra, packed, size, offset)
    mode = external >> 16 if system == UNIX else 0
    is_folder = raw_name.endswith((b"/", b"\\")) or stat.S_ISDIR(mode)
    return Entry(
        index=index,
        name=_decode(raw_name, flags),
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        offset=offset,
        is_folder=is_folder,
        problem="" if is_folder else _problem(flags, method, mode),
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


def _damaged() -> str:
    return "It is damaged inside the archive. Pack it again, from the original photo."


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f}".removesuffix(".0")
