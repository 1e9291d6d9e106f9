"""Reading an upload without ever holding more of it than the limit."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from catalog.ml.rejection import FILE_TOO_LARGE, ImageRejected

# A client only hears that its file is too large if someone reads what it sends. That is done up
# to this many times the limit; what declares itself larger is refused unread.
READ_OUT = 2


def bound(request: HttpRequest) -> None:
    """Limit what the multipart parser may keep of this request; call before it parses.

    Raises `ImageRejected` at once when the declared length is far over the limit.
    """
    limit = settings.VITRINE_MAX_UPLOAD_BYTES
    declared = int(request.META.get("CONTENT_LENGTH") or 0)
    if declared > READ_OUT * limit + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise too_large(declared)
    request.upload_handlers = [BoundedUpload(request, keep=limit + 1)]


def read(file: InMemoryUploadedFile) -> bytes:
    """The whole file. Raises `ImageRejected` if it was longer than what was kept."""
    size = file.size or 0
    if size > settings.VITRINE_MAX_UPLOAD_BYTES:
        raise too_large(size)
    data: bytes = file.read()
    return data


class BoundedUpload(FileUploadHandler):
    """Keeps the first `keep` bytes of the request's files in memory and drops the rest.

    A file's `size` is what was sent, so that one that was cut is known by it.
    """

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest, *, keep: int) -> None:
        super().__init__(request)
        self.room = keep

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.buffer = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        kept = raw_data[: self.room]
        self.room -= len(kept)
        self.buffer.write(kept)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.buffer.seek(0)
        return InMemoryUploadedFile(
            self.buffer, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


def too_large(size: int) -> ImageRejected:
    """The refusal of a photo of so many bytes."""
    limit = settings.VITRINE_MAX_UPLOAD_BYTES
    return ImageRejected(
        FILE_TOO_LARGE,
        f"The file has {size / 1024**2:.1f} MB and at most {limit / 1024**2:g} MB are accepted. "
        "Save the photo smaller or with stronger compression.",
    )
