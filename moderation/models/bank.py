"""Banks: sets of exemplars under one policy, with the thresholds they act at."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Encoder
from moderation.choices import BankKind
from moderation.models.policy import Policy


class BankQuerySet(models.QuerySet["Bank"]):
    """Questions screening asks."""

    def active(self, now: datetime) -> "BankQuerySet":
        """Banks that match now: enabled ones and those whose switching time made them so."""
        switched = Q(switches_at__isnull=False, switches_at__lte=now)
        return self.filter(
            (Q(is_enabled=True) & ~switched) | (Q(is_enabled=False) & switched),
            policy__is_enabled=True,
        )


class Bank(models.Model):
    """A set of exemplars under one policy, with its own thresholds.

    `version` grows with every change to the bank or its exemplars, so that workers know their
    matcher is stale and flags know which bank they were raised by.
    """

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="banks")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=BankKind, default=BankKind.VIOLATING)
    note = models.CharField(max_length=300, blank=True, help_text="Where it comes from, and why.")
    hold_threshold = models.FloatField(
        default=0.9,
        help_text="Cosine from which a photo is held; in a safe bank, from which it may veto. "
        "An encoder's own thresholds, set in the threshold lab, come first.",
    )
    remove_threshold = models.FloatField(
        null=True, blank=True, help_text="Cosine from which a photo is removed without a review."
    )
    hash_distance = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        default=31,
        help_text="PDQ bits that may differ for two pictures to be the same one. Empty: this "
        "bank does not match by hash.",
    )
    veto_margin = models.FloatField(
        default=0.0,
        help_text="Safe banks only: how much nearer the safe exemplar must be to veto a flag.",
    )
    sample_rate = models.FloatField(
        default=1.0,
        help_text="Share of matching photos this bank acts on; the others are only recorded.",
    )
    sample_seed = models.PositiveIntegerField(
        default=0, help_text="Another seed draws another sample; the same one, the same."
    )
    is_enabled = models.BooleanField(default=True)
    switches_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it switches by itself: an enabled bank off, a disabled one on.",
    )
    quarantined_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since then it holds photos in a queue of their own, and removes none.",
    )
    quarantine_reason = models.CharField(max_length=300, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BankQuerySet.as_manager()

    class Meta:
        ordering = ["policy", "kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "name"], name="bank_name_per_policy"),
            models.CheckConstraint(
                condition=Q(hold_threshold__gt=0, hold_threshold__lte=1),
                name="bank_hold_threshold_is_a_cosine",
            ),
            models.CheckConstraint(
                condition=Q(remove_threshold__isnull=True)
                | Q(remove_threshold__gte=F("hold_threshold"), remove_threshold__lte=1),
                name="bank_removes_no_sooner_than_it_holds",
            ),
            models.CheckConstraint(
                condition=~Q(kind=BankKind.SAFE) | Q(remove_threshold__isnull=True),
                name="bank_safe_never_removes",
            ),
            models.CheckConstraint(
                condition=Q(sample_rate__gt=0, sample_rate__lte=1),
                name="bank_sample_rate_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(hash_distance__isnull=True) | Q(hash_distance__lte=64),
                name="bank_hash_distance_is_small",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} ▸ {self.name}"

    def is_active(self, now: datetime | None = None) -> bool:
        """Whether it matches at `now`, as far as the bank itself is asked."""
        switched = self.switches_at is not None and self.switches_at <= (now or timezone.now())
        return self.is_enabled != switched


class BankThreshold(models.Model):
    """A bank's thresholds for one encoder. The latest row counts; the database keeps them all."""

    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="thresholds")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    hold = models.FloatField(help_text="Cosine.")
    remove = models.FloatField(null=True, blank=True, help_text="Cosine.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    reverts = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(hold__gt=0, hold__lte=1), name="threshold_hold_is_a_cosine"
            ),
            models.CheckConstraint(
                condition=Q(remove__isnull=True) | Q(remove__gte=F("hold"), remove__lte=1),
                name="threshold_removes_no_sooner_than_it_holds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} at {self.hold:.3f}"


class BankTraffic(models.Model):
    """How many photos were screened in an hour, and how many of them a bank held or removed."""

    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="traffic")
    hour = models.DateTimeField()
    screened = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "bank traffic"
        constraints = [
            models.UniqueConstraint(fields=["bank", "hour"], name="traffic_once_per_bank_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.bank_id} at {self.hour:%d %b %H:00}: {self.held} of {self.screened}"
