"""Taking photos from the queue: shops in turn, each one's oldest first, under a lease.

A shop that sends a hundred thousand photos has the worker to itself while nobody else waits, and
shares it the moment somebody does: every batch holds as many of each shop, and of more shops than
it has room for, those that were served the longest ago.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from catalog import publishing
from catalog.choices import Status
from catalog.models import Image

# A photo that was in two batches whose worker died is a suspect and travels alone, so that it
# cannot take its neighbours along; after five deaths it is the photo, and it is quarantined.
SUSPECT_AFTER = 2
QUARANTINE_AFTER = 5

# `shops` hops through the index from one shop to the next, so that what a claim costs grows with
# the shops that wait and not with their photos; of each it looks at four times its share. Locks
# are taken in the order of the turns, and no more than the batch needs; rows another worker holds
# are passed over. (The constant limit within lets the planner choose the index.)
FAIR = """
    WITH RECURSIVE shops AS (
        (SELECT storefront_id AS id FROM catalog_image WHERE status = %(pending)s
         ORDER BY storefront_id LIMIT 1)
        UNION ALL
        SELECT (SELECT i.storefront_id FROM catalog_image i
                WHERE i.status = %(pending)s AND i.storefront_id > shops.id
                ORDER BY i.storefront_id LIMIT 1)
        FROM shops WHERE shops.id IS NOT NULL
    ), turns AS MATERIALIZED (
        SELECT s.id, row_number() OVER (ORDER BY s.served_at NULLS FIRST, s.id) AS turn
        FROM catalog_storefront s WHERE s.id IN (SELECT id FROM shops)
        ORDER BY turn LIMIT %(limit)s
    ), waiting AS MATERIALIZED (
        SELECT own.*, row_number() OVER (ORDER BY own.place, turns.turn) AS number
        FROM turns CROSS JOIN LATERAL (
            SELECT * FROM (
                SELECT i.id, i.attempts,
                    row_number() OVER by_age AS place, first_value(i.attempts) OVER by_age AS ahead
                FROM catalog_image i
                WHERE i.storefront_id = turns.id AND i.status = %(pending)s
                  AND (i.lease_expires_at IS NULL OR i.lease_expires_at <= %(now)s)
                WINDOW by_age AS (ORDER BY i.created_at, i.id)
                ORDER BY i.created_at, i.id LIMIT %(limit)s
            ) oldest
            LIMIT (SELECT least(%(limit)s, greatest(2, 4 * %(limit)s / count(*))) FROM turns)
        ) own
    ), first AS MATERIALIZED (
        SELECT attempts >= %(suspect)s AS alone FROM waiting WHERE number = 1
    )
    SELECT i.*, waiting.ahead >= %(suspect)s AND waiting.attempts < %(suspect)s AS passed_over
    FROM waiting CROSS JOIN first JOIN catalog_image i ON i.id = waiting.id
    WHERE CASE WHEN first.alone THEN waiting.number = 1
          ELSE waiting.attempts < %(suspect)s END
      AND i.status = %(pending)s
      AND (i.lease_expires_at IS NULL OR i.lease_expires_at <= %(now)s)
    ORDER BY waiting.number
    LIMIT %(limit)s
    FOR UPDATE OF i SKIP LOCKED
"""
# A shop another worker is serving this very moment has its turn noted by that one.
SERVED = """
    UPDATE catalog_storefront SET served_at = %s + line.place * interval '1 microsecond'
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS line(id, place)
    WHERE catalog_storefront.id = line.id AND catalog_storefront.id IN (
        SELECT id FROM catalog_storefront WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED)
"""


def claim(*, limit: int) -> tuple[uuid.UUID, list[Image]]:
    """Lease up to `limit` waiting photos, of shops in turn; suspects one at a time."""
    token = uuid.uuid4()
    now = timezone.now()
    with transaction.atomic():
        images = _next(limit, now)
        while images and images[0].attempts >= QUARANTINE_AFTER:
            publishing.fail(
                image=images[0],
                code="worker_stopped",
                reason=f"The worker stopped {images[0].attempts} times while processing this "
                "photo. Check that it opens elsewhere, then retry.",
            )
            images = _next(limit, now)
        Image.objects.filter(pk__in=[image.pk for image in images]).update(
            lease_token=token,
            started_at=now,
            lease_expires_at=now + timedelta(seconds=settings.VITRINE_LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    return token, images


def release(*, token: uuid.UUID) -> None:
    """Give a lease back at once, and take back the attempt it counted."""
    held = Image.objects.filter(lease_token=token, status=Status.PENDING)
    held.update(lease_token=None, lease_expires_at=None, attempts=F("attempts") - 1)


def _next(limit: int, now: datetime) -> list[Image]:
    """The next batch, locked, and its shops' turns noted."""
    values = {
        "pending": Status.PENDING.value,
        "suspect": SUSPECT_AFTER,
        "limit": limit,
        "now": now,
    }
    images: list[Image] = list(Image.objects.raw(FAIR, values))
    alone = bool(images) and images[0].attempts >= SUSPECT_AFTER
    if not alone and len(images) < limit:
        # Perhaps other workers are taking just those, and there is more behind them.
        others = Image.objects.awaiting_worker(now).filter(attempts__lt=SUSPECT_AFTER)
        others = others.exclude(pk__in=[image.pk for image in images])
        images += others.select_for_update(skip_locked=True)[: limit - len(images)]
    _note_turns(images, now)
    return images


def _note_turns(images: Sequence[Image], now: datetime) -> None:
    """Put the shops of these photos at the end of the line; not one whose suspect was passed
    over, so that the suspect is first, and travels alone, the next time."""
    waited_behind = {image.storefront_id for image in images if _passed_over(image)}
    in_turn = dict.fromkeys(image.storefront_id for image in images)
    served = [shop for shop in in_turn if shop not in waited_behind]
    if served:
        with connection.cursor() as cursor:
            cursor.execute(SERVED, [now, served, served])


def _passed_over(image: Image) -> bool:
    """Whether an older photo of its shop, a suspect, was left behind for it."""
    return bool(getattr(image, "passed_over", False))
