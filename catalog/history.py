"""Writing a photo's history. Events are appended, never edited."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from catalog.models import Event, Image


def event(
    *,
    image: Image,
    kind: str,
    summary: str,
    actor: AbstractBaseUser | None = None,
    **data: Any,
) -> Event:
    """An event not yet saved; hand it to `record`. `data` must be JSON-serialisable."""
    return Event(
        image=image,
        kind=kind,
        summary=summary[:300],
        actor_id=actor.pk if actor else None,
        data=data,
    )


def record(events: Iterable[Event]) -> None:
    """Append events, in order, in one statement."""
    Event.objects.bulk_create(list(events))
