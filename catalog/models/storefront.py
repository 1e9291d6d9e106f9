"""A storefront is a tenant: every photo, product and key belongs to exactly one."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.choices import Scope, ShopEvent


class StorefrontQuerySet(models.QuerySet["Storefront"]):
    """Questions about shops."""

    def live(self) -> "StorefrontQuerySet":
        """Those whose photos shoppers see: sandboxes are left out."""
        return self.filter(sandbox_of__isnull=True)

    def sandbox_ids(self) -> list[int]:
        """Keys of the others. Few, and as constants they cost the planner no guess."""
        return list(self.filter(sandbox_of__isnull=False).values_list("pk", flat=True))


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
    sandbox_of = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="sandbox",
        help_text="The storefront whose engineers try things out here. Nobody reviews its photos.",
    )
    publish_before_review = models.BooleanField(
        default=False,
        help_text="Photos that wait for a moderator are live meanwhile. Every photo is screened "
        "first in any case.",
    )
    points_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="What all of its keys together may ask of the API. Empty: as the settings say. "
        "0: no limit.",
    )
    key_points_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="What each key may ask. Empty: as the settings say."
    )
    served_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When a worker last took photos of it: the longest ago is next.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StorefrontQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exposure__gt=0), name="storefront_exposure_is_positive"
            ),
            models.CheckConstraint(
                condition=~Q(sandbox_of=F("id")), name="storefront_is_not_its_own_sandbox"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def livemode(self) -> bool:
        """False for a sandbox."""
        return self.sandbox_of_id is None


def every_scope() -> list[str]:
    """What keys may do that were made before there were scopes."""
    return list(Scope.values)


class ApiKey(models.Model):
    """A storefront's key to the REST API. Only its SHA-256 is stored."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, help_text="The first characters, to recognise it by.")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope),
        default=every_scope,
        help_text="What it may do.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Refused from then on. Empty: it does not expire."
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
        help_text="The key it was made to follow.",
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(scopes=[]), name="api_key_may_do_something")
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class StorefrontEvent(models.Model):
    """One thing somebody did to a storefront or its keys. The database refuses to change it."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="events")
    key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField(max_length=20, choices=ShopEvent)
    summary = models.CharField(max_length=300, help_text="The sentence people read.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: from the command line.",
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["storefront", "-at"], name="shop_event_recent")]

    def __str__(self) -> str:
        return self.summary
