"""A photo: what was uploaded, where it stands, and who is working on it."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.choices import Source, Status
from catalog.models.product import Product
from catalog.models.storefront import Storefront


class ImageQuerySet(models.QuerySet["Image"]):
    """Questions the catalog asks about photos."""

    def of(self, storefront: Storefront) -> "ImageQuerySet":
        """The photos a storefront may see: the one place tenants are kept apart."""
        return self.filter(storefront=storefront)

    def of_live_shops(self) -> "ImageQuerySet":
        """Without those in sandboxes, which are nobody's but their engineers'."""
        sandboxes = Storefront.objects.sandbox_ids()
        return self.exclude(storefront_id__in=sandboxes) if sandboxes else self

    def awaiting_worker(self, now: datetime) -> "ImageQuerySet":
        """Pending photos nobody holds a lease on, oldest first."""
        return self.filter(
            Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now), status=Status.PENDING
        ).order_by("created_at", "id")

    def in_order(self) -> "ImageQuerySet":
        """A product's photos as they are shown: those put in order first, then by time."""
        return self.order_by(F("position").asc(nulls_last=True), "created_at", "id")


def original_path(image: "Image", filename: str) -> str:
    """Originals are stored under our own name, never the uploader's."""
    return f"originals/{image.storefront_id}/{image.pk}.{filename.rsplit('.', 1)[-1]}"


def display_path(image: "Image", filename: str) -> str:
    return f"renditions/{image.storefront_id}/{image.pk}.display.jpg"


def thumbnail_path(image: "Image", filename: str) -> str:
    return f"renditions/{image.storefront_id}/{image.pk}.thumb.jpg"


class Image(models.Model):
    """One uploaded photo of one storefront.

    A row is the queue entry too: `pending` rows without a live lease wait for a worker. The
    token fences a worker that outlived its lease, `attempts` counts how often work began.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="images")
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.SET_NULL, related_name="images"
    )
    # None for photos nobody has put in order: they follow those that are, by time.
    position = models.PositiveIntegerField(
        null=True, blank=True, help_text="Its place among its product's photos, from 0."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    source = models.CharField(max_length=10, choices=Source)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    filename = models.CharField(max_length=255, blank=True, help_text="As the uploader called it.")
    original = models.FileField(upload_to=original_path, help_text="As received; never served.")
    display = models.ImageField(upload_to=display_path, help_text="Oriented, metadata-free.")
    thumbnail = models.ImageField(upload_to=thumbnail_path)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()

    created_at = models.DateTimeField(auto_now_add=True)
    screened_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker took it for the last time."
    )
    processed_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_reason = models.CharField(max_length=300, blank=True)

    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "product", "sha256"],
                name="image_once_per_storefront_and_product",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.LIVE) | Q(screened_at__isnull=False),
                name="image_live_only_if_screened",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED) | ~Q(failure_reason=""),
                name="image_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                condition=Q(status=Status.PENDING),
                name="image_awaiting_worker",
            ),
            models.Index(
                fields=["storefront", "created_at", "id"],
                condition=Q(status=Status.PENDING),
                name="image_awaiting_in_shop",
            ),
            models.Index(fields=["storefront", "-created_at"], name="image_storefront_recent"),
            models.Index(fields=["status", "-created_at"], name="image_status_recent"),
        ]

    def __str__(self) -> str:
        return self.filename or str(self.pk)
