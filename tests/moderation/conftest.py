"""Fixtures for moderation's tests of pages: a held photo and the exemplar it matched."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image, Storefront
from moderation.choices import Outcome
from moderation.models import Bank, Exemplar, Flag, Policy, Review
from tests.conftest import Picture
from tests.moderation.cases import make_review
from tests.moderation.lab import Lab, make_lab
from tests.pages import SignIn, signing_in, tag


@pytest.fixture
def sign_in(client: Client, make_user: Callable[..., User]) -> SignIn:
    return signing_in(client, make_user)


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


@pytest.fixture
def policy(db: None) -> Policy:
    return Policy.objects.create(slug="arms", name="Arms")


@pytest.fixture
def case(upload: Callable[..., Image], picture: Picture, policy: Policy) -> Review:
    """An open review of a held photo under the policy."""
    return make_review(upload(picture("handgun")), policy)


@pytest.fixture
def at_once(settings: object) -> None:
    """Decisions take effect as they are made."""
    settings.VITRINE_UNDO_SECONDS = 0  # type: ignore[attr-defined]


@pytest.fixture
def exemplar(picture: Picture) -> Exemplar:
    policy = Policy.objects.create(slug="weapons", name="Weapons", description="No firearms.")
    bank = Bank.objects.create(policy=policy, name="Known weapons", hold_threshold=0.87)
    exemplar = Exemplar(bank=bank, sha256="e" * 64, note="revolver")
    exemplar.picture.save("x.jpg", ContentFile(picture("handgun", 2)), save=False)
    exemplar.save()
    return exemplar


@pytest.fixture
def review(upload: Callable[..., Image], picture: Picture, exemplar: Exemplar) -> Review:
    """An open review of a held photo that matched the exemplar at 0.93."""
    image = upload(picture("handgun"))
    Image.objects.filter(pk=image.pk).update(status=Status.HELD, screened_at=timezone.now())
    bank = exemplar.bank
    Flag.objects.create(
        image=image,
        policy=bank.policy,
        bank=bank,
        bank_version=1,
        exemplar=exemplar,
        encoder=tag(image, "Handgun", score=0.9).encoder,
        score=0.93,
        threshold=0.87,
        outcome=Outcome.HOLD,
    )
    return Review.objects.create(
        image=image,
        policy=bank.policy,
        priority=3.0,
        due_at=timezone.now() + timedelta(hours=1),
    )


@pytest.fixture
def lab(storefront: Storefront, make_user: Callable[..., User]) -> Lab:
    """A bank that holds from 0.875, with one exemplar, and no photos yet."""
    return make_lab(storefront, make_user)
