"""What boot can verify about the catalog, with a hint for each remedy."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection
from django.db.utils import OperationalError, ProgrammingError
from django.utils.module_loading import import_string


@register()
def stages_importable(**_: Any) -> list[CheckMessage]:
    """Every stage of the conveyor can be imported, and the last one publishes."""
    problems: list[CheckMessage] = []
    for path in settings.VITRINE_STAGES:
        try:
            import_string(path)
        except ImportError as error:
            problems.append(
                Error(
                    f"Stage {path!r} cannot be imported: {error}",
                    hint="Correct or remove it in VITRINE_STAGES.",
                    id="vitrine.E001",
                )
            )
    return problems


@register()
def tag_settings_are_shares(**_: Any) -> list[CheckMessage]:
    """What a tag has to reach, and how many shall be right, are shares."""
    return [
        Error(
            f"{name} is {getattr(settings, name)}, which is no share.",
            hint="Set it to more than 0 and at most 1, for example 0.3.",
            id="vitrine.E005",
        )
        for name in ("VITRINE_TAG_THRESHOLD", "VITRINE_TAG_PRECISION")
        if not 0 < getattr(settings, name) <= 1
    ]


@register(Tags.database)
def vector_extension(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """PostgreSQL has pgvector, recent enough for halfvec."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT default_version FROM pg_available_extensions WHERE name='vector'"
            )
            row = cursor.fetchone()
    except OperationalError as error:
        return [
            Error(
                f"The database cannot be reached: {error}",
                hint="Check DATABASE_URL, or unset it to use the embedded PostgreSQL.",
                id="vitrine.E002",
            )
        ]
    if row is None or tuple(int(part) for part in row[0].split(".")[:2]) < (0, 7):
        return [
            Error(
                f"pgvector {row[0] if row else 'is missing'}: version 0.7 or newer is needed.",
                hint="Install the package postgresql-NN-pgvector on the database server.",
                id="vitrine.E003",
            )
        ]
    return []


@register(Tags.database)
def stored_dimensions(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The stored vectors have the dimension their encoder declares."""
    if not databases:
        return []
    query = """
        SELECT e.name, e.dimension, vector_dims(sample.vector)
        FROM catalog_encoder e
        CROSS JOIN LATERAL (
            SELECT vector FROM catalog_embedding WHERE encoder_id = e.id LIMIT 1
        ) sample
        WHERE vector_dims(sample.vector) <> e.dimension
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            wrong = cursor.fetchall()
    except (OperationalError, ProgrammingError):
        return [
            Warning(
                "The tables are not there yet.", hint="Run manage.py migrate.", id="vitrine.W001"
            )
        ]
    return [
        Error(
            f"Encoder {name} has dimension {declared}, its stored vectors have {stored}.",
            hint="The rows were written by another model; embed the photos again.",
            id="vitrine.E004",
        )
        for name, declared, stored in wrong
    ]
