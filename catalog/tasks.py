"""Celery tasks: fetch, then call one verb. Importing this module must not import torch."""

from celery import shared_task
from django.conf import settings

from catalog import doorbell


@shared_task(ignore_result=True)
def drain() -> None:
    """Somebody rang: process what waits, for a while, then ring again if more does."""
    from catalog.encoders import load_configured
    from catalog.models import Image
    from catalog.pipeline import drain as drain_queue
    from catalog.pipeline import load_stages
    from django.utils import timezone

    if not Image.objects.awaiting_worker(timezone.now()).exists():
        return
    result = drain_queue(
        encoder=load_configured(), stages=load_stages(), seconds=settings.VITRINE_DRAIN_SECONDS
    )
    if result.more:
        doorbell.ring()
