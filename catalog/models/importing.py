"""Bulk imports: files sent in pieces, the job made of them, and what became of every entry."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.choices import ImportStatus, ItemStatus
from catalog.models.image import Image
from catalog.models.storefront import Storefront


class Import(models.Model):
    """Archives, tables and photos that one person sent together. The row is the job."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="imports")
    sku = models.CharField(
        "SKU", max_length=120, blank=True, help_text="Of photos that no table names."
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(
        max_length=10, choices=ImportStatus, default=ImportStatus.RUNNING, db_index=True
    )
    error = models.CharField(max_length=400, blank=True, help_text="Why it stopped, in words.")
    unpacked_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    listed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its entries became items; until then it has none."
    )
    turn_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker last turned to it: imports take turns."
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=ImportStatus.FAILED) | ~Q(error=""),
                name="import_failed_says_why",
            )
        ]

    def __str__(self) -> str:
        return f"Import {self.pk}"


class Upload(models.Model):
    """A file that one person is sending in pieces, resumed when the same file comes again.

    Nobody else sees it or adds to it. It goes with the import it was sent for, or expires.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    job = models.ForeignKey(
        Import, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    name = models.CharField(max_length=255, help_text="As the uploader called it.")
    size = models.PositiveBigIntegerField(help_text="Bytes of the whole file.")
    modified = models.BigIntegerField(default=0, help_text="Milliseconds since 1970.")
    digest = models.CharField(max_length=64, blank=True, help_text="Over its first bytes.")
    received = models.PositiveBigIntegerField(default=0, help_text="Bytes that are here.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["uploaded_by", "name", "size", "modified", "digest"],
                condition=Q(job__isnull=True),
                name="upload_resumed_not_repeated",
            ),
            models.CheckConstraint(
                condition=Q(received__lte=F("size")), name="upload_receives_no_more_than_its_size"
            ),
            models.CheckConstraint(
                condition=Q(job__isnull=True) | Q(received=F("size")),
                name="upload_imported_only_when_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def part_path(part: "UploadPart", filename: str) -> str:
    """Pieces are stored under our own names, beside no photo, and never served."""
    return f"uploads/{part.upload_id}/{part.offset}"


class UploadPart(models.Model):
    """A piece of a file as it was received."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    offset = models.PositiveBigIntegerField()
    size = models.PositiveIntegerField()
    content = models.FileField(upload_to=part_path)

    class Meta:
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "offset"], name="upload_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} from {self.offset}"


class ImportItem(models.Model):
    """One entry of an import for one product, and what became of it."""

    job = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(help_text="Its place in the import.")
    upload = models.ForeignKey(Upload, null=True, on_delete=models.SET_NULL, related_name="+")
    entry = models.PositiveIntegerField(
        null=True, help_text="Its place in the archive's directory; none for a file of its own."
    )
    name = models.CharField(max_length=300, help_text="For people; nothing is stored under it.")
    sku = models.CharField("SKU", max_length=120, blank=True)
    title = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=ItemStatus, default=ItemStatus.WAITING)
    reason = models.CharField(max_length=400, blank=True)
    image = models.ForeignKey(
        Image, null=True, on_delete=models.SET_NULL, related_name="import_items"
    )
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="import_item_position"),
            models.CheckConstraint(
                condition=~Q(status=ItemStatus.REFUSED) | ~Q(reason=""),
                name="import_item_refused_says_why",
            ),
        ]
        indexes = [models.Index(fields=["job", "status", "position"], name="import_item_status")]

    def __str__(self) -> str:
        return self.name
