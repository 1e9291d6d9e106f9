"""Fixtures for tests of pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Image
from tests.conftest import Picture
from tests.pages import SignIn, signing_in


@pytest.fixture
def sign_in(client: Client, make_user: Callable[..., User]) -> SignIn:
    return signing_in(client, make_user)


@pytest.fixture
def photo(upload: Callable[..., Image], picture: Picture) -> Image:
    """A pending photo of a mug."""
    return upload(picture("mug"), filename="mug.jpg")
