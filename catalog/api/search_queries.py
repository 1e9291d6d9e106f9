"""What a search may ask over the API."""

from typing import Any

from django.db.models import Q
from rest_framework import serializers

from catalog.attributes import filtering
from catalog.choices import Status
from catalog.models import Category, Image, Storefront, Taxonomy
from catalog.search import EVEN, Filters, Query

PAGE_SIZE = 24
LARGEST_PAGE = 100
TEXT_LIMIT = 300


class FilterQuery(serializers.Serializer[Any]):
    """What results are narrowed to, and how many come at once."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    category = serializers.CharField(
        required=False,
        max_length=120,
        help_text="The taxonomy's id of a category; photos tagged with it or anything below it.",
    )
    attribute = serializers.CharField(
        required=False,
        max_length=2000,
        help_text="Values as in `attributes`, such as `colour:red,colour:blue,pattern:striped`: "
        "those of one attribute are alternatives, every attribute named has to apply.",
    )
    since = serializers.DateTimeField(
        required=False, help_text="Photos sent at this time or later."
    )
    until = serializers.DateTimeField(required=False, help_text="Photos sent before this time.")
    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_PAGE,
        default=PAGE_SIZE,
        help_text="Photos per page.",
    )
    cursor = serializers.CharField(
        required=False, help_text="From `next` of the page before; opaque."
    )

    def filters(self, storefront: Storefront) -> Filters:
        """Call after validation. Raises a validation error for a category that is not there."""
        asked = self.validated_data
        category = None
        if name := asked.get("category"):
            category = category_named(name, storefront)
        attributes, unknown = filtering.parse(asked.get("attribute", ""))
        if unknown:
            said = f"There is no “{unknown[0]}”. Write colour:red, with ids as in `attributes`."
            raise serializers.ValidationError({"attribute": [said]}, code="not_found")
        return Filters(
            status=asked.get("status", ""),
            category=category,
            attributes=attributes,
            since=asked.get("since"),
            until=asked.get("until"),
        )


class SearchQuery(FilterQuery):
    """A text, a photo, or both."""

    text = serializers.CharField(
        required=False, max_length=TEXT_LIMIT, help_text="What should be seen, in your words."
    )
    like = serializers.UUIDField(required=False, help_text="Id of one of your photos.")
    weight = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        default=EVEN,
        help_text="With both: 0 is the text alone, 1 the photo alone.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("text") and not attrs.get("like"):
            raise serializers.ValidationError(
                {"text": "Say what to look for: `text`, `like`, or both."}, code="required"
            )
        return attrs

    def query(self, storefront: Storefront) -> Query:
        """Call after validation. Raises validation errors."""
        asked = self.validated_data
        like = None
        if key := asked.get("like"):
            like = Image.objects.of(storefront).filter(pk=key).first()
            if like is None:
                said = "None of your photos has this id."
                raise serializers.ValidationError({"like": [said]}, code="not_found")
        return Query(
            text=asked.get("text", ""),
            like=like,
            weight=asked["weight"],
            filters=self.filters(storefront),
        )


class SimilarQuery(FilterQuery):
    """Results for one photo."""

    per = serializers.ChoiceField(
        choices=["photo", "product"],
        required=False,
        default="photo",
        help_text="`product`: the best photo of each other product, on one page.",
    )


def category_named(name: str, storefront: Storefront) -> Category:
    """The category with this id in the storefront's taxonomy. Raises a validation error."""
    found = (
        Category.objects.filter(
            Q(taxonomy=storefront.taxonomy_id) | Q(taxonomy__is_active=True), external_id=name
        )
        .order_by("taxonomy__is_active")  # the chosen one is the other one, if any
        .first()
    )
    if found is None:
        said = "There is no such category in your taxonomy. Use an id as in `tags`."
        raise serializers.ValidationError({"category": [said]}, code="not_found")
    return found


def taxonomy_of(storefront: Storefront) -> Taxonomy | None:
    """The one its photos are tagged against."""
    return storefront.taxonomy or Taxonomy.objects.filter(is_active=True).first()
