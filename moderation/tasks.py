"""Celery tasks: fetch, then call one verb. Importing this module must not import torch."""

from celery import shared_task

from catalog import doorbell
from catalog.encoders import load_configured
from catalog.models import Encoder
from moderation import blind, chunks, embedding, prompts, reviewing, settling, sweeping


@shared_task(ignore_result=True)
def tend() -> None:
    """Let decisions take effect whose undo window has passed, claims expire, and draw the sample
    of decisions that get a second look."""
    settling.settle_due()
    reviewing.expire_claims()
    blind.sample()


@shared_task(ignore_result=True)
def embed_exemplars() -> None:
    """Embed exemplars and prompts that are new, so that the next batch need not."""
    active = Encoder.objects.filter(is_active=True).first()
    if active and not (embedding.missing(active).exists() or prompts.missing(active).exists()):
        return
    encoder = load_configured()
    embedding.embed_missing(encoder)
    prompts.encode_missing(encoder)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Do one chunk of a sweep, then ring for the next."""
    wait = chunks.run_chunk()
    if wait is not None:
        doorbell.ring(sweeping.SWEEP, countdown=wait)
