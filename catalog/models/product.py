"""A product is what a shopper buys; it may have many photos."""

from django.db import models

from catalog.models.storefront import Storefront


class Product(models.Model):
    """One product of one storefront, known by its SKU."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="products")
    sku = models.CharField("SKU", max_length=120)
    title = models.CharField(max_length=300, blank=True)
    exposure = models.FloatField(
        default=1.0, help_text="How much it is looked at, relative to the shop's other products."
    )
    created_at = models.DateTimeField(auto_now_add=True)

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

    def __str__(self) -> str:
        return self.title or self.sku
