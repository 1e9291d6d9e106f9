"""What the URL says, in a shape the database takes."""

from django.http import QueryDict

LIMIT = 120


def text(params: QueryDict, name: str, *, limit: int = LIMIT) -> str:
    """A parameter as clean text: PostgreSQL refuses NUL, and nobody searches for an essay."""
    return params.get(name, "").replace("\x00", "").strip()[:limit]
