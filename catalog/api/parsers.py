"""Reading bodies without ever holding more of them than the limit."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser

from catalog.api import uploads
from catalog.api.codes import Code
from catalog.api.problems import Problem

TOO_DEEP = "The JSON is nested too deeply."
# Beside base64 of the largest photo: its other fields.
FIELDS = 64 * 1024


class PhotoMultiPartParser(MultiPartParser):
    """Multipart with one photo, bounded while it is parsed."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        uploads.bound((parser_context or {})["request"]._request)
        return super().parse(stream, media_type, parser_context)


class BoundedJSONParser(BaseParser):
    """JSON of at most `limit` bytes, read from the stream: REST framework reads the whole body
    for parsers that are a `JSONParser`."""

    media_type = JSONParser.media_type

    @property
    def limit(self) -> int:
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]._request
        declared = int(request.META.get("CONTENT_LENGTH") or 0)
        if declared > uploads.READ_OUT * self.limit:
            raise self.too_large()  # unread
        data = stream.read(self.limit + 1)
        if len(data) > self.limit:
            while stream.read(1024 * 1024):
                pass  # so that the client gets to hear why
            raise self.too_large()
        try:
            return JSONParser().parse(BytesIO(data), media_type, dict(parser_context or {}))
        except RecursionError as error:
            raise ParseError(TOO_DEEP) from error

    def too_large(self) -> APIException:
        """What is raised for a longer body."""
        limit = f"{self.limit / 1024**2:.4g} MB"
        return Problem(Code.FILE_TOO_LARGE, f"The body is larger than the {limit} that are read.")


class PhotoJSONParser(BoundedJSONParser):
    """JSON that may hold the largest photo in base64."""

    @property
    def limit(self) -> int:
        return longest_item()

    def too_large(self) -> Problem:
        limit = f"{settings.VITRINE_MAX_UPLOAD_BYTES / 1024**2:g} MB"
        return Problem(
            Code.FILE_TOO_LARGE,
            f"Photos of at most {limit} are accepted, which is a third more in base64. Save the "
            "photo smaller or with stronger compression.",
        )


def longest_item() -> int:
    """Bytes of one photo's JSON: base64 is four thirds of what it says, and has line breaks."""
    return settings.VITRINE_MAX_UPLOAD_BYTES * 7 // 5 + FIELDS
