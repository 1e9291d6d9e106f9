"""What is left of an erased photo: that it was erased, and files that are still to go."""

from django.db import models
from django.utils import timezone

from catalog.models.storefront import Storefront


class Tombstone(models.Model):
    """A photo that was erased. The database refuses to change or delete it."""

    image_id = models.UUIDField(primary_key=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="tombstones")
    sha256 = models.CharField(max_length=64, help_text="Of the file that is gone.")
    erased_by = models.CharField(max_length=200, help_text="Who asked for it, in words.")
    erased_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-erased_at"]
        indexes = [models.Index(fields=["storefront", "-erased_at"], name="tombstone_recent")]

    def __str__(self) -> str:
        return f"{self.image_id}, erased"


class DoomedFile(models.Model):
    """A file of an erased photo that is still in the store. Deleted with it, by whoever comes
    first: the request that erased the photo, or the background worker after a crash."""

    name = models.CharField(max_length=300, unique=True)
    since = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return self.name
