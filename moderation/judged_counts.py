"""Counting photos that were judged and forgotten: the one thing that is kept of them."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.models import Storefront
from moderation.models import JudgedCount


@transaction.atomic
def count(*, storefront: Storefront, status: str) -> None:
    """One photo more on this day (UTC)."""
    row, _ = JudgedCount.objects.get_or_create(
        storefront=storefront, day=timezone.now().date(), status=status
    )
    JudgedCount.objects.filter(pk=row.pk).update(photos=F("photos") + 1)
