"""All pairs of photos near enough to be the same picture, exactly, as photos come in.

Two bounds keep most pairs from being compared in full, and lose none. Cosines: vectors are rotated
so that few coordinates hold most of their length, and for unit vectors a and b cut into those and
the rest, <a, b> <= <a1, b1> + |a2| |b2|; that sum is one product of short rows. Hashes: of 256
bits cut into 16 bands, hashes that differ in up to 31 agree but for one bit in at least one band
(Norouzi et al. 2012, "Fast Search in Hamming Space with Multi-Index Hashing").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAME_BITS: Final = 31  # of 256: the bound PDQ's authors give for the same picture
# Measured on 6,701 real photos with the bundled model, see docs/benchmarks.md.
ALIKE_COSINE: Final = 0.97
ALIKE_BITS: Final = 80
ALONE_COSINE: Final = 0.99  # where a picture is too plain for its hash to say anything

_BANDS: Final = 16
_ENERGY: Final = 0.97  # share of the squared length that the first coordinates hold
_SLACK: Final = 5e-4  # rounding of sums of float32
_ROWS: Final = 1_000
_COLUMNS: Final = 8_192
_AT_ONCE: Final = 50_000  # pairs compared in full


@dataclass(frozen=True)
class Pairs:
    """Rows by number, ``first`` > ``second``; ``bits`` is -1 where one has no hash that counts."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cosine: NDArray[np.float32]
    bits: NDArray[np.int16]


class Near:
    """Photos so far, numbered in the order in which they were added."""

    def __init__(self, sample: NDArray[np.float32]) -> None:
        """``sample``: unit vectors (n, dimension) like those that will come, for the rotation."""
        dimension = sample.shape[1]
        values, vectors = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
        held = np.cumsum(values[::-1]) / values.sum()
        most = int(np.searchsorted(held, _ENERGY)) + 1
        self.basis = np.ascontiguousarray(vectors[:, ::-1][:, :most], dtype=np.float32)
        self.count = 0
        self._vectors = np.empty((0, dimension), np.float16)
        self._short = np.empty((0, most + 1), np.float32)
        self._words = np.empty((0, 4), np.uint64)
        self._hashed = np.empty(0, np.bool_)

    def add(
        self, vectors: NDArray[np.float32], hashes: NDArray[np.uint8], hashed: NDArray[np.bool_]
    ) -> Pairs:
        """Take in unit vectors (n, dimension), hashes (n, 32) and which of these count (n,); the
        pairs they make with one another and with all that came before."""
        start = self.count
        self.take(vectors, hashes, hashed)
        keys = [*self._by_cosine(start), *self._by_hash(start)]
        found = np.unique(np.concatenate(keys)) if keys else np.empty(0, np.int64)
        return self._near(found >> 32, found & 0xFFFFFFFF)

    def take(
        self, vectors: NDArray[np.float32], hashes: NDArray[np.uint8], hashed: NDArray[np.bool_]
    ) -> None:
        """Take in photos that were compared before."""
        inner = vectors @ self.basis
        rest = np.maximum((vectors**2).sum(1) - (inner**2).sum(1), 0.0)
        short = np.concatenate([inner, np.sqrt(rest)[:, None]], axis=1)
        end = self.count + len(vectors)
        if end > len(self._vectors):
            size = max(end, 2 * len(self._vectors))
            self._vectors, self._short, self._words, self._hashed = (
                _grown(each, size, self.count)
                for each in (self._vectors, self._short, self._words, self._hashed)
            )
        self._vectors[self.count : end] = vectors
        self._short[self.count : end] = short
        self._words[self.count : end] = np.ascontiguousarray(hashes).view(np.uint64)
        self._hashed[self.count : end] = hashed
        self.count = end

    def _by_cosine(self, start: int) -> Iterator[NDArray[np.int64]]:
        """Keys of pairs whose cosine may reach the bound."""
        for top in range(start, self.count, _ROWS):
            bottom = min(top + _ROWS, self.count)
            rows = self._short[top:bottom]
            for left in range(0, bottom, _COLUMNS):
                right = min(left + _COLUMNS, bottom)
                above = rows @ self._short[left:right].T >= ALIKE_COSINE - _SLACK
                first, second = np.nonzero(above)
                first, second = first + top, second + left
                earlier = second < first
                yield (first[earlier] << 32) | second[earlier]

    def _by_hash(self, start: int) -> Iterator[NDArray[np.int64]]:
        """Keys of pairs whose hashes are the same picture's."""
        old = np.flatnonzero(self._hashed[: self.count])
        new = old[old >= start]
        if not len(new):
            return
        bands = self._words[: self.count].view(np.uint16)
        flips = np.array([0, *(1 << bit for bit in range(_BANDS))], np.uint16)
        for band in range(_BANDS):
            values = bands[old, band]
            order = np.argsort(values, kind="stable")
            starts = np.searchsorted(values[order], np.arange(65_537))
            wanted = (bands[new, band][:, None] ^ flips).astype(np.int64)
            begin, size = starts[wanted].ravel(), (starts[wanted + 1] - starts[wanted]).ravel()
            first = np.repeat(np.repeat(new, len(flips)), size)
            within = np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
            second = old[order[np.repeat(begin, size) + within]]
            earlier = second < first
            first, second = first[earlier], second[earlier]
            same = self._bits(first, second) <= SAME_BITS
            yield (first[same] << 32) | second[same]

    def _near(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Pairs:
        """Those of the pairs that are near, compared in full."""
        kept = []
        for at in range(0, len(first), _AT_ONCE):
            one, other = first[at : at + _AT_ONCE], second[at : at + _AT_ONCE]
            cosine = np.einsum(
                "nd,nd->n",
                self._vectors[one].astype(np.float32),
                self._vectors[other].astype(np.float32),
            )
            both = self._hashed[one] & self._hashed[other]
            bits = np.where(both, self._bits(one, other), -1).astype(np.int16)
            near = is_near(cosine, bits)
            kept.append(Pairs(one[near], other[near], cosine[near], bits[near]))
        if not kept:
            nothing = np.empty(0, np.int64)
            return Pairs(nothing, nothing, np.empty(0, np.float32), np.empty(0, np.int16))
        return Pairs(
            np.concatenate([each.first for each in kept]),
            np.concatenate([each.second for each in kept]),
            np.concatenate([each.cosine for each in kept]),
            np.concatenate([each.bits for each in kept]),
        )

    def _bits(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
        differ = np.bitwise_count(self._words[first] ^ self._words[second])
        return differ.sum(axis=1, dtype=np.int64)


def is_near(cosine: NDArray[np.float32], bits: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which pairs are near-duplicates; ``bits`` is -1 where hashes say nothing."""
    hashed = bits >= 0
    by_both = (cosine >= ALIKE_COSINE) & (bits <= ALIKE_BITS)
    return (hashed & ((bits <= SAME_BITS) | by_both)) | (~hashed & (cosine >= ALONE_COSINE))


def components(pairs: Iterator[tuple[int, int]] | list[tuple[int, int]]) -> list[list[int]]:
    """What pairs connect, directly or through others: groups of at least two, by union-find."""
    parent: dict[int, int] = {}

    def root(of: int) -> int:
        while (above := parent.setdefault(of, of)) != of:
            parent[of] = parent[above]
            of = above
        return of

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, list[int]] = {}
    for each in list(parent):
        groups.setdefault(root(each), []).append(each)
    return list(groups.values())


def _grown(array: NDArray, size: int, used: int) -> NDArray:
    larger = np.empty((size, *array.shape[1:]), array.dtype)
    larger[:used] = array[:used]
    return larger
