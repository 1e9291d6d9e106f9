"""The map as one compact file that a browser fetches once: a few bytes per photo.

Little-endian: the four letters VMAP, the number of photos and the length of a JSON text (uint32
each), four bytes of nothing; then the JSON, padded with spaces to a multiple of four; then, photo
after photo within each array: places (2 × float32), category (uint16, an index into the JSON's),
status (uint8, likewise) and id (16 bytes).
"""

import json
import struct
from collections import Counter
from dataclasses import dataclass

import numpy as np
from django.db import connection

from catalog.choices import Status
from catalog.models import Projection

UNTAGGED = "No tag"

# The best tag's category from the top of the tree; the best one is of the projection's encoder.
_POINTS = """
SELECT point.x, point.y, image.id, image.status, best.name
FROM catalog_mappoint point
JOIN catalog_embedding embedding ON embedding.id = point.embedding_id
JOIN catalog_image image ON image.id = embedding.image_id
LEFT JOIN LATERAL (
    SELECT split_part(category.path, ' ▸ ', 1) AS name
    FROM catalog_tag tag JOIN catalog_category category ON category.id = tag.category_id
    WHERE tag.image_id = image.id AND tag.encoder_id = embedding.encoder_id
    ORDER BY tag.rank, tag.id LIMIT 1
) best ON true
WHERE point.projection_id = %s
ORDER BY point.id
"""


@dataclass(frozen=True)
class Group:
    """Photos of one colour, as the list beneath the map has them."""

    name: str
    count: int
    total: int

    @property
    def share(self) -> str:
        """Of all photos on the map, in percent, for people."""
        percent = 100 * self.count / self.total
        return f"{percent:.0f} %" if percent >= 1 else "less than 1 %"


def pack(projection: Projection) -> bytes:
    """The file for this projection, as things are now."""
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, [projection.pk])
        rows = cursor.fetchall()
    counted = Counter(name or UNTAGGED for *_, name in rows)
    names = [name for name, _ in _by_count(counted)]
    number = {name: n for n, name in enumerate(names)}
    statuses = {status: n for n, status in enumerate(Status.values)}
    places = np.array([row[:2] for row in rows], dtype="<f4")
    categories = np.array([number[row[4] or UNTAGGED] for row in rows], dtype="<u2")
    status = np.array([statuses[row[3]] for row in rows], dtype="u1")
    head = json.dumps(
        {"projection": projection.pk, "categories": names, "statuses": Status.choices}
    ).encode()
    head += b" " * (-len(head) % 4)
    ids = b"".join(row[2].bytes for row in rows)
    start = struct.pack("<4sIII", b"VMAP", len(rows), len(head), 0)
    return start + head + places.tobytes() + categories.tobytes() + status.tobytes() + ids


def groups(projection: Projection) -> list[Group]:
    """How many photos of the map are in each top category, the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, count(*) FROM ({_POINTS}) point GROUP BY name",  # noqa: S608
            [projection.pk],
        )
        counted = Counter({name or UNTAGGED: count for name, count in cursor.fetchall()})
    total = counted.total()
    return [Group(name, count, total) for name, count in _by_count(counted)]


def _by_count(counted: Counter[str]) -> list[tuple[str, int]]:
    """The largest first, and what has no tag last; names settle ties."""
    return sorted(counted.items(), key=lambda each: (each[0] == UNTAGGED, -each[1], each[0]))
