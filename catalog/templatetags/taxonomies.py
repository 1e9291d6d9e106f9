"""Numbers and words for the pages of taxonomies."""

from django import template

from catalog.templatetags.console import span

register = template.Library()

KINDS = {
    "added": "New",
    "renamed": "Renamed",
    "moved": "Moved to another parent",
    "reworded": "Other synonyms",
    "renumbered": "Other ids",
    "revived": "Back again",
    "retired": "Retired",
}


@register.filter
def thousands(number: int) -> str:
    """10594 → "10,594"."""
    return f"{number:,}"


@register.filter
def lasting(seconds: int) -> str:
    """A length of time in words."""
    return span(seconds)


@register.filter
def kind_of_change(kind: str) -> str:
    return KINDS[kind]
