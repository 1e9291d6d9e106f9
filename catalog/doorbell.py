"""Ringing the worker. The message carries nothing: the work is in the database."""

import logging

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring() -> None:
    """Tell a worker that photos wait. A broker that cannot be reached costs latency, nothing
    else: beat rings too."""
    from catalog.tasks import drain

    try:
        drain.apply_async(expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("The broker cannot be reached (%s); photos wait for the next ring.", error)
