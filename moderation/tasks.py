"""Celery tasks of moderation: fetch, then call one verb."""

from celery import shared_task


@shared_task(ignore_result=True)
def embed_exemplars() -> None:
    """Embed exemplars added since the last batch, so that the next one does not wait for it."""
    from catalog.encoders import load_configured
    from moderation.matching import embed_missing

    embed_missing(load_configured())
