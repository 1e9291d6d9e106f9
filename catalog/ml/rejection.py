"""Why bytes somebody sent are not a photo this product takes."""

from __future__ import annotations

from typing import Final

EMPTY_FILE: Final = "empty_file"
FILE_TOO_LARGE: Final = "file_too_large"
UNSUPPORTED_FORMAT: Final = "unsupported_format"
TOO_MANY_PIXELS: Final = "too_many_pixels"
TOO_MANY_SCANS: Final = "too_many_scans"
IMAGE_TOO_SMALL: Final = "image_too_small"
TRUNCATED_IMAGE: Final = "truncated_image"
CORRUPT_IMAGE: Final = "corrupt_image"


class ImageRejected(Exception):
    """The bytes are not an image we accept.

    ``code`` is stable and meant for programs; the message names the problem and its remedy and is
    meant for the person who sent the file.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[ImageRejected], tuple[str, str]]:
        # Exceptions cross process boundaries (worker pools, Celery results) by pickle.
        return (type(self), (self.code, self.message))


TRUNCATED_MESSAGE: Final = (
    "The file ends before its picture does, as after an interrupted upload. "
    "Send the complete file again."
)
CORRUPT_MESSAGE: Final = (
    "The file is damaged and cannot be decoded. Open it in an image editor, save it again and "
    "send the new file."
)


def from_decoder(error: Exception) -> ImageRejected:
    """Translate whatever the decoder raised on hostile bytes.

    Pillow signals the same damage with OSError, SyntaxError, ValueError, EOFError, struct.error
    and others, depending on the plugin, so the text is all there is to tell a short file by.
    """
    text = str(error).lower()
    if "truncated" in text or isinstance(error, EOFError):
        return ImageRejected(TRUNCATED_IMAGE, TRUNCATED_MESSAGE)
    return ImageRejected(CORRUPT_IMAGE, CORRUPT_MESSAGE)
