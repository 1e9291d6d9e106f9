"""Trying a label on a photo, through the interactive queue of a real worker."""

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog import labels, pipeline
from catalog.choices import Status
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
    image = upload(picture("mug", 11, calm=True))
    with pytest.raises(labels.NotEmbedded):
        labels.score_label(image=image, label="mug", encoder=encoder)
    process()
    right = labels.score_label(image=image, label="mug", encoder=encoder)
    wrong = labels.score_label(image=image, label="bicycle", encoder=encoder)
    assert right["cosine"] > wrong["cosine"]
    assert right["probability"] > wrong["probability"]
    assert right["best_category"].endswith("Mug")


@pytest.mark.slow
def test_a_label_is_tried_from_the_photo_page(
    pipeline_worker: object,
    starter: object,
    upload: Callable[..., Image],
    picture: Picture,
    client: Client,
    make_user: Callable[..., User],
) -> None:
    client.force_login(make_user("sam", "staff"))
    image = upload(picture("mug", 11, calm=True))
    address = f"/photos/{image.pk}/label/"
    early = client.post(address, {"label": "mug"}, headers={"HX-Request": "true"})
    wait_until_processed(image)
    scored = client.post(address, {"label": "mug"}, headers={"HX-Request": "true"})
    assert b"cosine" in scored.content, scored.content
    assert "Mug" in scored.content.decode()
    assert early.status_code == scored.status_code == 200
    empty = client.post(address, {"label": " "}, headers={"HX-Request": "true"})
    assert b"Type a label first" in empty.content


def wait_until_processed(image: Image) -> None:
    deadline = time.monotonic() + 60
    while Image.objects.get(pk=image.pk).status == Status.PENDING:
        assert time.monotonic() < deadline, "the worker did not process the photo"
        time.sleep(0.1)
