"""What moderation stores, one file per noun."""

from moderation.models.appeal import Appeal
from moderation.models.bank import Bank, BankThreshold, BankTraffic
from moderation.models.decision import Decision, Settlement
from moderation.models.exemplar import Exemplar, ExemplarVector
from moderation.models.flag import Flag
from moderation.models.judged import JudgedCount
from moderation.models.notice import Notice
from moderation.models.policy import Policy, PolicyPrompt, PromptVector, StorefrontPolicy
from moderation.models.preferences import Preferences
from moderation.models.quality import BlindReview
from moderation.models.review import Review, Skip
from moderation.models.sweep import Sweep, SweepHit
from moderation.models.trial import TrialAppeal, TrialDecision

__all__ = [
    "Appeal",
    "Bank",
    "BankThreshold",
    "BankTraffic",
    "BlindReview",
    "Decision",
    "Exemplar",
    "ExemplarVector",
    "Flag",
    "JudgedCount",
    "Notice",
    "Policy",
    "PolicyPrompt",
    "Preferences",
    "PromptVector",
    "Review",
    "Settlement",
    "Skip",
    "StorefrontPolicy",
    "Sweep",
    "SweepHit",
    "TrialAppeal",
    "TrialDecision",
]
