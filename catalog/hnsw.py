"""HNSW indexes as the database lists them. The list is the state: nothing beside it can disagree.

An index is `… WHERE encoder_id = e AND generation <= g`, and its name says e and g.
"""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.utils import OperationalError
from psycopg import sql

from catalog.models import Encoder

log = logging.getLogger(__name__)

TABLE = "catalog_embedding"
# Chosen with `benchmarks/search.py`; the figures are in docs/benchmarks.md.
M = 24
EF_CONSTRUCTION = 200


@dataclass(frozen=True)
class Index:
    """An index of one encoder; `rows` is the database's own estimate."""

    name: str
    generation: int
    is_valid: bool
    rows: int


def indexes(encoder: Encoder) -> list[Index]:
    """Every index of the encoder, also those that were left half built."""
    prefix = f"embedding_hnsw_e{encoder.pk}_g"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid, c.reltuples FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indrelid = %s::regclass AND starts_with(c.relname, %s)",
            [TABLE, prefix],
        )
        return [
            Index(name, int(name.removeprefix(prefix)), is_valid, max(0, int(rows)))
            for name, is_valid, rows in cursor.fetchall()
        ]


def current(encoder: Encoder) -> Index | None:
    """The index that searches may use; None while there is none and all is scanned."""
    return max(
        (index for index in indexes(encoder) if index.is_valid),
        key=lambda index: index.generation,
        default=None,
    )


def create(*, encoder: Encoder, generation: int) -> None:
    """CREATE INDEX, in parallel; without parallel workers where shared memory is too small."""
    statement = sql.SQL(
        "CREATE INDEX CONCURRENTLY {name} ON {table} "
        "USING hnsw ((vector::halfvec({dimension})) halfvec_ip_ops) "
        "WITH (m = {m}, ef_construction = {ef}) "
        "WHERE encoder_id = {encoder} AND generation <= {generation}"
    ).format(
        name=sql.Identifier(f"embedding_hnsw_e{encoder.pk}_g{generation}"),
        table=sql.Identifier(TABLE),
        dimension=sql.Literal(encoder.dimension),
        m=sql.Literal(M),
        ef=sql.Literal(EF_CONSTRUCTION),
        encoder=sql.Literal(encoder.pk),
        generation=sql.Literal(generation),
    )
    for workers in dict.fromkeys((settings.VITRINE_INDEX_WORKERS, 0)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('maintenance_work_mem', %s, false), "
                "set_config('max_parallel_maintenance_workers', %s, false)",
                [f"{settings.VITRINE_INDEX_MEMORY_MB}MB", str(workers)],
            )
            try:
                cursor.execute(statement)
                return
            except OperationalError as error:
                # A container's /dev/shm is 64 MB unless told otherwise.
                if not workers or "shared memory" not in str(error):
                    raise
                log.warning("Building in one process: %s", error)
            finally:
                if connection.is_usable():
                    cursor.execute("RESET maintenance_work_mem")
                    cursor.execute("RESET max_parallel_maintenance_workers")
        for index in indexes(encoder):
            if not index.is_valid:
                drop(index=index)


def drop(*, index: Index) -> None:
    with connection.cursor() as cursor:
        statement = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
        cursor.execute(statement.format(sql.Identifier(index.name)))
