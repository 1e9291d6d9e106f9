"""Every way the API says no. The codes are stable: programs may rely on them."""

from enum import Enum

from catalog.ml import rejection


class Code(Enum):
    """A problem's stable code, its HTTP status and its title."""

    # Who is calling
    API_KEY_MISSING = ("api_key_missing", 401, "No API key was sent")
    INVALID_API_KEY = ("invalid_api_key", 401, "The API key is not accepted")
    INSUFFICIENT_SCOPE = ("insufficient_scope", 403, "The API key may not do this")
    LIVE_KEY = ("live_key", 403, "Only test keys may do this")
    RATE_LIMITED = ("rate_limited", 429, "Too much was asked in too short a time")
    # What is asked
    NOT_FOUND = ("not_found", 404, "There is nothing here")
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, "The method is not allowed here")
    NOT_ACCEPTABLE = ("not_acceptable", 406, "Only JSON is served here")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported_media_type", 415, "The request's type is not read here")
    MALFORMED_REQUEST = ("malformed_request", 400, "The request cannot be read")
    VALIDATION_FAILED = ("validation_failed", 400, "Some fields are not valid")
    INVALID_CURSOR = ("invalid_cursor", 400, "The cursor is not one of ours")
    UNKNOWN_VERSION = ("unknown_version", 400, "This version of the API is not served")
    GONE = ("gone", 410, "The photo was erased")
    TOO_MANY_ITEMS = ("too_many_items", 413, "There are too many photos in one request")
    # What is asked twice
    IDEMPOTENCY_MISMATCH = ("idempotency_mismatch", 422, "The key came with another request")
    IDEMPOTENCY_IN_PROGRESS = ("idempotency_in_progress", 409, "The request is being answered")
    # What the file is
    FILE_TOO_LARGE = (rejection.FILE_TOO_LARGE, 413, "The file is too large")
    UNSUPPORTED_FORMAT = (rejection.UNSUPPORTED_FORMAT, 415, "The file is not a supported image")
    EMPTY_FILE = (rejection.EMPTY_FILE, 422, "The file is empty")
    TOO_MANY_PIXELS = (rejection.TOO_MANY_PIXELS, 422, "The image has too many pixels")
    TOO_MANY_SCANS = (rejection.TOO_MANY_SCANS, 422, "The image has too many scans")
    IMAGE_TOO_SMALL = (rejection.IMAGE_TOO_SMALL, 422, "The image is too small")
    TRUNCATED_IMAGE = (rejection.TRUNCATED_IMAGE, 422, "The image is cut short")
    CORRUPT_IMAGE = (rejection.CORRUPT_IMAGE, 422, "The image is damaged")
    IMAGE_REJECTED = ("image_rejected", 422, "The image is not accepted")
    # What it belongs to
    DUPLICATE_IMAGE = ("duplicate_image", 409, "The product has this photo already")
    PRODUCT_HAS_IMAGES = ("product_has_images", 409, "The product has photos")
    # What is fetched
    ADDRESS_REFUSED = ("address_refused", 422, "The address is not reached")
    # What was decided
    NOTHING_TO_APPEAL = ("nothing_to_appeal", 409, "There is no removal to appeal against")
    ALREADY_APPEALED = ("already_appealed", 409, "This removal was appealed before")
    NOT_SCREENED = ("not_screened", 409, "The photo has not been screened yet")
    IN_REVIEW = ("in_review", 409, "The photo is in review")
    # Webhooks
    WEBHOOK_REFUSED = ("webhook_refused", 409, "This cannot be done with the webhook")
    # What is searched
    NOT_EMBEDDED = ("not_embedded", 409, "The photo cannot be compared yet")
    # Our side
    MODERATION_UNAVAILABLE = ("moderation_unavailable", 503, "Judging is not possible right now")
    INTERNAL_ERROR = ("internal_error", 500, "Something went wrong on our side")
    SEARCH_UNAVAILABLE = ("search_unavailable", 503, "Searching is not possible right now")
    UNAVAILABLE = ("unavailable", 503, "The service is not available right now")

    def __init__(self, code: str, status: int, title: str) -> None:
        self.code = code
        self.status = status
        self.title = title

    @classmethod
    def of_rejection(cls, code: str) -> "Code":
        """The problem for an `ImageRejected` code, also one that is newer than this list."""
        return next((known for known in cls if known.code == code), cls.IMAGE_REJECTED)


ABOUT_THE_FILE = (
    Code.FILE_TOO_LARGE,
    Code.UNSUPPORTED_FORMAT,
    Code.EMPTY_FILE,
    Code.TOO_MANY_PIXELS,
    Code.TOO_MANY_SCANS,
    Code.IMAGE_TOO_SMALL,
    Code.TRUNCATED_IMAGE,
    Code.CORRUPT_IMAGE,
    Code.IMAGE_REJECTED,
)
