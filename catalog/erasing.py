"""Erasing photos: rows, vectors, tags, answers that were kept, and files.

What stays is history: events and decisions, and a tombstone that says who erased which digest.
Whoever works on the photo meanwhile finds its row gone and writes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from catalog import history, idempotency, webhooks
from catalog.choices import EventKind, Occurrence
from catalog.models import DoomedFile, IgnoredDuplicates, Image, Tombstone
from catalog.models.image import ImageQuerySet

FILES_AT_ONCE = 500
# Whoever erased the photo is deleting its files until then.
LEFT_BEHIND = timedelta(minutes=1)


@transaction.atomic
def erase(
    images: ImageQuerySet, *, by: str = "the operator", actor: AbstractBaseUser | None = None
) -> int:
    """Delete photos and everything stored about them; returns how many there were.

    `by` says in words who asked for it. Files go once the rows are gone for good.
    """
    # Whoever works on a photo has locked its row as well: this waits, or they find it gone.
    found = list(images.select_for_update(of=("self",)).order_by("pk"))
    if not found:
        return 0
    keys = [image.pk for image in found]
    webhooks.emit_all([webhooks.Happening(image, Occurrence.IMAGE_DELETED) for image in found])
    for path in settings.VITRINE_ERASERS:
        import_string(path)(images=found, by=by, actor=actor)
    for image in found:
        idempotency.forget_about(storefront_id=image.storefront_id, image_id=image.pk)
    history.record(
        history.event(image=image, kind=EventKind.ERASED, summary=f"Erased by {by}", actor=actor)
        for image in found
    )
    Tombstone.objects.bulk_create(
        Tombstone(
            image_id=image.pk,
            storefront_id=image.storefront_id,
            sha256=image.sha256,
            erased_by=by[:200],
        )
        for image in found
    )
    names = [
        str(field.name)
        for image in found
        for field in (image.original, image.display, image.thumbnail)
        if field
    ]
    DoomedFile.objects.bulk_create([DoomedFile(name=name) for name in names], ignore_conflicts=True)
    _forget_groups(keys)
    Image.objects.filter(pk__in=keys).delete()
    transaction.on_commit(lambda: _delete_files(names))
    return len(found)


def _forget_groups(keys: Sequence[UUID]) -> None:
    """What was said of photos beside each other holds for those that are left."""
    gone = set(keys)
    for row in IgnoredDuplicates.objects.filter(image_ids__overlap=list(keys)).select_for_update():
        row.image_ids = [key for key in row.image_ids if key not in gone]
        if len(row.image_ids) > 1:
            row.save(update_fields=["image_ids"])
        else:
            row.delete()


def was_erased(*, storefront_id: int, image_id: UUID) -> bool:
    """Whether the storefront had this photo, and it was erased."""
    return Tombstone.objects.filter(image_id=image_id, storefront_id=storefront_id).exists()


def finish_files() -> int:
    """Delete files of erased photos that whoever erased them left behind; returns how many."""
    left = DoomedFile.objects.filter(since__lte=timezone.now() - LEFT_BEHIND)
    names = list(left.values_list("name", flat=True)[:FILES_AT_ONCE])
    _delete_files(names)
    return len(names)


def _delete_files(names: Sequence[str]) -> None:
    for name in names:
        default_storage.delete(name)
    DoomedFile.objects.filter(name__in=names).delete()
