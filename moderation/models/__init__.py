"""What moderation stores, one file per noun."""

from moderation.models.bank import Bank, Exemplar, ExemplarVector
from moderation.models.decision import Decision
from moderation.models.flag import Flag
from moderation.models.policy import Policy
from moderation.models.review import Review, Skip

__all__ = [
    "Bank",
    "Decision",
    "Exemplar",
    "ExemplarVector",
    "Flag",
    "Policy",
    "Review",
    "Skip",
]
