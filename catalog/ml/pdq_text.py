"""How a PDQ hash is written: 64 hexadecimal digits, as ThreatExchange exchanges them.

The first digit holds the four most significant bits, which belong to the highest frequencies.
Arrays of 256 booleans have the same order everywhere in this product, and in PostgreSQL's
``bit(256)``. Neither Django nor torch is needed here.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_BITS: Final = re.compile(r"[01]{256}")


def to_hex(pdq: NDArray[np.bool_]) -> str:
    """64 lowercase digits of a hash (256,)."""
    return np.packbits(_checked(pdq)).tobytes().hex()


def from_hex(text: str) -> NDArray[np.bool_]:
    """The hash (256,) written as ``text``, in either case.

    Raises:
        ValueError: anything but 64 hexadecimal digits.
    """
    if not _HEX.fullmatch(text):
        raise ValueError(f"A PDQ hash is 64 hexadecimal digits; {text[:80]!r} is not.")
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8)).astype(np.bool_)


def bits(pdq: NDArray[np.bool_]) -> str:
    """256 characters ``0`` and ``1``: a hash (256,) as a ``BitField`` takes and gives it."""
    return "".join("1" if bit else "0" for bit in _checked(pdq))


def from_bits(text: str) -> NDArray[np.bool_]:
    """The hash (256,) that :func:`bits` wrote.

    Raises:
        ValueError: anything but 256 characters ``0`` and ``1``.
    """
    if not _BITS.fullmatch(text):
        raise ValueError("A PDQ hash is 256 characters 0 and 1.")
    return np.frombuffer(text.encode(), dtype=np.uint8) == ord("1")


def _checked(pdq: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if pdq.shape != (256,) or pdq.dtype != np.bool_:
        raise ValueError(f"A PDQ hash is 256 booleans, not {pdq.dtype} of shape {pdq.shape}.")
    return pdq
