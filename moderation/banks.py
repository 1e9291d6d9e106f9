"""Verbs on banks: every change that alters what matches passes here and bumps the version."""

import hashlib

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import F

from catalog.ingest import limits
from catalog.ml.images import check, renditions
from catalog.models import Image
from moderation.models import Bank, Exemplar

EXEMPLAR_SIDE = 1280


def touch(bank: Bank) -> None:
    """Note that the bank changed, so that workers rebuild their matcher before the next batch."""
    Bank.objects.filter(pk=bank.pk).update(version=F("version") + 1)
    bank.refresh_from_db(fields=["version"])


def add_exemplar(
    *,
    bank: Bank,
    data: bytes,
    note: str = "",
    added_by: AbstractBaseUser | None = None,
    taken_from: Image | None = None,
) -> Exemplar:
    """Add a known image to a bank, keeping a metadata-free copy of it.

    The same bytes again return the exemplar that is there. Raises `ImageRejected`.
    """
    digest = hashlib.sha256(data).hexdigest()
    if existing := bank.exemplars.filter(sha256=digest).first():
        return existing
    check(data, limits())
    (picture,) = renditions(data, (EXEMPLAR_SIDE,))
    exemplar = Exemplar(
        bank=bank,
        sha256=digest,
        note=note,
        taken_from=taken_from,
        added_by_id=added_by.pk if added_by else None,
    )
    exemplar.picture.save("picture.jpg", ContentFile(picture), save=False)
    try:
        with transaction.atomic():
            exemplar.save(force_insert=True)
            touch(bank)
    except BaseException as error:
        exemplar.picture.delete(save=False)
        if isinstance(error, IntegrityError):
            return bank.exemplars.get(sha256=digest)
        raise
    return exemplar
