"""What moderation adds to a photo: why it was flagged, what people decided, and appeals."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.api.serializers import ImageSerializer
from catalog.api.strict import Text
from catalog.models import Image
from moderation import appealing
from moderation.api.examples import HELD_PHOTO
from moderation.choices import AppealStatus, MatchKind, Outcome, Queue
from moderation.models import Appeal, Decision, Flag, Review, TrialAppeal

SCORE = (
    "`embedding`: cosine, up to 1, higher is nearer. `hash`: bits of 256 that differ, fewer is "
    "nearer. `prompt`: probability from 0 to 1."
)


class FlagSerializer(serializers.ModelSerializer[Flag]):
    policy = serializers.CharField(source="policy.slug", read_only=True)
    bank = serializers.CharField(
        source="bank.name",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="Null when a prompt matched.",
    )
    bank_version = serializers.IntegerField(
        read_only=True, help_text="Of the bank as it matched; of the policy when a prompt did."
    )
    exemplar = serializers.UUIDField(
        source="exemplar_id",
        read_only=True,
        allow_null=True,
        help_text="Id of the known image it resembles; null when a prompt matched.",
    )
    prompt = serializers.SerializerMethodField(
        help_text="The words that described it, as they read then; null when a bank matched."
    )
    score = serializers.FloatField(read_only=True, help_text=SCORE)
    threshold = serializers.FloatField(
        read_only=True, help_text="The threshold that was reached, in the unit of `score`."
    )
    vetoed = serializers.SerializerMethodField(help_text="A safe look-alike cleared it.")

    class Meta:
        model = Flag
        fields = (
            "kind",
            "policy",
            "bank",
            "bank_version",
            "exemplar",
            "prompt",
            "outcome",
            "score",
            "threshold",
            "vetoed",
        )
        read_only_fields = fields

    def get_prompt(self, flag: Flag) -> str | None:
        return flag.prompt_text or None

    def get_vetoed(self, flag: Flag) -> bool:
        return flag.outcome == Outcome.VETOED


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reason = serializers.CharField(
        source="policy.slug",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The policy a removal rests on; null for an approval.",
    )

    class Meta:
        model = Decision
        fields = ("action", "reason", "decided_at")
        read_only_fields = fields


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """Where a photo waits for a person."""

    queue = serializers.ChoiceField(choices=Queue.choices, read_only=True)
    due_at = serializers.DateTimeField(
        read_only=True, help_text="By when a person should have looked."
    )

    class Meta:
        model = Review
        fields = ("queue", "due_at")
        read_only_fields = fields


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    """`open` until somebody else has looked, then `upheld` or `overturned`."""

    status = serializers.SerializerMethodField(
        help_text="`upheld`: the removal stands. `overturned`: the photo is live."
    )

    class Meta:
        model = Appeal
        fields = ("status", "created_at")
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=AppealStatus.choices))
    def get_status(self, appeal: Appeal) -> str:
        """`decisions` in the context are the photo's effective ones; a new appeal has none."""
        return appealing.status_of(appeal, self.context.get("decisions", ()))


class TrialAppealSerializer(serializers.ModelSerializer[TrialAppeal]):
    """The same, of an appeal made with a test key."""

    status = serializers.ChoiceField(choices=AppealStatus.choices, read_only=True)

    class Meta:
        model = TrialAppeal
        fields = ("status", "created_at")
        read_only_fields = fields


class AppealRequestSerializer(serializers.Serializer[Any]):
    text = Text(
        max_length=appealing.TEXT_LIMIT,
        help_text="Why the decision should change; moderators read it.",
    )


class NearestExemplarSerializer(serializers.Serializer[Any]):
    """The exemplar of one bank that a photo is nearest to."""

    kind = serializers.ChoiceField(choices=[MatchKind.EMBEDDING.value, MatchKind.HASH.value])
    policy = serializers.CharField()
    bank = serializers.CharField()
    bank_version = serializers.IntegerField()
    safe = serializers.BooleanField(help_text="Of a bank that vetoes false alarms.")
    exemplar = serializers.UUIDField()
    score = serializers.FloatField(help_text=SCORE)
    threshold = serializers.FloatField(help_text="What the bank needs now.")


class BestPromptSerializer(serializers.Serializer[Any]):
    """The prompt of one policy that describes a photo best."""

    policy = serializers.CharField()
    prompt = serializers.CharField()
    score = serializers.FloatField(help_text="Probability that the photo violates the policy.")
    threshold = serializers.FloatField(help_text="What the policy needs now.")


class LikelyCategorySerializer(serializers.Serializer[Any]):
    """A category and how likely the photo belongs at or below it."""

    category = serializers.CharField()
    path = serializers.CharField()
    score = serializers.FloatField()
    prompts = serializers.ListField(
        child=serializers.CharField(), help_text="The sentences that stand for it."
    )
    learned = serializers.BooleanField(
        help_text="Its vector was learned from photos people confirmed, beside these sentences."
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    """What a photo is nearest to by the present banks, near enough or not."""

    exemplars = NearestExemplarSerializer(many=True, help_text="Nearest first, one per bank.")
    prompts = BestPromptSerializer(many=True, help_text="Best first, one per policy.")
    categories = LikelyCategorySerializer(many=True, help_text="The likeliest five.")


@extend_schema_serializer(component_name="Image", examples=[HELD_PHOTO])
class ModeratedImageSerializer(ImageSerializer):
    """One photo, its tags and its verdict. Comes from a queryset made by `with_verdict`."""

    flags = FlagSerializer(many=True, read_only=True, help_text="Nearest first.")
    decision = serializers.SerializerMethodField(
        help_text="The latest that took effect; null while there is none."
    )
    review = serializers.SerializerMethodField(
        help_text="Where it waits for a person; null when it waits for nobody."
    )
    appeal = serializers.SerializerMethodField(help_text="The latest; null if there was none.")
    explanation = ExplanationSerializer(
        required=False, help_text="With `explain=true` on one photo alone."
    )

    class Meta(ImageSerializer.Meta):
        fields = (
            *ImageSerializer.Meta.fields,
            *("flags", "decision", "review", "appeal", "explanation"),
        )
        read_only_fields = fields

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, image: Image) -> Any:
        decisions: Any = image.decisions.all() or image.trial_decisions.all()
        return DecisionSerializer(decisions[0]).data if decisions else None

    @extend_schema_field(ReviewSerializer(allow_null=True))
    def get_review(self, image: Image) -> Any:
        reviews = image.reviews.all()
        return ReviewSerializer(reviews[0]).data if reviews else None

    @extend_schema_field(AppealSerializer(allow_null=True))
    def get_appeal(self, image: Image) -> Any:
        appeals = image.appeals.all()
        if tried := image.trial_appeals.all():
            return TrialAppealSerializer(tried[0]).data
        if not appeals:
            return None
        return AppealSerializer(appeals[0], context={"decisions": image.decisions.all()}).data
