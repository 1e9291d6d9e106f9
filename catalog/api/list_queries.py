"""What lists may be narrowed to, and how much of each photo is asked for."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef
from rest_framework import serializers

from catalog.api.search_queries import category_named
from catalog.choices import Status
from catalog.models import Encoder, Event, Storefront, Tag
from catalog.models.image import ImageQuerySet
from catalog.search import at_or_below

EXPANDABLE = ("product",)


def words(text: str) -> list[str]:
    """The words of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


class ShownQuery(serializers.Serializer[Any]):
    """How much of each photo is asked for. `fields` is a serializer's own word: see get_fields."""

    expand = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="`product`: the whole product instead of its sku and title.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        sparse = serializers.CharField(
            required=False,
            allow_blank=True,
            max_length=500,
            help_text="Only these fields, with commas between them; `id` is always there.",
        )
        return {**super().get_fields(), "fields": sparse}

    def shown(self, known: Collection[str]) -> dict[str, Any]:
        """The context of the image serializer, whose fields are `known`. Call after validation;
        raises a validation error for names that mean nothing."""
        asked = self.validated_data
        only = words(asked["fields"]) if "fields" in asked else None
        expand = words(asked.get("expand", ""))
        _refuse("fields", only or (), known)
        _refuse("expand", expand, EXPANDABLE)
        return {"only": None if only is None else {"id", *only}, "expand": frozenset(expand)}


class DetailQuery(ShownQuery):
    """What is asked of one photo."""

    explain = serializers.BooleanField(
        required=False,
        default=False,
        help_text=(
            "Adds `explanation`: the nearest exemplar of each bank and the best prompt of each "
            "policy, whether or not they reached their threshold, and the likeliest categories."
        ),
    )


class ListQuery(ShownQuery):
    """What a list may be narrowed to."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    sku = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=120,
        help_text="Photos of this product; empty: of none.",
    )
    category = serializers.CharField(
        required=False,
        min_length=1,
        max_length=120,
        help_text="The taxonomy's id of a category; photos tagged with it or anything below it.",
    )
    created_after = serializers.DateTimeField(
        required=False, help_text="Photos sent at this time or later."
    )
    created_before = serializers.DateTimeField(
        required=False, help_text="Photos sent before this time."
    )
    updated_since = serializers.DateTimeField(
        required=False,
        help_text=(
            "Photos of which anything changed at this time or later, such as their status, tags "
            "or product. Ask again from a minute before the last time: changes that were being "
            "stored then are found late."
        ),
    )

    def narrow(
        self, images: ImageQuerySet, storefront: Storefront, unseen: Iterable[str]
    ) -> ImageQuerySet:
        """Those of `images` that were asked for. Events of the kinds `unseen` change nothing that
        the API shows. Raises a validation error for a category that is not there."""
        asked = self.validated_data
        if status := asked.get("status"):
            images = images.filter(status=status)
        if "sku" in asked:
            of = {"product__sku": asked["sku"]} if asked["sku"] else {"product": None}
            images = images.filter(**of)
        if after := asked.get("created_after"):
            images = images.filter(created_at__gte=after)
        if before := asked.get("created_before"):
            images = images.filter(created_at__lt=before)
        if since := asked.get("updated_since"):
            events = Event.objects.filter(image=OuterRef("pk"), at__gte=since)
            images = images.filter(Exists(events.exclude(kind__in=list(unseen))))
        if name := asked.get("category"):
            tags = Tag.objects.filter(
                image=OuterRef("pk"),
                encoder__in=Encoder.objects.filter(is_active=True),
                category_id__in=at_or_below(category_named(name, storefront)),
            )
            images = images.filter(Exists(tags))
        return images


def _refuse(field: str, asked: Iterable[str], known: Collection[str]) -> None:
    unknown = [word for word in asked if word not in known]
    if unknown:
        said = f"There is no {unknown[0][:40]}. Known are {', '.join(sorted(known))}."
        raise serializers.ValidationError({field: [said]}, code="unknown")
