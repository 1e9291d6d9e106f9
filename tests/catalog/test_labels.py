"""Trying a label on a photo, through the interactive queue of a real worker."""

from collections.abc import Callable

import pytest

from catalog import labels, pipeline
from catalog.encoders import LoadedEncoder
from catalog.models import Image
from tests.conftest import Picture


@pytest.mark.django_db
def test_the_right_label_beats_a_wrong_one(
    starter: object,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    encoder: LoadedEncoder,
) -> None:
    image = upload(picture("mug", 11))
    with pytest.raises(labels.NotEmbedded):
        labels.score_label(image=image, label="mug", encoder=encoder)
    process()
    right = labels.score_label(image=image, label="mug", encoder=encoder)
    wrong = labels.score_label(image=image, label="bicycle", encoder=encoder)
    assert right["cosine"] > wrong["cosine"]
    assert right["probability"] > wrong["probability"]
    assert right["best_category"].endswith("Mug")
