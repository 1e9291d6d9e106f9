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


class MatchKind(TextChoices):
    """By what a photo was matched, which says what its score means."""

    EMBEDDING = "embedding", "Looks alike (cosine)"
    HASH = "hash", "Same picture (bits that differ)"
    PROMPT = "prompt", "Described by a prompt (probability)"


class Outcome(TextChoices):
    """What a flag did to the photo."""

    HOLD = "hold", "Held for review"
    REMOVE = "remove", "Removed"
    VETOED = "vetoed", "Vetoed by a safe exemplar"
    UNSAMPLED = "unsampled", "Outside the bank's sample"


class Queue(TextChoices):
    """Where a review waits. Nothing that waits for a second person returns to the first queue."""

    FIRST = "first", "To review"
    FLOOD = "flood", "Quarantined banks"
    SECOND = "second", "Second person"
    ESCALATED = "escalated", "Escalated"
    APPEALS = "appeals", "Appeals"


class ReviewStatus(TextChoices):
    OPEN = "open", "Open"
    DRAFT = "draft", "Decided, can be undone"
    DECIDED = "decided", "Decided"
    WITHDRAWN = "withdrawn", "Withdrawn with what caused it"


class Action(TextChoices):
    APPROVE = "approve", "Approve"
    REMOVE = "remove", "Remove"


class Result(TextChoices):
    """What became of a decision once it could no longer be undone, or was."""

    UNDONE = "undone", "Undone"
    HELD = "held", "Waits for a second person"
    EFFECTIVE = "effective", "Took effect"


class AppealStatus(TextChoices):
    """How an appeal stands. It is not stored: the decisions on its review say so."""

    OPEN = "open", "Open"
    UPHELD = "upheld", "The removal stands"
    OVERTURNED = "overturned", "The photo is live again"


class SweepStatus(TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    REVERTING = "reverting", "Being taken back"
    REVERTED = "reverted", "Taken back"
    FAILED = "failed", "Failed"


class ModerationEvent(TextChoices):
    """Kinds moderation writes into a photo's history."""

    FLAGGED = "flagged", "Flagged"
    VETOED = "vetoed", "Flag vetoed"
    UNSAMPLED = "unsampled", "Match outside the sample"
    REVIEW_OPENED = "review_opened", "Waits for a moderator"
    CLAIMED = "claimed", "Claimed"
    CLAIM_EXPIRED = "claim_expired", "Claim expired"
    RELEASED = "released", "Released"
    SKIPPED = "skipped", "Skipped"
    ESCALATED = "escalated", "Escalated"
    DECIDED = "decided", "Decided"
    UNDONE = "undone", "Decision undone"
    HELD_FOR_SECOND = "held_for_second", "Waits for a second person"
    DISPUTED = "disputed", "Second person disagreed"
    APPROVED = "approved", "Approved"
    REMOVED = "removed_by_moderator", "Removed by a moderator"
    APPEALED = "appealed", "Appealed"
    TAUGHT = "taught", "Added to a bank"
    WITHDRAWN = "withdrawn", "Flag withdrawn"
