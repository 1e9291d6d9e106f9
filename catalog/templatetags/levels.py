"""How sure each level of a tag's path is, for pages."""

from django import template

from catalog.models import Tag

register = template.Library()


@register.inclusion_tag("catalog/_level_bar.html")
def level_bar(score: float, threshold: float) -> dict[str, str]:
    """A probability as a bar, with a tick where it was sure enough (units: percent)."""
    return {
        "width": f"{max(0.0, min(score, 1.0)) * 100:.1f}",
        "tick": f"{max(0.0, min(threshold, 1.0)) * 100:.1f}",
    }


@register.filter
def levels(tag: Tag) -> list[tuple[str, float]]:
    """(name, probability) of each level of a tag's path, the root first; empty for tags from
    before levels were kept, and where the path is another one by now."""
    names = tag.category.path.split(" ▸ ")
    return list(zip(names, tag.levels, strict=True)) if len(names) == len(tag.levels) else []
