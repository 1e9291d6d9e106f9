"""System checks: what boot can verify, with a hint for each remedy."""

import numpy as np
import pytest
from django.core.checks import run_checks
from django.utils import timezone

from catalog import checks, embedding
from catalog.encoders import LoadedEncoder
from catalog.models import Encoder
from tests.conftest import Picture


@pytest.mark.django_db
def test_a_sound_installation_has_nothing_to_say() -> None:
    assert [message for message in run_checks(databases=["default"]) if message.level >= 30] == []


def test_a_stage_that_cannot_be_imported_is_named(settings: object) -> None:
    settings.VITRINE_STAGES = ["catalog.embedding.Nonsense"]  # type: ignore[attr-defined]
    (message,) = checks.stages_importable()
    assert message.id == "vitrine.E001"
    assert "Nonsense" in message.msg
    assert message.hint


@pytest.mark.parametrize("value", [0.0, 1.5, -1.0])
def test_a_share_that_is_none_is_named(settings: object, value: float) -> None:
    settings.VITRINE_TAG_PRECISION = value  # type: ignore[attr-defined]
    (message,) = checks.tag_settings_are_shares()
    assert message.id == "vitrine.E005"
    assert "VITRINE_TAG_PRECISION" in message.msg
    assert message.hint


@pytest.mark.django_db
def test_vectors_of_another_dimension_are_found(
    encoder: LoadedEncoder, upload: object, picture: Picture
) -> None:
    image = upload(picture("mug"))  # type: ignore[operator]
    embedding.store(
        encoder_id=encoder.row.pk,
        image_ids=[image.pk],
        vectors=np.ones((1, encoder.row.dimension), np.float32),
    )
    assert checks.stored_dimensions(databases=["default"]) == []
    Encoder.objects.update(dimension=encoder.row.dimension + 1, created_at=timezone.now())
    (message,) = checks.stored_dimensions(databases=["default"])
    assert message.id == "vitrine.E004"
