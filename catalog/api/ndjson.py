"""Lines of JSON, read one at a time: neither a line nor their number is without a limit."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

PIECE = 1024 * 1024


class Lines:
    """The lines of a stream that are not blank. `None` stands for one longer than `longest`.

    Ends after `most` lines; `is_more` then says whether others follow. `digest` is over
    everything that was read.
    """

    def __init__(self, stream: IO[bytes], *, longest: int, most: int) -> None:
        self._stream = stream
        self._longest = longest
        self._most = most
        self.is_more = False
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes | None]:
        read = 0
        while piece := self._readline():
            is_whole = len(piece) <= self._longest
            if is_whole and not piece.strip():
                continue
            if read == self._most:
                self.is_more = True
                return
            read += 1
            if not is_whole:
                self._skip_rest_of_line(piece)
            yield piece if is_whole else None

    def read_out(self) -> None:
        """Read what is left, so that the client gets to hear the answer."""
        while piece := self._stream.read(PIECE):
            self.digest.update(piece)

    def _readline(self) -> bytes:
        piece = self._stream.readline(self._longest + 1)
        self.digest.update(piece)
        return piece

    def _skip_rest_of_line(self, piece: bytes) -> None:
        while piece and not piece.endswith(b"\n"):
            piece = self._stream.readline(PIECE)
            self.digest.update(piece)


class NDJSONParser(BaseParser):
    """Hands the stream on unread: the view reads it line by line."""

    media_type = "application/x-ndjson"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream
