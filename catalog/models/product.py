"""A product is what a shopper buys; it may have many photos."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.choices import ProductEventKind
from catalog.models.storefront import Storefront


class Product(models.Model):
    """One product of one storefront, known by its SKU."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="products")
    sku = models.CharField("SKU", max_length=120)
    title = models.CharField(max_length=300, blank=True)
    exposure = models.FloatField(
        default=1.0, help_text="How much it is looked at, relative to the shop's other products."
    )
    cover = models.ForeignKey(
        "catalog.Image",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The photo that stands for it; empty for the first in order.",
    )
    data = models.JSONField(
        default=dict,
        blank=True,
        help_text="Whatever the storefront keeps with it; never interpreted.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["sku"]
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "sku"], name="product_sku_per_storefront"
            ),
            models.CheckConstraint(
                condition=models.Q(exposure__gt=0), name="product_exposure_is_positive"
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="product_recent")]

    def __str__(self) -> str:
        return self.title or self.sku


class ProductEvent(models.Model):
    """One thing that staff did to one product. The database refuses to edit or delete it."""

    product = models.ForeignKey(
        Product, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events"
    )
    kind = models.CharField(max_length=20, choices=ProductEventKind)
    summary = models.CharField(max_length=300, help_text="The sentence people read.")
    data = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["product", "at"], name="product_event_at")]

    def __str__(self) -> str:
        return self.summary
