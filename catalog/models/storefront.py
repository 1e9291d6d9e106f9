"""A storefront is a tenant: every photo, product and key belongs to exactly one."""

from django.db import models


class Storefront(models.Model):
    """A shop whose photos are moderated and tagged."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    is_active = models.BooleanField(
        default=True, help_text="Keys of an inactive storefront are refused."
    )
    exposure = models.FloatField(
        default=1.0,
        help_text="How many shoppers see it, relative to the others: 2 puts its reviews as far "
        "ahead as twice the severity would.",
    )
    # Protected: losing its taxonomy would change a shop's vocabulary without anybody deciding so.
    taxonomy = models.ForeignKey(
        "catalog.Taxonomy",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="storefronts",
        help_text="What its photos are tagged against; empty for the active one.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exposure__gt=0), name="storefront_exposure_is_positive"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A storefront's key to the REST API. Only its SHA-256 is stored."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, help_text="The first characters, to recognise it by.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"
