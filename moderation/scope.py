"""Which decisions a question is about: a time, and perhaps one policy or one storefront."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import Image, Storefront
from moderation.models import Policy

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True)
class Scope:
    """From `since` up to, not including, `until`.

    The policy of a decision is the one its review was opened for; where a person had asked for
    the review, the one it was removed under. `person` narrows to one moderator's decisions.
    """

    since: datetime
    until: datetime
    policy: Policy | None = None
    storefront: Storefront | None = None
    person: User | None = None

    @classmethod
    def last(cls, days: int, **narrowed: Any) -> "Scope":
        """Today and the days before it, whole days of the site's time zone."""
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        until = today + timedelta(days=1)
        return cls(since=until - timedelta(days=days), until=until, **narrowed)

    def of_decisions(self, rows: Rows, prefix: str = "") -> Rows:
        """Rows whose decision, reached by `prefix`, is of this policy and storefront."""
        if self.policy is not None:
            about, removed = f"{prefix}about", f"{prefix}policy"
            rows = rows.filter(
                Q(**{about: self.policy}) | Q(**{f"{about}__isnull": True, removed: self.policy})
            )
        if self.storefront is not None:
            photo = Image.objects.filter(
                pk=OuterRef(f"{prefix}image_id"), storefront=self.storefront
            )
            rows = rows.filter(Exists(photo))
        return rows

    def of_photos(self, rows: Rows) -> Rows:
        """Rows with a `policy` and an `image` of their own: flags and reviews."""
        if self.policy is not None:
            rows = rows.filter(policy=self.policy)
        if self.storefront is not None:
            rows = rows.filter(image__storefront=self.storefront)
        elif sandboxes := Storefront.objects.sandbox_ids():
            rows = rows.exclude(image__storefront__in=sandboxes)
        return rows
