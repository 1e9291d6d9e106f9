"""`wait=N`: answering only once a photo is processed, or so many seconds are over.

The request keeps its thread meanwhile, so only a few may wait at once; others are answered at
once, as if they had not asked. Nothing is held in the database: it is asked now and then.
"""

import time
from threading import BoundedSemaphore
from uuid import UUID

from django.conf import settings

from catalog.choices import Status
from catalog.models import Image

LONGEST = 30  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5

_waiters = BoundedSemaphore(settings.VITRINE_API_WAITERS) if settings.VITRINE_API_WAITERS else None


def wait_for(image_id: UUID, *, seconds: int) -> bool:
    """Whether the photo is processed, or failed, within so many seconds.

    False at once when as many requests of this process wait already as may.
    """
    if not seconds or _waiters is None or not _waiters.acquire(blocking=False):
        return False
    try:
        return _watch(image_id, time.monotonic() + seconds)
    finally:
        _waiters.release()


def _watch(image_id: UUID, until: float) -> bool:
    pending = Image.objects.filter(pk=image_id, status=Status.PENDING)
    pause = FIRST_PAUSE
    while pending.exists():
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return True
