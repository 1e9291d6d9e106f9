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
    ADDRESS = "address", "Fetched"


class Scope(TextChoices):
    """What an API key may do. Every endpoint names the one it needs."""

    IMAGES_READ = "images:read", "See photos, products and verdicts"
    IMAGES_WRITE = "images:write", "Send, change and erase photos and products"
    SEARCH = "search", "Search"
    APPEALS = "appeals", "Appeal against removals"
    WEBHOOKS = "webhooks", "Manage webhooks"


class ShopEvent(TextChoices):
    """What somebody did to a storefront or to one of its keys."""

    CREATED = "created", "Storefront made"
    CHANGED = "changed", "Settings changed"
    KEY_MADE = "key_made", "Key made"
    KEY_ROTATED = "key_rotated", "Key rotated"
    KEY_REVOKED = "key_revoked", "Key revoked"
    WEBHOOK_MADE = "webhook_made", "Webhook made"
    WEBHOOK_CHANGED = "webhook_changed", "Webhook changed"
    WEBHOOK_DISABLED = "webhook_disabled", "Webhook disabled"


class Occurrence(TextChoices):
    """What storefronts are told of by webhook. The words are part of the API."""

    IMAGE_LIVE = "image.live", "A photo went live"
    IMAGE_HELD = "image.held", "A photo waits for a moderator"
    IMAGE_REMOVED = "image.removed", "A photo was removed"
    IMAGE_FAILED = "image.failed", "A photo could not be processed"
    IMAGE_DELETED = "image.deleted", "A photo was erased"
    DECISION_EFFECTIVE = "decision.effective", "A decision took effect"
    APPEAL_DECIDED = "appeal.decided", "An appeal was decided"
    FETCH_FAILED = "fetch.failed", "A photo could not be fetched from its address"
    TEST = "webhook.test", "A test, sent to one endpoint"


class EndpointState(TextChoices):
    """Whether an endpoint is sent to."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    DISABLED = "disabled", "Disabled"


class DeliveryState(TextChoices):
    """Where one event for one endpoint stands."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Dropped"


class FetchStatus(TextChoices):
    """Where the fetching of an address stands."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Fetched"
    FAILED = "failed", "Failed"


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


class TagStep(TextChoices):
    """What staff do about the first tag of a photo."""

    CONFIRM = "confirm", "Right"
    REJECT = "reject", "Wrong"
    ADD = "add", "Add"
    REPLACE = "replace", "Instead"


class RetagStatus(TextChoices):
    """Where tagging photos again stands."""

    RUNNING = "running", "Tagging again"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Stopped"
    FAILED = "failed", "Failed"

    @classmethod
    def open(cls) -> tuple["RetagStatus", ...]:
        """What can still go on."""
        return (cls.RUNNING, cls.PAUSED, cls.FAILED)


class Scoring(TextChoices):
    """How an encoder turns cosines into probabilities."""

    SOFTMAX = "softmax", "Softmax over exp(logit scale) × cosine"
    SIGMOID = "sigmoid", "Sigmoid of exp(logit scale) × cosine + bias"


class AttributeMethod(TextChoices):
    """How a photo is asked for an attribute."""

    WORDS = "words", "Words"
    PIXELS = "pixels", "Pixels"


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
    ERASED = "erased", "Erased"
    PRODUCT_CHANGED = "product_changed", "Given to a product"
    ALT_TEXT_EDITED = "alt_text_edited", "Alt text edited"
    DUPLICATES_SETTLED = "duplicates_settled", "Near-duplicates settled"
    TAGGED_AGAIN = "tagged_again", "Tagged again"


class ProductEventKind(TextChoices):
    """What staff did to a product."""

    EDITED = "edited", "Edited"
    COVER = "cover", "Cover chosen"
    ORDERED = "ordered", "Photos put in order"
    PHOTO_IN = "photo_in", "Photo came"
    PHOTO_OUT = "photo_out", "Photo went"


class AltTextSource(TextChoices):
    """Who worded a photo's alt text."""

    PROPOSED = "proposed", "Proposed"
    EDITED = "edited", "Edited"
