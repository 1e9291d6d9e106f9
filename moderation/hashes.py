"""Exemplars that are only a PDQ hash, and which hashes can be matched at all."""

import numpy as np
from django.db.models import Q

from catalog.ml import pdq_text

# Below it a picture has so little detail that its hash is near those of many others, as PDQ's
# authors say. It is asked of both sides: such photos match no hash, such exemplars are not used.
LEAST_QUALITY = 50

# Characters that the exemplar's columns take.
MOST_NOTE, MOST_SOURCE = 300, 120

# Exemplars that can be matched by their hash.
USABLE = Q(pdq__isnull=False, pdq_quality__gte=LEAST_QUALITY)


class BadHash(ValueError):
    """No PDQ hash, or one that cannot tell a picture; the message says which."""


def check(*, pdq_hex: str, quality: int = 100, note: str = "", source: str = "") -> np.ndarray:
    """The hash (256,) bool of 64 hexadecimal digits, if an exemplar can be made of all this.

    Without a `quality` its publisher is trusted to share only hashes that tell a picture. Raises
    `BadHash`.
    """
    try:
        hash_ = pdq_text.from_hex(pdq_hex)
    except ValueError as error:
        raise BadHash(str(error)) from error
    if not LEAST_QUALITY <= quality <= 100:
        raise BadHash(
            f"Quality {quality} is not between {LEAST_QUALITY} and 100. Below {LEAST_QUALITY} a "
            "hash is near those of many other pictures, so it is not matched."
        )
    for name, text, most in (("note", note, MOST_NOTE), ("source", source, MOST_SOURCE)):
        if len(text) > most:
            raise BadHash(f"The {name} has {len(text)} characters; at most {most} are kept.")
    return hash_
