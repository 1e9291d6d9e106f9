"""Celery tasks: fetch, then call one verb. Importing this module must not import torch."""

from celery import shared_task

from moderation import deciding, reviewing


@shared_task(ignore_result=True)
def tend() -> None:
    """Let decisions take effect whose undo window has passed, and claims expire."""
    deciding.settle_due()
    reviewing.expire_claims()
