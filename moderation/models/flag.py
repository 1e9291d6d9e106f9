"""A flag says why a photo needs a person."""

from django.db import models

from catalog.models import Encoder, Image
from moderation.choices import Outcome
from moderation.models.bank import Bank, Exemplar
from moderation.models.policy import Policy


class Flag(models.Model):
    """The best match of one photo in one violating bank, with everything that produced it."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="flags")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="flags")
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="flags")
    bank_version = models.PositiveIntegerField()
    exemplar = models.ForeignKey(Exemplar, on_delete=models.PROTECT, related_name="flags")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    score = models.FloatField(help_text="Cosine to the exemplar.")
    threshold = models.FloatField(help_text="The threshold that was reached.")
    outcome = models.CharField(max_length=10, choices=Outcome)
    vetoed_by = models.ForeignKey(
        Exemplar, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    veto_score = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-score"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "bank", "encoder"], name="flag_once_per_image_bank_and_encoder"
            ),
            models.CheckConstraint(
                condition=(models.Q(outcome=Outcome.VETOED) & models.Q(vetoed_by__isnull=False))
                | (~models.Q(outcome=Outcome.VETOED) & models.Q(vetoed_by__isnull=True)),
                name="flag_vetoed_names_the_exemplar",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.score:.2f} (threshold {self.threshold:.2f})"
