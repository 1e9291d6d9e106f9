"""Celery tasks: fetch, then call one verb. Importing this module must not import torch."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from catalog import doorbell, labels, pipeline, taxonomy, taxonomy_vectors
from catalog.encoders import load_configured
from catalog.models import Image

ENCODE_SECONDS = 5


@shared_task(ignore_result=True)
def drain() -> None:
    """Somebody rang: process what waits, for a while, then ring again if more does."""
    if not Image.objects.awaiting_worker(timezone.now()).exists():
        return
    result = pipeline.drain(
        encoder=load_configured(),
        stages=pipeline.load_stages(),
        seconds=settings.VITRINE_DRAIN_SECONDS,
    )
    if result.more:
        doorbell.ring()


@shared_task(expires=30)
def score_label(image_id: str, label: str) -> labels.LabelScore:
    """Interactive: what would the encoder say if this label were a category?"""
    image = Image.objects.get(pk=image_id)
    return labels.score_label(image=image, label=label, encoder=load_configured())


@shared_task(ignore_result=True)
def encode_categories() -> None:
    """Text vectors of categories, for a few seconds at a time.

    On the pipeline's queue: that worker has the device. Between two drains photos wait for no
    more than one such turn, and people at the interactive queue wait for none.
    """
    if not taxonomy_vectors.has_work():
        return
    done = taxonomy_vectors.encode_missing(encoder=load_configured(), seconds=ENCODE_SECONDS)
    if taxonomy_vectors.has_work():
        # Nothing done: another worker has the rest, and may yet lose it.
        doorbell.ring(taxonomy.ENCODE, countdown=None if done else ENCODE_SECONDS)
