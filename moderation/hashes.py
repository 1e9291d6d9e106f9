"""Exemplars that are only a PDQ hash, and which hashes can be matched at all."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

from catalog.ml import pdq_text
from moderation.models import Bank, Exemplar

# Below it a picture has so little detail that its hash is near those of many others, as PDQ's
# authors say. It is asked of both sides: such photos match no hash, such exemplars are not used.
LEAST_QUALITY = 50

# Characters that the exemplar's columns take.
MOST_NOTE, MOST_SOURCE = 300, 120

# Exemplars that can be matched by their hash.
USABLE = Q(pdq__isnull=False, pdq_quality__gte=LEAST_QUALITY)


class BadHash(ValueError):
    """No PDQ hash, or one that cannot tell a picture; the message says which."""


def bare(
    *,
    bank: Bank,
    pdq_hex: str,
    quality: int | None = None,
    note: str = "",
    source: str = "",
    added_by: AbstractBaseUser | None = None,
) -> Exemplar:
    """An exemplar of a hash alone, 64 hexadecimal digits, not saved.

    Without a `quality` its publisher is trusted to share only hashes that tell a picture. Raises
    `BadHash`.
    """
    try:
        bits = pdq_text.from_hex(pdq_hex)
    except ValueError as error:
        raise BadHash(str(error)) from error
    quality = 100 if quality is None else quality
    if not LEAST_QUALITY <= quality <= 100:
        raise BadHash(
            f"Quality {quality} is not between {LEAST_QUALITY} and 100. Below {LEAST_QUALITY} a "
            "hash is near those of many other pictures, so it is not matched."
        )
    for name, text, most in (("note", note, MOST_NOTE), ("source", source, MOST_SOURCE)):
        if len(text) > most:
            raise BadHash(f"The {name} has {len(text)} characters; at most {most} are kept.")
    return Exemplar(
        bank=bank,
        sha256=pdq_hex.lower(),
        pdq=pdq_text.bits(bits),
        pdq_quality=quality,
        note=note,
        source=source,
        added_by_id=added_by.pk if added_by else None,
    )
