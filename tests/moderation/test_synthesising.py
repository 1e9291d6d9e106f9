"""Made-up photos: live, in clusters, the same for the same seed, and gone when erased."""

from io import StringIO

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from catalog.choices import Status
from catalog.models import Embedding, Encoder, Image, PerceptualHash, Storefront
from moderation.synthesising import PICTURE
from tests.moderation.swept import DIMENSION, Everything, make_encoder

pytestmark = pytest.mark.django_db


def synthesise(*arguments: object) -> str:
    out = StringIO()
    call_command("synthesise_photos", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def encoder() -> Encoder:
    return make_encoder()


def test_photos_are_live_embedded_and_clustered(encoder: Encoder) -> None:
    said = synthesise(200, "--clusters", 4, "--hashes", "--storefront", "toys")
    assert "200 photos in 4 clusters" in said
    photos = Image.objects.filter(storefront__slug="toys")
    assert photos.filter(status=Status.LIVE, screened_at__isnull=False).count() == 200
    assert Embedding.objects.filter(encoder=encoder).count() == 200
    assert PerceptualHash.objects.count() == 200
    vectors = Everything.read().vectors
    assert vectors.shape == (200, DIMENSION)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    near = (vectors @ vectors.T > 0.3).sum(axis=1)
    assert 20 < np.median(near) < 90  # about a quarter each
    assert default_storage.exists(PICTURE)


def test_the_same_seed_makes_the_same_photos(encoder: Encoder) -> None:
    synthesise(20, "--seed", 3, "--hashes")
    first = Everything.read()
    with pytest.raises(CommandError, match="seed 3"):
        synthesise(20, "--seed", 3)
    assert "20 made-up photos erased" in synthesise("--erase")
    synthesise(20, "--seed", 3, "--hashes")
    again = Everything.read()
    assert again.keys == first.keys
    assert np.array_equal(again.vectors, first.vectors)
    assert np.array_equal(again.codes, first.codes)


def test_erasing_leaves_real_photos(encoder: Encoder, storefront: Storefront) -> None:
    real = Image.objects.create(
        storefront=storefront, source="api", sha256="r", width=1, height=1, size_bytes=1
    )
    synthesise(10)
    synthesise("--erase")
    assert list(Image.objects.all()) == [real]
    assert not Embedding.objects.exists()


@pytest.mark.parametrize("arguments", [(), (0,), (-5,), (10, "--clusters", 0), (10, "--seed", -1)])
def test_nonsense_is_refused(arguments: tuple[object, ...], encoder: Encoder) -> None:
    with pytest.raises(CommandError):
        synthesise(*arguments)
    assert not Image.objects.exists()


def test_without_an_encoder_it_says_how_to_get_one(db: None) -> None:
    with pytest.raises(CommandError, match="prepare_encoder"):
        synthesise(10)
    assert not Storefront.objects.exists()
