"""Django's admin for moderation, one file per subject."""

from moderation.admin import banks, history

__all__ = ["banks", "history"]
