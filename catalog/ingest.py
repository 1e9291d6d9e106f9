"""The one door into the catalog: bytes in, a checked and stored photo out, waiting for a worker."""

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from catalog import doorbell, history
from catalog.choices import EventKind, Source
from catalog.ml.images import Checked, Limits, check, renditions
from catalog.models import Image, Product, Storefront

DISPLAY_SIDE = 1280
THUMBNAIL_SIDE = 320


@dataclass(frozen=True)
class Ingested:
    """The photo, and whether this call created it or found it already there."""

    image: Image
    created: bool


def limits() -> Limits:
    """How large an upload may be, from settings."""
    return Limits(
        max_bytes=settings.VITRINE_MAX_UPLOAD_BYTES, max_pixels=settings.VITRINE_MAX_PIXELS
    )


def ingest(
    *,
    storefront: Storefront,
    data: bytes,
    filename: str,
    source: Source,
    product: Product | None = None,
    uploaded_by: AbstractBaseUser | None = None,
) -> Ingested:
    """Check, store and enqueue one photo.

    The same bytes for the same storefront and product are the same photo, however often and
    however concurrently they are sent. Raises `ImageRejected` for bytes that are not a whole
    image within the limits; nothing is stored then.
    """
    digest = hashlib.sha256(data).hexdigest()
    known = Image.objects.of(storefront).filter(product=product, sha256=digest)
    if existing := known.first():
        return Ingested(existing, created=False)

    checked = check(data, limits())
    image = _new_image(storefront, product, filename, source, uploaded_by, data, digest, checked)
    stored: list[str] = []
    try:
        display, thumbnail = renditions(data, (DISPLAY_SIDE, THUMBNAIL_SIDE))
        for field, content in (
            (image.original, data),
            (image.display, display),
            (image.thumbnail, thumbnail),
        ):
            field.save(f"photo{checked.extension}", ContentFile(content), save=False)
            stored.append(str(field.name))
        with transaction.atomic():
            image.save(force_insert=True)
            history.record(
                [
                    history.event(
                        image=image,
                        kind=EventKind.UPLOADED,
                        summary=f"Uploaded ({source.label})",
                        actor=uploaded_by,
                        sha256=digest,
                    )
                ]
            )
            transaction.on_commit(doorbell.ring)
    except BaseException as error:
        _discard(image, stored)
        if isinstance(error, IntegrityError) and (existing := known.first()):
            return Ingested(existing, created=False)  # the same bytes arrived twice at once
        raise
    return Ingested(image, created=True)


def _new_image(
    storefront: Storefront,
    product: Product | None,
    filename: str,
    source: Source,
    uploaded_by: AbstractBaseUser | None,
    data: bytes,
    digest: str,
    checked: Checked,
) -> Image:
    return Image(
        storefront=storefront,
        product=product,
        filename=filename[-255:],
        source=source,
        uploaded_by_id=uploaded_by.pk if uploaded_by else None,
        sha256=digest,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        size_bytes=len(data),
    )


def _discard(image: Image, names: list[str]) -> None:
    """Remove files of a photo that did not make it into the database."""
    for name in names:
        image.original.storage.delete(name)
