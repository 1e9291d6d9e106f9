"""Where a page of search results ended, as an opaque string for whoever asks for the next one."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

# A photo's id is random, so this much of it tells a hundred photos from a million others.
SHOWN_BYTES = 6
HEAD = struct.Struct(">8sq?d16sd16s")
NOBODY = (0.0, UUID(int=0))

Position = tuple[float, UUID]  # score and photo: results are in order of falling score, rising id


class Hit(Protocol):
    @property
    def image_id(self) -> UUID: ...
    @property
    def score(self) -> float: ...


class PlaceLost(ValueError):
    """The cursor is not one of ours, or belongs to another search."""


@dataclass(frozen=True)
class Place:
    """A place in the exact order, and what was shown of the order behind it.

    `newest` is the key of the newest vector when the first page was made; `last` the last photo in
    exact order, None when only an approximate page was shown; `shown` the beginnings of the ids on
    that page, for as long as one of them may lie ahead; `worst` is its last photo.
    """

    newest: int
    last: Position | None = None
    worst: Position = NOBODY
    shown: frozenset[bytes] = frozenset()

    @classmethod
    def after_exact(cls, newest: int, hit: Hit) -> Place:
        return cls(newest, last=(hit.score, hit.image_id))

    @classmethod
    def after_approximate(cls, newest: int, hits: Sequence[Hit]) -> Place:
        shown = frozenset(hit.image_id.bytes[:SHOWN_BYTES] for hit in hits)
        return cls(newest, worst=(hits[-1].score, hits[-1].image_id), shown=shown)

    def moved_to(self, hit: Hit) -> Place:
        """The place after a later hit; what was shown is forgotten once it all lies behind."""
        last = (hit.score, hit.image_id)
        behind = (-self.worst[0], self.worst[1]) <= (-last[0], last[1])
        return replace(self, last=last, shown=frozenset() if behind else self.shown)

    def encode(self, search: bytes) -> str:
        """URL-safe; `search` (8 bytes) names the search it belongs to."""
        score, image_id = self.last or NOBODY
        head = HEAD.pack(
            search,
            self.newest,
            self.last is not None,
            *(score, image_id.bytes, self.worst[0], self.worst[1].bytes),
        )
        packed = head + b"".join(sorted(self.shown))
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str, search: bytes) -> Place:
        """The place a cursor stands for. Raises `PlaceLost`."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            packed = base64.b64decode(padded, b"-_", validate=True)
            own, newest, has_last, score, image, worst, worst_image = HEAD.unpack(
                packed[: HEAD.size]
            )
        except (ValueError, binascii.Error, struct.error) as error:
            raise PlaceLost("The cursor cannot be read.") from error
        if own != search:
            raise PlaceLost("The cursor belongs to another search, or to an earlier encoder.")
        rest = packed[HEAD.size :]
        shown = (rest[at : at + SHOWN_BYTES] for at in range(0, len(rest), SHOWN_BYTES))
        return cls(
            newest,
            last=(score, UUID(bytes=image)) if has_last else None,
            worst=(worst, UUID(bytes=worst_image)),
            shown=frozenset(shown),
        )
