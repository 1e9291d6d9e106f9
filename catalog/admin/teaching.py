"""What staff taught, what was learned from it, and the map, to be looked at."""

from django.contrib import admin

from catalog.admin.base import ReadOnlyAdmin, VectorAdmin
from catalog.models import (
    Calibration,
    CategoryHead,
    CategoryThreshold,
    HeadVector,
    LearningSwitch,
    MapPoint,
    Projection,
    Retagging,
    TagVerdict,
    ThresholdSet,
    ThresholdSwitch,
)


@admin.register(TagVerdict)
class TagVerdictAdmin(ReadOnlyAdmin):
    list_display = ("image", "category", "accepted", "by", "at", "together")
    list_filter = ("accepted",)
    list_select_related = ("image", "category", "by")
    search_fields = ("image__filename", "category__path", "by__username")


@admin.register(CategoryHead)
class CategoryHeadAdmin(ReadOnlyAdmin):
    """Switched by verbs, so that tags always name the version they came from."""

    list_display = ("taxonomy", "encoder", "version", "photos", "is_active", "built_at")
    list_filter = ("is_active", "taxonomy")
    list_select_related = ("taxonomy", "encoder")
    search_fields = ("taxonomy__name",)


@admin.register(HeadVector)
class HeadVectorAdmin(VectorAdmin):
    list_display = ("category", "head", "photos")
    list_select_related = ("category", "head__taxonomy", "head__encoder")
    search_fields = ("category__path",)
    fields = list_display


@admin.register(LearningSwitch)
class LearningSwitchAdmin(ReadOnlyAdmin):
    list_display = ("taxonomy", "follows", "changed_by", "changed_at")
    list_select_related = ("taxonomy", "changed_by")
    search_fields = ("taxonomy__name",)


@admin.register(ThresholdSet)
class ThresholdSetAdmin(ReadOnlyAdmin):
    """Switched by verbs, so that tags always name the thresholds they had to reach."""

    list_display = ("taxonomy", "encoder", "version", "photos", "precision", "is_active")
    list_filter = ("is_active", "taxonomy")
    list_select_related = ("taxonomy", "encoder")
    search_fields = ("taxonomy__name",)


@admin.register(CategoryThreshold)
class CategoryThresholdAdmin(ReadOnlyAdmin):
    list_display = ("category", "set", "threshold", "right", "wrong")
    list_select_related = ("category", "set")
    search_fields = ("category__path",)


@admin.register(ThresholdSwitch)
class ThresholdSwitchAdmin(ReadOnlyAdmin):
    list_display = ("taxonomy", "follows", "changed_by", "changed_at")
    list_select_related = ("taxonomy", "changed_by")
    search_fields = ("taxonomy__name",)


@admin.register(Calibration)
class CalibrationAdmin(ReadOnlyAdmin):
    list_display = ("taxonomy", "encoder", "temperature", "error_before", "error_after", "made_at")
    list_select_related = ("taxonomy", "encoder")
    search_fields = ("taxonomy__name",)


@admin.register(Retagging)
class RetaggingAdmin(ReadOnlyAdmin):
    list_display = ("taxonomy", "status", "seen", "total", "first_changed", "created_at")
    list_filter = ("status",)
    list_select_related = ("taxonomy",)
    search_fields = ("taxonomy__name",)


@admin.register(Projection)
class ProjectionAdmin(ReadOnlyAdmin):
    list_display = ("encoder", "kind", "version", "photos", "explained", "placed_at")
    list_select_related = ("encoder",)
    search_fields = ("encoder__name",)
    fields = (*list_display, "sample", "fitted_at")


@admin.register(MapPoint)
class MapPointAdmin(ReadOnlyAdmin):
    list_display = ("embedding_id", "projection_id", "x", "y")
    search_fields = ("=embedding__image__filename",)
    fields = ("x", "y")
