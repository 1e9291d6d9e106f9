"""Blending words with confirmed photos, worked out by hand."""

import numpy as np
import pytest

from catalog.ml import heads

TEXTS = np.eye(3, dtype=np.float32)
ROOT = 2**0.5


def test_a_category_without_photos_keeps_its_words_exactly() -> None:
    learned = heads.blend(TEXTS, np.array([[0, 1, 0]], dtype=np.float32), np.array([0]), worth=1.0)
    assert learned[0] == pytest.approx([1 / ROOT, 1 / ROOT, 0])  # half word, half photo
    assert (learned[1:] == TEXTS[1:]).all()


def test_more_photos_weigh_more() -> None:
    photos = np.array([[0, 1, 0]] * 3, dtype=np.float32)
    learned = heads.blend(TEXTS, photos, np.array([0, 0, 0]), worth=4.0)
    assert learned[0] == pytest.approx([0.8, 0.6, 0])  # 4 : 3, and 5 is their length


def test_photos_that_cancel_out_leave_the_words() -> None:
    photos = np.array([[0, 1, 0], [0, -1, 0]], dtype=np.float32)
    learned = heads.blend(TEXTS, photos, np.array([0, 0]), worth=1.0)
    assert learned[0] == pytest.approx([1, 0, 0])


def test_words_count_for_little_only_where_they_name_fewer_than_half() -> None:
    photos = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32)
    assert heads.choose_worth(TEXTS, photos, np.array([1, 0, 2])) == heads.KNOWN
    assert heads.choose_worth(TEXTS, photos[1:], np.array([0, 1])) == heads.KNOWN  # just half
    assert heads.choose_worth(TEXTS, photos, np.array([0, 1, 2])) == heads.UNKNOWN


def test_words_that_are_swapped_are_unlearned() -> None:
    photos = np.array([[0, 1, 0]] * 2 + [[1, 0, 0]] * 2, dtype=np.float32)
    labels = np.array([0, 0, 1, 1])
    assert ((photos @ TEXTS.T).argmax(axis=1) != labels).all()
    assert ((photos @ heads.learn(TEXTS, photos, labels).T).argmax(axis=1) == labels).all()
