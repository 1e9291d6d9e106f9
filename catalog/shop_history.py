"""Writing what people did to a storefront and its keys. Appended, never edited."""

from django.contrib.auth.models import AbstractBaseUser

from catalog.choices import ShopEvent
from catalog.models import ApiKey, Storefront, StorefrontEvent


def record(
    *,
    storefront: Storefront,
    kind: ShopEvent,
    summary: str,
    by: AbstractBaseUser | None,
    key: ApiKey | None = None,
) -> None:
    """Append one event; `by` is None for the command line."""
    StorefrontEvent.objects.create(
        storefront=storefront,
        key=key,
        kind=kind,
        summary=summary[:300],
        actor_id=by.pk if by else None,
    )
