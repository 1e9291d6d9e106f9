"""The shop's taxonomy: a tree of categories, and their text vectors per encoder."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from pgvector.django import HalfVectorField

from catalog.models.encoder import Encoder


class Taxonomy(models.Model):
    """A named tree of categories. Photos are tagged against the active one."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    is_active = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "taxonomies"
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="one_active_taxonomy"
            )
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
    prompt_digest = models.CharField(max_length=64, help_text="Over every prompt that went in.")
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
