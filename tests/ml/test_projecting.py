"""Places in the plane: principal components by the book, and neighbours that stay neighbours."""

import numpy as np
import pytest

from catalog.ml.arranging import arrange
from catalog.ml.projecting import principal


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def clusters(count: int, each: int, *, dimension: int = 24, noise: float = 0.6) -> np.ndarray:
    rng = np.random.default_rng(7)
    centres = unit(rng.standard_normal((count, dimension)))
    spread = unit(rng.standard_normal((count * each, dimension)))
    return unit(np.repeat(centres, each, axis=0) + noise * spread)


def test_principal_components_are_those_of_the_singular_value_decomposition() -> None:
    rng = np.random.default_rng(3)
    vectors = (rng.standard_normal((200, 8)) * np.arange(8, 0, -1)).astype(np.float32)
    found = principal(vectors)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.mean, vectors.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.abs(found.axes.T @ directions[:2].T), np.eye(2), atol=1e-4)
    assert found.explained == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), rel=1e-6)
    np.testing.assert_allclose(
        np.abs(found.place(vectors)), np.abs(centred @ directions[:2].T), atol=1e-3
    )


def test_the_same_photos_give_the_same_picture_whatever_their_order() -> None:
    vectors = clusters(4, 30)
    again = principal(vectors[np.random.default_rng(1).permutation(len(vectors))])
    np.testing.assert_allclose(principal(vectors).place(vectors), again.place(vectors), atol=1e-5)
    largest = np.abs(again.axes).argmax(axis=0)
    assert (again.axes[largest, [0, 1]] > 0).all()


def test_photos_that_are_all_alike_have_one_place() -> None:
    found = principal(np.ones((5, 4), dtype=np.float32))
    np.testing.assert_allclose(found.place(np.ones((5, 4), dtype=np.float32)), 0, atol=1e-6)
    assert found.explained == 0.0


@pytest.mark.parametrize("shape", [(0, 4), (3, 1), (4,)])
def test_what_is_no_set_of_vectors_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected vectors of shape"):
        principal(np.ones(shape, dtype=np.float32))


def test_neighbours_stay_neighbours() -> None:
    """Of twelve groups in 24 dimensions, principal components pile some up; neighbours do not."""
    vectors = clusters(12, 40)
    own = np.repeat(np.arange(12), 40)
    linear = principal(vectors)
    arranged = arrange(vectors, linear, landmarks=120, seed=0)

    def agreement(places: np.ndarray) -> float:
        """Share of the five nearest in the plane that are of the same group."""
        apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        return float((own[np.argsort(apart, axis=1)[:, :5]] == own[:, None]).mean())

    assert agreement(arranged.place(vectors)) > 0.95
    assert agreement(linear.place(vectors)) < 0.9
    again = arrange(vectors, linear, landmarks=120, seed=0)
    np.testing.assert_array_equal(arranged.places, again.places)
    assert len(np.unique(np.round(arranged.place(vectors), 4), axis=0)) == len(vectors)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_photos_is_arranged_too(count: int) -> None:
    vectors = clusters(count, 1)
    places = arrange(vectors, principal(vectors), landmarks=10).place(vectors)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
