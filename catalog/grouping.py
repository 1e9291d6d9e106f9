"""Groups of near-duplicates over a whole storefront, made in the background.

Every photo is compared with every other of its storefront once, exactly (`ml.pairs`). A photo that
has not been is the work that is left, whatever the reason: it is new, a process was killed, or the
encoder is another. Each chunk commits what it compared together with the links it found; the groups
are what links connect. Storefronts are computed apart, so that tenants never meet.
"""

from collections.abc import Iterable
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.locks import alone
from catalog.ml.pairs import Near, Pairs, components
from catalog.models import (
    ComparedPhoto,
    DuplicateGroup,
    DuplicateLink,
    DuplicateMember,
    Embedding,
    Encoder,
    Grouping,
    IgnoredDuplicates,
    Image,
    Storefront,
)

GROUP = "catalog.tasks.group_duplicates"
CHUNK = 2_000  # photos compared in one transaction
SAMPLE = 5_000  # photos that say how vectors lie
LOCK = 0xD0B1  # first half of the advisory lock's key; the second is the storefront
WORTH_HASHING = 50  # PDQ quality below which plain pictures meet by accident

ALL = 0  # no storefront's key

# A halfvec and a bit string are read as the bytes they are.
READ = """
COPY (
  SELECT vector.image_id, vector.vector, hash.pdq FROM catalog_embedding vector
  JOIN catalog_image image ON image.id = vector.image_id
  LEFT JOIN catalog_perceptualhash hash
    ON hash.image_id = vector.image_id AND hash.quality >= %(quality)s
  WHERE vector.encoder_id = %(encoder)s AND image.storefront_id = %(storefront)s
    AND EXISTS (SELECT FROM catalog_comparedphoto compared WHERE
                compared.grouping_id = %(grouping)s AND compared.image_id = vector.image_id
               ) = %(compared)s
  ORDER BY vector.id LIMIT %(limit)s
) TO STDOUT (FORMAT BINARY)
"""


class _Photos:
    """Photos as they were read: ids, vectors (n, dimension), hashes (n, 32), and which of these
    count (n,)."""

    def __init__(self, rows: Iterable[tuple[UUID, bytes, bytes | None]], dimension: int) -> None:
        found = list(rows)
        self.ids = [key for key, _, _ in found]
        # A halfvec begins with four bytes about its length, a bit string too.
        vectors = b"".join(vector[4:] for _, vector, _ in found)
        self.vectors = np.frombuffer(vectors, ">f2").reshape(-1, dimension).astype(np.float32)
        hashes = b"".join(bytes(32) if hash_ is None else hash_[4:] for _, _, hash_ in found)
        self.hashes = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
        self.hashed = np.array([hash_ is not None for _, _, hash_ in found], np.bool_)


def behind(encoder: Encoder) -> list[Storefront]:
    """Storefronts with photos that were not compared yet, or with links that no group shows."""
    compared = ComparedPhoto.objects.filter(grouping__encoder=encoder, image=OuterRef("image_id"))
    left = Embedding.objects.filter(~Exists(compared), encoder=encoder)
    waiting = left.filter(image__storefront=OuterRef("pk"))
    stale = Grouping.objects.filter(storefront=OuterRef("pk"), encoder=encoder, is_stale=True)
    return list(Storefront.objects.filter(Exists(waiting) | Exists(stale)).order_by("pk"))


def waiting_in(storefront: Storefront, encoder: Encoder) -> int:
    """How many of its photos were not compared yet."""
    compared = ComparedPhoto.objects.filter(grouping__encoder=encoder, image=OuterRef("image_id"))
    rows = Embedding.objects.filter(~Exists(compared), encoder=encoder)
    return rows.filter(image__storefront=storefront).count()


def catch_up_all(*, encoder: Encoder) -> int:
    """`catch_up` every storefront that is behind; 0 at once while another process does."""
    with alone(LOCK, ALL) as mine:
        if not mine:
            return 0
        return sum(catch_up(storefront=each, encoder=encoder) for each in behind(encoder))


def catch_up(*, storefront: Storefront, encoder: Encoder) -> int:
    """Compare what was not compared yet and make the groups anew; how many photos that was.

    May be killed at any time: the next call goes on with the chunk that was lost. 0 at once while
    another process is at it.
    """
    with alone(LOCK, storefront.pk) as mine:
        if not mine:
            return 0
        grouping, made = Grouping.objects.get_or_create(storefront=storefront, encoder=encoder)
        done, near, ids = 0, None, list[UUID]()
        while (chunk := _read(grouping, compared=False, limit=CHUNK)).ids:
            if near is None:
                known = _read(grouping, compared=True)
                near = Near(np.concatenate([known.vectors, chunk.vectors])[:SAMPLE])
                near.take(known.vectors, known.hashes, known.hashed)
                ids = known.ids
                del known
            ids += chunk.ids
            pairs = near.add(chunk.vectors, chunk.hashes, chunk.hashed)
            _store(grouping=grouping, compared=chunk.ids, ids=ids, pairs=pairs)
            done += len(chunk.ids)
        grouping.refresh_from_db()
        if made or grouping.is_stale:
            regroup(grouping_id=grouping.pk)
        # Groups by an encoder that is used no more.
        Grouping.objects.filter(storefront=storefront).exclude(encoder=encoder).delete()
        return done


def _read(grouping: Grouping, *, compared: bool, limit: int | None = None) -> _Photos:
    params = {
        "quality": WORTH_HASHING,
        "encoder": grouping.encoder_id,
        "storefront": grouping.storefront_id,
        "grouping": grouping.pk,
        "compared": compared,
        "limit": limit,
    }
    dimension = grouping.encoder.dimension  # nothing else may be asked while rows are copied
    with connection.cursor() as cursor, cursor.copy(READ, params) as copy:
        copy.set_types(["uuid", "bytea", "bytea"])
        return _Photos(copy.rows(), dimension)


@transaction.atomic
def _store(*, grouping: Grouping, compared: list[UUID], ids: list[UUID], pairs: Pairs) -> None:
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    linked = [(ids[first], ids[second]) for first, second in ends]
    involved = {*compared, *(key for pair in linked for key in pair)}
    # Locked, so that none is erased between here and the commit.
    there = set(
        Image.objects.select_for_update(no_key=True)
        .filter(pk__in=involved)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    ComparedPhoto.objects.bulk_create(
        (ComparedPhoto(grouping=grouping, image_id=key) for key in compared if key in there),
        ignore_conflicts=True,
        batch_size=5_000,
    )
    links = [
        DuplicateLink(
            grouping=grouping,
            left_id=min(pair),
            right_id=max(pair),
            cosine=min(1.0, float(cosine)),
            bits=int(bits) if bits >= 0 else None,
        )
        for pair, cosine, bits in zip(linked, pairs.cosine, pairs.bits, strict=True)
        if there.issuperset(pair)
    ]
    DuplicateLink.objects.bulk_create(links, ignore_conflicts=True, batch_size=5_000)
    if links:
        Grouping.objects.filter(pk=grouping.pk).update(is_stale=True)


@transaction.atomic
def regroup(*, grouping_id: int) -> bool:
    """Make the groups what the links connect; False if they were that. Those that stay keep their
    rows, so that whoever looks at one may still act on it."""
    grouping = Grouping.objects.select_for_update().get(pk=grouping_id)
    numbers: dict[UUID, int] = {}
    links = grouping.links.order_by("pk").values_list("left", "right")
    pairs = [
        (numbers.setdefault(left, len(numbers)), numbers.setdefault(right, len(numbers)))
        for left, right in links.iterator()
    ]
    keys = list(numbers)
    wanted = {frozenset(keys[number] for number in group) for group in components(pairs)}
    there: dict[int, set[UUID]] = {pk: set() for pk in grouping.groups.values_list("pk", flat=True)}
    members = DuplicateMember.objects.filter(group__grouping=grouping)
    for group, image in members.values_list("group", "image"):
        there[group].add(image)
    kept = {frozenset(images) for images in there.values()} & wanted
    gone = [group for group, images in there.items() if frozenset(images) not in kept]
    DuplicateGroup.objects.filter(pk__in=gone).delete()
    new = sorted(wanted - kept, key=lambda images: (-len(images), min(images)))
    if new or gone:
        grouping.version += 1
        _make(grouping, new)
    grouping.is_stale = False
    grouping.grouped_at = timezone.now()
    grouping.save(update_fields=["version", "is_stale", "grouped_at"])
    return bool(new or gone)


def _make(grouping: Grouping, groups: list[frozenset[UUID]]) -> None:
    ignored: dict[UUID, list[set[UUID]]] = {}
    for images in IgnoredDuplicates.objects.filter(storefront=grouping.storefront_id).values_list(
        "image_ids", flat=True
    ):
        for key in images:
            ignored.setdefault(key, []).append(set(images))
    rows = DuplicateGroup.objects.bulk_create(
        DuplicateGroup(
            grouping=grouping,
            version=grouping.version,
            size=len(images),
            is_ignored=any(images <= said for said in ignored.get(min(images), [])),
        )
        for images in groups
    )
    DuplicateMember.objects.bulk_create(
        (
            DuplicateMember(group=row, image_id=key)
            for row, images in zip(rows, groups, strict=True)
            for key in images
        ),
        batch_size=5_000,
    )
