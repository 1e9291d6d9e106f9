"""The map: how vectors become places, and where each photo's vector is."""

from django.db import models

from catalog.choices import MapKind
from catalog.models.encoder import Embedding, Encoder


class Projection(models.Model):
    """A way from an encoder's vectors to places in the plane. Never changed: a better one is
    another version, and the older is deleted once the newer has placed every photo."""

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="projections")
    kind = models.CharField(max_length=12, choices=MapKind)
    version = models.PositiveIntegerField()
    parameters = models.BinaryField(help_text="numpy's npz.")
    photos = models.PositiveIntegerField(help_text="Embedded photos when it was fitted.")
    sample = models.PositiveIntegerField(help_text="Photos it was fitted on.")
    explained = models.FloatField(help_text="Share of the variance in the plane, 0 to 1.")
    fitted_at = models.DateTimeField(auto_now_add=True)
    placed_at = models.DateTimeField(
        null=True, blank=True, help_text="When every photo had its place for the first time."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["encoder", "kind", "version"], name="projection_version_per_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, version {self.version}, {self.encoder}"


class MapPoint(models.Model):
    """A vector's place; it goes with the vector, so a photo that is embedded anew moves."""

    projection = models.ForeignKey(Projection, on_delete=models.CASCADE, related_name="points")
    embedding = models.ForeignKey(Embedding, on_delete=models.CASCADE, related_name="places")
    x = models.FloatField()
    y = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["projection", "embedding"], name="one_place_per_projection_and_vector"
            )
        ]

    def __str__(self) -> str:
        return f"{self.x:.3f}, {self.y:.3f}"
