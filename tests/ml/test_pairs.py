"""Near-duplicate pairs: exactly those of comparing everything with everything."""

import numpy as np
import pytest

from catalog.ml.pairs import ALIKE_COSINE, ALONE_COSINE, Near, components, is_near

Photos = tuple[np.ndarray, np.ndarray, np.ndarray]  # vectors, hashes of 256 bools, which count


def unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / lengths).astype(np.float16).astype(np.float32)


def made_up(count: int, dimension: int, seed: int, *, flat: bool = False) -> Photos:
    """Clusters of photos with copies at all distances; `flat`: lengths in all dimensions alike."""
    rng = np.random.default_rng(seed)
    weights = np.ones(dimension) if flat else np.exp(-np.arange(dimension) / 8)
    vectors = unit(rng.standard_normal((count, dimension)) * weights)
    hashes = rng.random((count, 256)) < 0.5
    copies = np.flatnonzero(rng.random(count) < 0.6)
    originals = rng.integers(0, count, len(copies))
    size = rng.uniform(0, 0.4, (len(copies), 1))
    noise = unit(rng.standard_normal((len(copies), dimension)) * weights)
    vectors[copies] = unit(vectors[originals] + size * noise)
    flips = rng.random((len(copies), 256)) < rng.uniform(0, 0.4, (len(copies), 1))
    hashes[copies] = hashes[originals] ^ flips
    return vectors, hashes, rng.random(count) < 0.8


def brute(photos: Photos) -> set[tuple[int, int]]:
    vectors, hashes, counts = photos
    cosine = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    signs = hashes.astype(np.float64) * 2 - 1
    bits = ((256 - signs @ signs.T) / 2).round().astype(np.int16)
    bits[~(counts[:, None] & counts[None, :])] = -1
    for bound in (ALIKE_COSINE, ALONE_COSINE):  # no pair so near to a bound that rounding decides
        assert np.abs(cosine - bound)[np.tril_indices(len(vectors), -1)].min() > 1e-7
    first, second = np.nonzero(np.tril(is_near(cosine.astype(np.float32), bits), -1))
    return set(zip(first.tolist(), second.tolist(), strict=True))


@pytest.mark.parametrize(("dimension", "flat"), [(48, False), (16, True), (3, False)])
@pytest.mark.parametrize("chunk", [1_500, 211])
def test_pairs_are_those_of_comparing_everything(dimension: int, flat: bool, chunk: int) -> None:
    photos = made_up(1_500, dimension, seed=dimension, flat=flat)
    vectors, hashes, counts = photos
    packed = np.packbits(hashes, axis=1)
    near = Near(vectors[:chunk])
    found: list[tuple[int, int]] = []
    for at in range(0, len(vectors), chunk):
        part = slice(at, at + chunk)
        pairs = near.add(vectors[part], packed[part], counts[part])
        found += zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
        assert (pairs.first > pairs.second).all()
        both = counts[pairs.first] & counts[pairs.second]
        bits = (hashes[pairs.first] != hashes[pairs.second]).sum(axis=1)
        assert (pairs.bits == np.where(both, bits, -1)).all()
    assert len(found) == len(set(found))
    wanted = brute(photos)
    assert len(wanted) > 100
    assert set(found) == wanted


def test_what_was_compared_before_is_taken_in_without_pairs() -> None:
    vectors, hashes, counts = made_up(400, 24, seed=1)
    packed = np.packbits(hashes, axis=1)
    near = Near(vectors)
    near.take(vectors[:300], packed[:300], counts[:300])
    pairs = near.add(vectors[300:], packed[300:], counts[300:])
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert found == {pair for pair in brute((vectors, hashes, counts)) if pair[0] >= 300}


def test_nothing_makes_no_pairs() -> None:
    near = Near(np.eye(4, dtype=np.float32))
    none = near.add(np.empty((0, 4), np.float32), np.empty((0, 32), np.uint8), np.empty(0, bool))
    assert len(none.first) == 0
    one = near.add(np.eye(1, 4, dtype=np.float32), np.zeros((1, 32), np.uint8), np.array([True]))
    assert len(one.first) == 0


def test_components() -> None:
    assert components([]) == []
    groups = components([(1, 2), (3, 4), (5, 4), (2, 9), (7, 8)])
    assert sorted(map(sorted, groups)) == [[1, 2, 9], [3, 4, 5], [7, 8]]
    chain = components([(n, n + 1) for n in range(5_000)])
    assert [len(group) for group in chain] == [5_001]
