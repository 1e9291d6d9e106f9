"""ZIP archives from strangers, read one entry at a time.

Sizes and names that an archive states are claims. Entries are inflated in pieces and given up as
soon as they exceed what is allowed; nothing is written anywhere, and only entries that are asked
for are read. Layout: PKWARE APPNOTE 6.3.10, section 4.3.7.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from catalog.zip_directory import DEFLATED, ArchiveRefused, Entry, read_directory

__all__ = ["Archive", "ArchiveRefused", "Entry", "EntryRefused", "Limits"]

LOCAL: Final = struct.Struct("<4s5H3L2H")
PIECE: Final = 64 * 1024
MEGABYTE: Final = 1024 * 1024


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


class Archive:
    """A ZIP's directory in memory. Raises `ArchiveRefused` when there is none to be read."""

    def __init__(self, file: BinaryIO, *, size: int, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        directory = read_directory(file, size=size, most=limits.entries)
        self.entries, self.base = directory.entries, directory.base
        self.room = directory.start - directory.base  # bytes that entries can lie in

    def overlapping(self) -> frozenset[int]:
        """Indices of entries that share bytes with another, by what they state about themselves."""
        spans = sorted(
            (
                entry.offset,
                entry.offset + LOCAL.size + len(entry.raw_name) + entry.packed,
                entry.index,
            )
            for entry in self.entries
            if not entry.is_folder and self._fits(entry)
        )
        found: set[int] = set()
        reach, owner = -1, -1
        for start, end, index in spans:
            if start < reach:
                found |= {owner, index}
            if end > reach:
                reach, owner = end, index
        return frozenset(found)

    def _fits(self, entry: Entry) -> bool:
        """False for one that reaches beyond the archive: it must not drag others along."""
        return entry.offset + LOCAL.size + entry.packed <= self.room

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
        if not self._fits(entry):
            raise EntryRefused(_damaged())
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


def _damaged() -> str:
    return "It is damaged inside the archive. Pack it again, from the original photo."


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f}".removesuffix(".0")
