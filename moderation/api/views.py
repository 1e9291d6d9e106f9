"""The catalog's endpoints with moderation's view of each photo."""

from django.db.models import Prefetch

from catalog.api.schema import documented_collection, documented_detail
from catalog.api.views import ImageCollection, ImageDetail
from catalog.models.image import ImageQuerySet
from moderation.api.serializers import ModeratedImageSerializer
from moderation.models import Decision, Flag


def with_verdict(images: ImageQuerySet) -> ImageQuerySet:
    """Photos with flags (nearest first) and decisions (latest first): two queries more."""
    flags = Flag.objects.select_related("policy", "bank").order_by("-score", "id")
    decisions = Decision.objects.select_related("policy").order_by("-decided_at", "-id")
    return images.prefetch_related(Prefetch("flags", flags), Prefetch("decisions", decisions))


@documented_collection(ModeratedImageSerializer)
class ModeratedImageCollection(ImageCollection):
    """`/images`"""

    serializer_class = ModeratedImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        return with_verdict(super().get_queryset())


@documented_detail(ModeratedImageSerializer)
class ModeratedImageDetail(ImageDetail):
    """`/images/{id}`"""

    serializer_class = ModeratedImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        return with_verdict(super().get_queryset())
