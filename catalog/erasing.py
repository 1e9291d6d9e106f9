"""Erasing photos: rows, vectors, tags and files."""

from collections.abc import Iterable
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction

from catalog import webhooks
from catalog.choices import Occurrence
from catalog.models import Image
from catalog.models.image import ImageQuerySet


@transaction.atomic
def erase(images: ImageQuerySet) -> int:
    """Delete photos and everything stored about them; returns how many there were.

    Files go once the rows are gone for good.
    """
    found = list(images.select_for_update().order_by("pk"))
    webhooks.emit_all([webhooks.Happening(image, Occurrence.IMAGE_DELETED) for image in found])
    Image.objects.filter(pk__in=[image.pk for image in found]).delete()
    names = [
        str(field.name)
        for image in found
        for field in (image.original, image.display, image.thumbnail)
        if field
    ]
    transaction.on_commit(partial(_delete_files, names))
    return len(found)


def _delete_files(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
