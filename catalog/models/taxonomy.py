"""Taxonomies: trees of categories, their text vectors per encoder, and what shops leave out."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from pgvector.django import HalfVectorField

from catalog.models.encoder import Encoder
from catalog.models.storefront import Storefront


class TaxonomyQuerySet(models.QuerySet["Taxonomy"]):
    """Questions asked of the taxonomies."""

    def in_use(self) -> "TaxonomyQuerySet":
        """Those that photos are tagged against: the active one and the chosen ones."""
        return self.filter(
            models.Q(is_active=True)
            | models.Exists(Storefront.objects.filter(taxonomy=models.OuterRef("pk")))
        )


class Taxonomy(models.Model):
    """A named tree of categories.

    Photos are tagged against the one their storefront chose, else against the active one.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    is_active = models.BooleanField(
        default=False, help_text="For storefronts that have not chosen one."
    )
    is_next = models.BooleanField(
        default=False, help_text="Becomes the active one as soon as all its categories are encoded."
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = TaxonomyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "taxonomies"
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="one_active_taxonomy"
            ),
            models.UniqueConstraint(
                fields=["is_next"], condition=models.Q(is_next=True), name="one_next_taxonomy"
            ),
            models.CheckConstraint(
                condition=~models.Q(is_active=True, is_next=True),
                name="active_taxonomy_does_not_wait",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Category(models.Model):
    """A node of a taxonomy, known by the external id its file gives it."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="categories")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=1000, help_text="Names from the root, for people.")
    synonyms = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    words_digest = models.CharField(
        max_length=64, blank=True, help_text="Over name and synonyms: what prompts are made of."
    )
    position = models.PositiveIntegerField(help_text="Order in the file; parents come first.")
    is_retired = models.BooleanField(
        default=False, help_text="No longer in the file: kept for the tags that name it."
    )

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["taxonomy", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["taxonomy", "external_id"], name="category_external_id_per_taxonomy"
            )
        ]

    def __str__(self) -> str:
        return self.path


class CategoryVector(models.Model):
    """A category's text vector in one encoder: the ensemble of its prompts, renormalised."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="vectors")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    words_digest = models.CharField(
        max_length=64, help_text="The category's when it was encoded; another now means: encode."
    )
    template_version = models.CharField(max_length=64, help_text="Of the prompt templates.")
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "encoder"], name="one_vector_per_category_and_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.category_id} in {self.encoder_id}"


class StorefrontPrune(models.Model):
    """A category that a storefront does not use, nor anything below it."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="prunes")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    pruned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pruned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "category"], name="prune_once_per_storefront_and_category"
            )
        ]

    def __str__(self) -> str:
        return f"{self.storefront} without {self.category}"


class TaxonomyDraft(models.Model):
    """An uploaded file that somebody looks at before it is applied. Thrown away afterwards."""

    data = models.BinaryField()
    filename = models.CharField(max_length=200)
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.filename} for {self.slug}"
