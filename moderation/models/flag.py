"""A flag says why a photo needs a person."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Encoder, Image
from moderation.choices import MatchKind, Outcome
from moderation.models.bank import Bank
from moderation.models.exemplar import Exemplar
from moderation.models.policy import Policy, PolicyPrompt
from moderation.models.sweep import Sweep


class FlagQuerySet(models.QuerySet["Flag"]):
    """Questions the desk asks."""

    def standing(self) -> "FlagQuerySet":
        """Flags that still count against the photo: neither vetoed, unsampled nor withdrawn."""
        return self.filter(outcome__in=(Outcome.HOLD, Outcome.REMOVE), withdrawn_at__isnull=True)


class Flag(models.Model):
    """One match of one photo, with everything that produced it.

    `score` and `threshold` are cosines for embeddings, differing bits of 256 for hashes (fewer
    is nearer) and probabilities for prompts.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="flags")
    kind = models.CharField(max_length=10, choices=MatchKind, default=MatchKind.EMBEDDING)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="flags")
    bank = models.ForeignKey(
        Bank, null=True, blank=True, on_delete=models.PROTECT, related_name="flags"
    )
    bank_version = models.PositiveIntegerField(help_text="Of the policy, when a prompt matched.")
    exemplar = models.ForeignKey(
        Exemplar, null=True, blank=True, on_delete=models.PROTECT, related_name="flags"
    )
    prompt = models.ForeignKey(
        PolicyPrompt, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    prompt_text = models.CharField(max_length=200, blank=True, help_text="As it read then.")
    encoder = models.ForeignKey(
        Encoder,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty for hashes, which need none.",
    )
    score = models.FloatField()
    threshold = models.FloatField(help_text="The threshold that was reached.")
    outcome = models.CharField(max_length=10, choices=Outcome)
    vetoed_by = models.ForeignKey(
        Exemplar, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    veto_score = models.FloatField(null=True, blank=True)
    quarantined = models.BooleanField(
        default=False, help_text="Raised while its bank was in quarantine."
    )
    sweep = models.ForeignKey(
        Sweep, null=True, blank=True, on_delete=models.SET_NULL, related_name="flags"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-score"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "kind", "policy", "exemplar", "encoder"],
                condition=Q(withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="flag_once_per_image_and_cause",
            ),
            models.CheckConstraint(
                condition=(Q(outcome=Outcome.VETOED) & Q(vetoed_by__isnull=False))
                | (~Q(outcome=Outcome.VETOED) & Q(vetoed_by__isnull=True)),
                name="flag_vetoed_names_the_exemplar",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind=MatchKind.PROMPT, exemplar__isnull=True, bank__isnull=True)
                    & ~Q(prompt_text="")
                )
                | (~Q(kind=MatchKind.PROMPT) & Q(exemplar__isnull=False, bank__isnull=False)),
                name="flag_names_an_exemplar_or_a_prompt",
            ),
            models.CheckConstraint(
                condition=Q(kind=MatchKind.HASH) | Q(encoder__isnull=False),
                name="flag_names_its_encoder",
            ),
        ]

    def __str__(self) -> str:
        if self.kind == MatchKind.HASH:
            return f"{self.policy} {self.score:.0f} bits (within {self.threshold:.0f})"
        return f"{self.policy} {self.score:.2f} (threshold {self.threshold:.2f})"

    @property
    def is_standing(self) -> bool:
        """Whether it still counts against the photo; `standing()` asks the same of the database."""
        return self.outcome in (Outcome.HOLD, Outcome.REMOVE) and self.withdrawn_at is None

    @property
    def closeness(self) -> float:
        """The score on one scale from 0 to 1 for every kind, higher is nearer."""
        return 1 - self.score / 256 if self.kind == MatchKind.HASH else self.score

    @property
    def cause(self) -> str:
        """What matched, in words."""
        return f"“{self.prompt_text}”" if self.kind == MatchKind.PROMPT else str(self.bank)
