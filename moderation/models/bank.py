"""Banks of exemplars: known-violating images, and look-alikes known to be safe."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from pgvector.django import HalfVectorField

from catalog.models import Encoder, Image
from moderation.choices import BankKind
from moderation.models.policy import Policy


class Bank(models.Model):
    """A set of exemplars under one policy, with its own thresholds (cosine similarity).

    `version` grows with every change to the bank or its exemplars, so that workers know their
    matcher is stale and flags know which bank they were raised by.
    """

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="banks")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=BankKind, default=BankKind.VIOLATING)
    hold_threshold = models.FloatField(
        default=0.9,
        help_text="Cosine from which a photo is held; in a safe bank, from which it may veto.",
    )
    remove_threshold = models.FloatField(
        null=True, blank=True, help_text="Cosine from which a photo is removed without a review."
    )
    veto_margin = models.FloatField(
        default=0.0,
        help_text="Safe banks only: how much nearer the safe exemplar must be to veto a flag.",
    )
    is_enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

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
        ]

    def __str__(self) -> str:
        return f"{self.policy} ▸ {self.name}"


def exemplar_path(exemplar: "Exemplar", filename: str) -> str:
    return f"exemplars/{exemplar.bank_id}/{exemplar.pk}.jpg"


class Exemplar(models.Model):
    """A known image with its own stored copy: it outlives the photo it was taken from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="exemplars")
    picture = models.ImageField(upload_to=exemplar_path, help_text="Metadata-free copy.")
    sha256 = models.CharField(max_length=64, editable=False, help_text="Of the bytes it came as.")
    taken_from = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    is_enabled = models.BooleanField(default=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["bank", "created_at"]
        constraints = [
            models.UniqueConstraint(fields=["bank", "sha256"], name="exemplar_once_per_bank")
        ]

    def __str__(self) -> str:
        return self.note or str(self.pk)


class ExemplarVector(models.Model):
    """An exemplar's L2-normalised vector in one encoder's space."""

    exemplar = models.ForeignKey(Exemplar, on_delete=models.CASCADE, related_name="vectors")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exemplar", "encoder"], name="one_vector_per_exemplar_and_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.exemplar_id} in {self.encoder_id}"
