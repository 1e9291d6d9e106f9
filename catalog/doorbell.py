"""Ringing the worker. The message carries nothing: the work is in the database."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

DRAIN = "catalog.tasks.drain"  # by name: whoever rings needs none of the worker's code


def ring(task: str = DRAIN, *, countdown: float | None = None) -> None:
    """Tell a worker that work waits, by default photos; `countdown` is in seconds. A broker that
    cannot be reached costs latency, nothing else: beat rings too."""
    try:
        current_app.send_task(
            task, countdown=countdown, expires=60, ignore_result=True, retry=False
        )
    except (OperationalError, OSError) as error:
        log.warning("The broker cannot be reached (%s); work waits for the next ring.", error)
