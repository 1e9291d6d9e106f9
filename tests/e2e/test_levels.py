"""How sure each level is, the prompts that won, and a taxonomy's thresholds, in a browser."""

from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pgvector import HalfVector
from playwright.sync_api import Page, expect

from catalog import node_thresholds, verdicts
from catalog.choices import Status
from catalog.models import Category, CategoryVector, Embedding, Encoder, Image, Tag, Taxonomy
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

NAMES = ("Kitchen", "Kitchen ▸ Mug", "Kitchen ▸ Teapot", "Garden", "Garden ▸ Spade")


@pytest.fixture
def mug(upload: Callable[..., Image], picture: Picture) -> Image:
    """A photo that is surely of the kitchen, and hardly more a mug than a teapot."""
    encoder = Encoder.objects.create(
        name="made up",
        fingerprint="m" * 64,
        dimension=8,
        scoring="softmax",
        logit_scale=12.0,
        is_active=True,
    )
    taxonomy = Taxonomy.objects.create(slug="shop", name="Shop", version="1", is_active=True)
    keys: dict[str, Category] = {}
    for at, path in enumerate(NAMES):
        above, _, name = path.rpartition(" ▸ ")
        keys[path] = Category.objects.create(
            taxonomy=taxonomy,
            parent=keys.get(above),
            external_id=name.lower(),
            name=name,
            path=path,
            position=at,
        )
        CategoryVector.objects.create(
            category=keys[path],
            encoder=encoder,
            template_version="v",
            vector=HalfVector(np.eye(8)[at]),
        )
    image = upload(picture("mug"), filename="mug.jpg")
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    place = np.array([0.5, 0.62, 0.6, 0, 0, 0, 0, 0])
    Embedding.objects.create(
        image=image, encoder=encoder, vector=HalfVector(place / np.linalg.norm(place))
    )
    Tag.objects.create(
        image=image,
        category=keys["Kitchen ▸ Mug"],
        encoder=encoder,
        rank=1,
        score=0.52,
        threshold=0.3,
        levels=[0.99, 0.52],
        template_version="v",
    )
    return image


def fits(page: Page) -> bool:
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 390)])
def test_the_way_down_and_what_verdicts_make_of_it(
    dark: bool, width: int, mug: Image, make_user: Callable[..., User], open_page: SignIn
) -> None:
    lea = make_user("lea", "lead")
    page = open_page(lea, dark=dark, width=width)
    page.goto(f"/photos/{mug.pk}/")
    steps = page.get_by_role("region", name="How sure at each level").get_by_role("listitem")
    expect(steps).to_have_count(2)
    expect(steps.nth(0)).to_contain_text("Kitchen")
    page.locator(".tags summary").click()
    expect(page.get_by_role("button", name="Which prompts won for Mug")).to_be_visible()
    found = violations(page)
    assert fits(page)

    said = Category.objects.get(external_id="mug")
    verdicts.judge(image_id=mug.pk, category=said, accepted=False, by=lea)
    node_thresholds.learn_all()
    page.goto("/taxonomies/shop/?at=mug")
    expect(page.get_by_text("from 0 right and 1 wrong")).to_be_visible()
    found += violations(page)
    page.get_by_role("link", name="All thresholds").click()
    expect(page.get_by_role("heading", name="Thresholds")).to_be_visible()
    expect(page.get_by_text("In force")).to_be_visible()
    found += violations(page)
    assert fits(page)
    page.get_by_role("button", name="Use one threshold for all").click()
    expect(page.get_by_text("Turned off by lea")).to_be_visible()
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("Kept at this version by lea")).to_be_visible()
    assert not found, "\n".join(found)
