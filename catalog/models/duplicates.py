"""Groups of near-duplicates over a whole storefront, and what they are made from."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.models.encoder import Encoder
from catalog.models.image import Image
from catalog.models.storefront import Storefront


class Grouping(models.Model):
    """The groups of one storefront, by one encoder's vectors and by hashes.

    The row is the job: a photo without a `ComparedPhoto` is the work that is left.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="groupings")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(default=0, help_text="Grows when the groups change.")
    is_stale = models.BooleanField(
        default=False, help_text="Links were found that the groups do not show yet."
    )
    grouped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "encoder"], name="one_grouping_per_storefront_and_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.storefront}, version {self.version}"


class ComparedPhoto(models.Model):
    """A photo that was compared with every other one that has such a row."""

    grouping = models.ForeignKey(Grouping, on_delete=models.CASCADE, related_name="compared")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grouping", "image"], name="photo_compared_once")
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.grouping_id}"


class DuplicateLink(models.Model):
    """Two photos that are near-duplicates of each other, and by how much."""

    grouping = models.ForeignKey(Grouping, on_delete=models.CASCADE, related_name="links")
    left = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    cosine = models.FloatField(help_text="Of their vectors.")
    bits = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of 256 in which their hashes differ; none: not hashed."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grouping", "left", "right"], name="linked_once"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="link_has_one_direction"),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} and {self.right_id}"


class DuplicateGroup(models.Model):
    """Photos that links connect, directly or through others. Its members never change: when they
    would, it goes and another takes its place."""

    grouping = models.ForeignKey(Grouping, on_delete=models.CASCADE, related_name="groups")
    version = models.PositiveIntegerField(help_text="The grouping's when it was made.")
    size = models.PositiveIntegerField()
    is_ignored = models.BooleanField(default=False, help_text="Somebody said that it is fine.")
    images = models.ManyToManyField(Image, through="DuplicateMember", related_name="+")

    class Meta:
        ordering = ["-size", "pk"]
        indexes = [models.Index(fields=["grouping", "-size", "id"], name="group_largest_first")]

    def __str__(self) -> str:
        return f"{self.size} photos"


class DuplicateMember(models.Model):
    """One photo of a group."""

    group = models.ForeignKey(DuplicateGroup, on_delete=models.CASCADE, related_name="members")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="duplicate_members")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "image"], name="member_once_per_group")
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.group_id}"


class IgnoredDuplicates(models.Model):
    """Photos of which somebody said that they may stay beside each other. A group of these photos,
    or of some of them, is not shown again; one with another photo is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    image_ids = ArrayField(models.UUIDField())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "ignored duplicates"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{len(self.image_ids)} photos of {self.storefront}"
