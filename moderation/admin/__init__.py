"""Django's admin for moderation, one file per subject."""

from moderation.admin import banks, exemplars, history, policies

__all__ = ["banks", "exemplars", "history", "policies"]
