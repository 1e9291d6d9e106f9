"""PDQ hashes as text: what other tools write is read, and the other way round."""

from __future__ import annotations

import numpy as np
import pdqhash
import pytest

from catalog.ml.pdq_text import bits, from_bits, from_hex, to_hex

from . import pictures


def test_hex_is_what_threatexchange_writes() -> None:
    for seed in range(3):
        found = np.asarray(
            pdqhash.compute(np.asarray(pictures.scene(seed, 200, 150)))[0], dtype=bool
        )
        # As python-threatexchange turns the reference's vector into text.
        written = f"{int(''.join(str(int(bit)) for bit in found), 2):064x}"
        assert to_hex(found) == written
        np.testing.assert_array_equal(from_hex(written.upper()), found)
        np.testing.assert_array_equal(from_bits(bits(found)), found)


def test_the_first_digit_is_the_highest_frequency() -> None:
    pdq = np.zeros(256, dtype=bool)
    pdq[0] = True
    assert to_hex(pdq) == "8" + 63 * "0"
    assert bits(pdq) == "1" + 255 * "0"


@pytest.mark.parametrize(
    "text", ["", "f" * 63, "f" * 65, "g" * 64, "0x" + "f" * 62, "f" * 64 + "\n"]
)
def test_other_text_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        from_hex(text)


def test_other_arrays_are_no_hash() -> None:
    with pytest.raises(ValueError, match="256 booleans"):
        to_hex(np.zeros(255, dtype=bool))
    with pytest.raises(ValueError, match="256 booleans"):
        bits(np.zeros(256, dtype=np.uint8))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="256 characters"):
        from_bits("01")
