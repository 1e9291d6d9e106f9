"""Encoders, and the one vector each photo has in each of them."""

from django.db import models
from pgvector.django import HalfVectorField

from catalog.choices import Scoring
from catalog.models.image import Image


class Encoder(models.Model):
    """A dual encoder exactly as loaded: vectors of different encoders are never compared."""

    name = models.CharField(max_length=300, help_text="Hub name, or the folder's name.")
    revision = models.CharField(max_length=120, blank=True)
    fingerprint = models.CharField(
        max_length=64, unique=True, help_text="Digest over weights, config and preprocessing."
    )
    dimension = models.PositiveIntegerField()
    scoring = models.CharField(max_length=10, choices=Scoring)
    logit_scale = models.FloatField(help_text="Already exponentiated.")
    logit_bias = models.FloatField(default=0.0)
    is_mini = models.BooleanField(default=False, help_text="The small bundled model.")
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-is_active", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="one_active_encoder"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Embedding(models.Model):
    """A photo's L2-normalised vector in one encoder's space; half precision."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="embeddings")
    vector = HalfVectorField()
    # Null while it is growing: `catalog.indexing` says how it gets one.
    generation = models.PositiveIntegerField(
        null=True, blank=True, help_text="The search index that took it in; none while it is new."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "encoder"], name="one_embedding_per_image_and_encoder"
            )
        ]
        indexes = [models.Index(fields=["encoder", "generation"], name="embedding_growing")]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.encoder_id}"


class QueryVector(models.Model):
    """The vector of a text or a picture that somebody searches with; neither is kept itself."""

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="Over what was encoded, and how.")
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["encoder", "digest"], name="one_query_vector_per_encoder_and_digest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]} in {self.encoder_id}"
