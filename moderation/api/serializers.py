"""What moderation adds to a photo: why it was flagged and what a person decided."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from catalog.api.serializers import ImageSerializer
from catalog.models import Image
from moderation.api.examples import HELD_PHOTO
from moderation.choices import Outcome
from moderation.models import Decision, Flag


class FlagSerializer(serializers.ModelSerializer[Flag]):
    policy = serializers.CharField(source="policy.slug", read_only=True)
    bank = serializers.CharField(source="bank.name", read_only=True)
    exemplar = serializers.UUIDField(
        source="exemplar_id", read_only=True, help_text="Id of the known image it resembles."
    )
    vetoed = serializers.SerializerMethodField(help_text="A safe look-alike cleared it.")

    class Meta:
        model = Flag
        fields = ("policy", "bank", "outcome", "score", "threshold", "exemplar", "vetoed")
        read_only_fields = fields

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


@extend_schema_serializer(component_name="Image", examples=[HELD_PHOTO])
class ModeratedImageSerializer(ImageSerializer):
    """One photo, its tags and its verdict."""

    flags = FlagSerializer(many=True, read_only=True, help_text="Nearest first.")
    decision = serializers.SerializerMethodField(
        help_text="A moderator's latest; null while none has looked."
    )

    class Meta(ImageSerializer.Meta):
        fields = (*ImageSerializer.Meta.fields, "flags", "decision")
        read_only_fields = fields

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, image: Image) -> Any:
        decisions = image.decisions.all()  # latest first, see the view
        return DecisionSerializer(decisions[0]).data if decisions else None
