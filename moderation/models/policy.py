"""A policy says what may not be shown, how bad it is, and how soon a person must look."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from catalog.models import Encoder, Storefront
from moderation.choices import Severity


class Policy(models.Model):
    """One rule of the house. `version` grows with every change to it or its prompts."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, help_text="What moderators are told.")
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)
    review_within_minutes = models.PositiveIntegerField(
        default=240, help_text="How long a held photo may wait for a moderator."
    )
    needs_second_person = models.BooleanField(
        default=False,
        help_text="A decision waits until a second, different person has decided the same.",
    )
    group = models.ForeignKey(
        Group,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who reviews it, besides leads. Empty: every moderator.",
    )
    prompt_threshold = models.FloatField(
        null=True,
        blank=True,
        help_text="Probability from which the policy's prompts hold a photo. Empty: they do not.",
    )
    is_enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["-severity", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(prompt_threshold__isnull=True)
                | Q(prompt_threshold__gt=0, prompt_threshold__lte=1),
                name="policy_prompt_threshold_is_a_probability",
            )
        ]

    def __str__(self) -> str:
        return self.name


class StorefrontPolicy(models.Model):
    """A policy that is in force in a storefront. Without a single one, all of them are."""

    storefront = models.ForeignKey(
        Storefront, on_delete=models.CASCADE, related_name="policies_in_force"
    )
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="in_force_in")

    class Meta:
        verbose_name_plural = "storefront policies"
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "policy"], name="policy_once_per_storefront"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} in {self.storefront_id}"


class PolicyPrompt(models.Model):
    """A sentence that describes what violates the policy, or what is easily mistaken for it.

    Scored zero-shot, so that a policy can act before it has a single exemplar. Contrast prompts
    say what else the photo might show; without one, every photo would be the violation.
    """

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="prompts")
    text = models.CharField(max_length=200)
    is_contrast = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["policy", "is_contrast", "id"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "text"], name="prompt_once_per_policy")
        ]

    def __str__(self) -> str:
        return self.text


class PromptVector(models.Model):
    """A prompt's L2-normalised vector in one encoder's space."""

    prompt = models.ForeignKey(PolicyPrompt, on_delete=models.CASCADE, related_name="vectors")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=200, help_text="As it read when it was encoded.")
    vector = HalfVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "encoder"], name="one_vector_per_prompt_and_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.text} in {self.encoder_id}"
