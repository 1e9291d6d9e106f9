"""Attributes in the database: what a file would change, and applying it.

Attributes and values are known by the ids of their file, so importing a newer one keeps what photos
have: renamed and reworded values stay the same rows, and what is no longer in the file is retired.
What a file does not name is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.db import transaction

from catalog import doorbell
from catalog.attributes.files import STARTER, Asked, AttributesError, Value, read
from catalog.attributes.vectors import words_digest
from catalog.models import Attribute, AttributeValue

ENCODE = "catalog.tasks.encode_categories"


@dataclass
class Changes:
    """What applying a file would do, as “Colour” and “Colour: red”, in the file's order."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)

    def by_kind(self) -> dict[str, list[str]]:
        return {kind: each for kind, each in vars(self).items() if each}

    def __bool__(self) -> bool:
        return bool(self.by_kind())

    def __str__(self) -> str:
        counted = [f"{len(names)} {kind}" for kind, names in self.by_kind().items()]
        return ", ".join(counted) or "nothing changed"


def open_file(path: Path) -> tuple[Asked, ...]:
    """Read a file. Raises `AttributesError`."""
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise AttributesError(f"{path} cannot be read: {error.strerror}.") from error
    except AttributesError as error:
        raise AttributesError(f"{path}: {error}") from error


@transaction.atomic
def apply(*, asked: Sequence[Asked], dry_run: bool = False) -> Changes:
    """Bring the database to what a file says; a second time changes nothing at all.

    Whether an attribute is switched on is not the file's to say. `dry_run` only looks. Rings the
    worker to encode what is new.
    """
    list(Attribute.objects.select_for_update().order_by("pk"))  # one import at a time
    changes = Changes()
    for each in asked:
        _write(each, changes)
    if dry_run:
        transaction.set_rollback(True)
    elif changes:
        transaction.on_commit(partial(doorbell.ring, ENCODE))
    return changes


def load(*, path: Path = STARTER) -> Changes:
    """Read a file into the database. Raises `AttributesError`."""
    return apply(asked=open_file(path))


@transaction.atomic
def switch(*, attribute: Attribute, on: bool) -> None:
    """Ask photos for an attribute from now on, or no more; what they have is kept."""
    Attribute.objects.select_for_update().get(pk=attribute.pk)
    attribute.is_active = on
    attribute.save(update_fields=["is_active", "updated_at"])
    if on:
        transaction.on_commit(partial(doorbell.ring, ENCODE))


def _write(asked: Asked, changes: Changes) -> None:
    wanted = {
        "name": asked.name,
        "method": asked.method,
        "is_exclusive": asked.is_exclusive,
        "threshold": asked.threshold,
        "templates": list(asked.templates),
    }
    attribute, is_new = Attribute.objects.get_or_create(
        slug=asked.slug, defaults={**wanted, "position": Attribute.objects.count()}
    )
    touched = _set(attribute, wanted)
    if is_new or touched:
        (changes.added if is_new else changes.changed).append(asked.name)
    known = {row.slug: row for row in attribute.values.all()}
    for position, value in enumerate(asked.values):
        row = known.pop(value.slug, None) or AttributeValue(attribute=attribute, slug=value.slug)
        touched |= _write_value(row, value, position, changes)
    for row in known.values():
        if not row.is_retired:
            row.is_retired = touched = True
            row.save(update_fields=["is_retired"])
            changes.retired.append(f"{asked.name}: {row.name}")
    if touched:
        attribute.save()  # workers tell by `updated_at`


def _write_value(row: AttributeValue, value: Value, position: int, changes: Changes) -> bool:
    """Says whether anything was written."""
    differs = _set(
        row,
        {
            "name": value.name,
            "synonyms": list(value.synonyms),
            "prompts": list(value.prompts),
            "swatches": list(value.swatches),
            "is_contrast": value.is_contrast,
        },
    )
    digest = words_digest(row)  # also over the attribute's templates
    called = f"{row.attribute.name}: {value.name}"
    if row.pk is None:
        changes.added.append(called)
    elif row.is_retired:
        changes.revived.append(called)
    elif differs or row.words_digest != digest:
        changes.changed.append(called)
    elif row.position == position:
        return False
    row.words_digest, row.position, row.is_retired = digest, position, False
    row.save()
    return True


def _set(row: Attribute | AttributeValue, wanted: dict[str, object]) -> bool:
    """Says whether anything is another now."""
    differs = any(getattr(row, name) != value for name, value in wanted.items())
    for name, value in wanted.items():
        setattr(row, name, value)
    return differs
