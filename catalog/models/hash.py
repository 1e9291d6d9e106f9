"""A photo's perceptual hash."""

from django.db import models
from pgvector.django import BitField

from catalog.models.image import Image


class PerceptualHash(models.Model):
    """PDQ: 256 bits that survive resizing and recompression. Hashes are compared by the number
    of bits in which they differ; 31 or fewer means near-certainly the same picture."""

    image = models.OneToOneField(Image, on_delete=models.CASCADE, related_name="perceptual_hash")
    pdq = BitField(length=256)
    quality = models.PositiveSmallIntegerField(
        help_text="0 to 100. Below 50 the picture has too little detail to be told by its hash."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "perceptual hashes"

    def __str__(self) -> str:
        return f"PDQ of {self.image_id}"
