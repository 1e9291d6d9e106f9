"""Exemplars: the known images, or bare hashes of them, that banks are made of."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from pgvector.django import BitField, HalfVectorField

from catalog.models import Encoder, Image
from moderation.models.bank import Bank


def exemplar_path(exemplar: "Exemplar", filename: str) -> str:
    return f"exemplars/{exemplar.bank_id}/{exemplar.pk}.jpg"


class Exemplar(models.Model):
    """A known image with its own stored copy, which outlives the photo it was taken from; or,
    from a list that somebody shared, only its PDQ hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="exemplars")
    picture = models.ImageField(
        upload_to=exemplar_path,
        blank=True,
        help_text="Metadata-free copy. Empty: known by its hash only.",
    )
    sha256 = models.CharField(
        max_length=64, editable=False, help_text="Of the bytes it came as; of a bare hash, its own."
    )
    pdq = BitField(length=256, null=True, blank=True, editable=False)
    pdq_quality = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    taken_from = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taught_by = models.ForeignKey(
        "moderation.Decision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="taught",
        help_text="The decision it was learned from.",
    )
    source = models.CharField(
        max_length=120, blank=True, help_text="Provenance: who or which list it came from."
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
            models.UniqueConstraint(fields=["bank", "sha256"], name="exemplar_once_per_bank"),
            models.CheckConstraint(
                condition=~Q(picture="") | Q(pdq__isnull=False),
                name="exemplar_has_a_picture_or_a_hash",
            ),
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
