"""The words moderation's columns may hold."""

from django.db.models import IntegerChoices, TextChoices


class Severity(IntegerChoices):
    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"
    SEVERE = 4, "Severe"


class BankKind(TextChoices):
    """A safe bank holds look-alikes that are allowed: they veto false alarms."""

    VIOLATING = "violating", "Violating"
    SAFE = "safe", "Safe"


class Outcome(TextChoices):
    """What a flag did to the photo."""

    HOLD = "hold", "Held for review"
    REMOVE = "remove", "Removed"
    VETOED = "vetoed", "Vetoed by a safe exemplar"


class ReviewStatus(TextChoices):
    OPEN = "open", "Open"
    DECIDED = "decided", "Decided"


class Action(TextChoices):
    APPROVE = "approve", "Approve"
    REMOVE = "remove", "Remove"


class ModerationEvent(TextChoices):
    """Kinds moderation writes into a photo's history."""

    FLAGGED = "flagged", "Flagged"
    VETOED = "vetoed", "Flag vetoed"
    REVIEW_OPENED = "review_opened", "Waits for a moderator"
    CLAIMED = "claimed", "Claimed"
    RELEASED = "released", "Released"
    SKIPPED = "skipped", "Skipped"
    APPROVED = "approved", "Approved"
    REMOVED = "removed_by_moderator", "Removed by a moderator"
