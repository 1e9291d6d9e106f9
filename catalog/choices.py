"""The words the catalog's columns may hold."""

from django.db.models import TextChoices


class Status(TextChoices):
    """Where a photo stands. Only `live` photos may be shown to shoppers."""

    PENDING = "pending", "Pending"
    LIVE = "live", "Live"
    HELD = "held", "Held"
    REMOVED = "removed", "Removed"
    FAILED = "failed", "Failed"


class Source(TextChoices):
    """The door a photo came in by."""

    API = "api", "API"
    STAFF = "staff", "Staff upload"
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command line"


class ImportStatus(TextChoices):
    """Where an import stands. Its photos go on by themselves once they are in."""

    RUNNING = "running", "Unpacking"
    PAUSED = "paused", "Paused"
    DONE = "done", "Unpacked"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Stopped"


class ItemStatus(TextChoices):
    """What became of one entry of an import."""

    WAITING = "waiting", "Waiting"
    ACCEPTED = "accepted", "Accepted"
    DUPLICATE = "duplicate", "Was here already"
    REFUSED = "refused", "Refused"
    SKIPPED = "skipped", "Passed over"


class Scoring(TextChoices):
    """How an encoder turns cosines into probabilities."""

    SOFTMAX = "softmax", "Softmax over exp(logit scale) × cosine"
    SIGMOID = "sigmoid", "Sigmoid of exp(logit scale) × cosine + bias"


class MapKind(TextChoices):
    """How the map's places come about."""

    LINEAR = "linear", "Principal components"
    NEIGHBOURS = "neighbours", "Neighbours"


class EventKind(TextChoices):
    """What happened to a photo. Moderation adds its own kinds to the same history."""

    UPLOADED = "uploaded", "Uploaded"
    PUBLISHED = "published", "Went live"
    HELD = "held", "Held for review"
    REMOVED = "removed", "Removed"
    FAILED = "failed", "Failed"
    RETRIED = "retried", "Queued again"
    TAGS_CORRECTED = "tags_corrected", "Tags corrected"
