"""Pages of the way down the tree: levels and prompts on a photo's page, thresholds on a
taxonomy's; who may see and switch them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog import asking, node_thresholds, prompting, verdicts
from catalog.encoders import LoadedEncoder
from catalog.models import Category, CategoryThreshold, Image, Taxonomy, ThresholdSet
from tests.conftest import Picture
from tests.pages import SignIn
from tests.test_pages import assert_nothing_inline

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def mug(
    encoder: LoadedEncoder,
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], object],
) -> Image:
    image = upload(picture("mug", 11, calm=True), filename="mug.jpg")
    process()
    return image


@pytest.fixture
def learned(mug: Image, make_user: Callable[..., User]) -> ThresholdSet:
    """A build from one verdict: the mug is no mug."""
    category = Category.objects.get(external_id="mug")
    sam = make_user("sam", "staff")
    verdicts.judge(image_id=mug.pk, category=category, accepted=False, by=sam)
    node_thresholds.learn_all()
    return ThresholdSet.objects.get()


def page_of(taxonomy: Taxonomy) -> str:
    return reverse("catalog:thresholds", args=[taxonomy.slug])


@pytest.mark.parametrize(
    ("role", "seen", "switched"),
    [
        (None, 302, 302),
        ("nobody", 403, 403),
        ("moderator", 403, 403),
        ("staff", 200, 403),
        ("lead", 200, 302),
    ],
)
def test_staff_see_thresholds_and_leads_switch_them(
    role: str | None,
    seen: int,
    switched: int,
    sign_in: SignIn,
    learned: ThresholdSet,
    starter: Taxonomy,
) -> None:
    client = sign_in(role)
    assert client.get(page_of(starter)).status_code == seen
    address = reverse("catalog:threshold_switch", args=[starter.slug])
    assert client.post(address, {"to": "off"}).status_code == switched
    assert ThresholdSet.objects.get().is_active == (role != "lead")


def test_a_lead_turns_them_off_goes_back_and_follows(
    sign_in: SignIn, learned: ThresholdSet, starter: Taxonomy
) -> None:
    client = sign_in("lead")
    page = page_of(starter)
    address = reverse("catalog:threshold_switch", args=[starter.slug])
    content = client.get(page).content.decode()
    assert "Version 1" in content
    assert "In force" in content
    assert "85 % of its tags shall be right" in content
    assert_nothing_inline(client.get(page).content.decode())
    assert (
        "Turned off by the-lead"
        in client.post(address, {"to": "off"}, follow=True).content.decode()
    )
    content = client.post(address, {"to": str(learned.pk)}, follow=True).content.decode()
    assert "Kept at this version by the-lead" in content
    content = client.post(address, {"to": "follow"}, follow=True).content.decode()
    assert "Each verdict makes a new version" in content
    for nonsense in ("", "9" * 40, "-1", "²", "x"):
        assert client.post(address, {"to": nonsense}).status_code == 404


def test_nothing_learned_and_no_model_are_said_plainly(
    sign_in: SignIn, starter: Taxonomy, request: pytest.FixtureRequest
) -> None:
    client = sign_in("staff")
    assert b"No model has been loaded yet" in client.get(page_of(starter)).content
    request.getfixturevalue("encoder")
    content = client.get(page_of(starter)).content.decode()
    assert "No threshold has been learned." in content
    assert "Every category has to reach 30 %. Nobody has judged a tag yet." in content


def test_the_tree_says_what_a_category_has_to_reach_and_from_how_many_verdicts(
    sign_in: SignIn, learned: ThresholdSet, starter: Taxonomy
) -> None:
    client = sign_in("staff")
    tree = reverse("catalog:taxonomy", args=[starter.slug])
    mug = CategoryThreshold.objects.get(category__external_id="mug")
    assert (mug.right, mug.wrong) == (0, 1)
    assert 0.3 < mug.threshold < 1
    content = client.get(tree, {"at": "mug"}).content.decode()
    assert "from 0 right and 1 wrong" in content
    sibling = CategoryThreshold.objects.exclude(category__external_id="mug").first()
    assert sibling is not None
    at = client.get(tree, {"at": sibling.category.external_id}).content.decode()
    assert "from its siblings’ verdicts" in at
    assert "the usual one" in client.get(tree, {"at": "hat"}).content.decode()


def test_a_photo_shows_how_sure_each_level_is_and_where_it_stops(
    sign_in: SignIn, mug: Image, settings: object
) -> None:
    client = sign_in("staff")
    tag = mug.tags.get()
    page = reverse("catalog:photo", args=[mug.pk])
    content = client.get(page).content.decode()
    assert content.count('class="level-name"') == len(tag.levels)
    assert "Not sure enough" not in content
    for name in tag.category.path.split(" ▸ "):
        assert f'<span class="level-name">{name}</span>' in content
    assert "<dt>Levels</dt>" in content
    assert_nothing_inline(client.get(page).content.decode())
    settings.VITRINE_TAG_THRESHOLD = 0.9999999  # type: ignore[attr-defined]
    content = client.get(page).content.decode()
    assert content.count("Not sure enough: it needs 99 %.") == 1


def test_tags_from_before_levels_were_kept_show_none(sign_in: SignIn, mug: Image) -> None:
    mug.tags.update(levels=[])
    content = sign_in("staff").get(reverse("catalog:photo", args=[mug.pk])).content.decode()
    assert "<dt>Levels</dt>" not in content


@pytest.fixture
def worker(encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An interactive worker in this process; the sentences it got."""
    got: list[str] = []

    def ask(task: str, texts: list[str]) -> None:
        assert task == prompting.ENCODE
        got.extend(texts)
        prompting.encode(texts=texts, encoder=encoder)

    monkeypatch.setattr(asking, "ask", ask)
    return got


def prompts_of(image: Image, category: Category) -> str:
    return reverse("catalog:winning_prompts", args=[image.pk, category.pk])


def test_the_prompts_that_won_are_the_nearest_and_asked_for_once(
    sign_in: SignIn, mug: Image, worker: list[str]
) -> None:
    category = mug.tags.get().category
    client = sign_in("moderator")
    fragment = client.post(prompts_of(mug, category), headers=HTMX).content.decode()
    assert fragment.count("<q>") == 5
    assert f"Nearest of {len(worker)} prompts" in fragment
    assert len(worker) == 10 * (1 + len(category.synonyms))
    assert all(word in f"{category.name} {category.synonyms}".lower() for word in ["mug"])
    whole = client.post(prompts_of(mug, category))
    assert_nothing_inline(whole.content.decode())
    assert b"Back to the photo" in whole.content
    assert len(worker) == 10 * (1 + len(category.synonyms))  # not asked again


def test_when_nobody_encodes_it_says_so(
    sign_in: SignIn, mug: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*args: object) -> None:
        raise asking.NobodyAnswered("No worker answered. Start one.")

    monkeypatch.setattr(asking, "ask", nobody)
    category = mug.tags.get().category
    answer = sign_in("staff").post(prompts_of(mug, category), headers=HTMX)
    assert b"No worker answered" in answer.content
    mug.embeddings.all().delete()
    answer = Client.post(sign_in("lead"), prompts_of(mug, category), headers=HTMX)
    assert b"has not seen this photo yet" in answer.content


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 302), ("nobody", 403), ("moderator", 200), ("staff", 200), ("lead", 200)],
)
def test_who_may_ask_for_prompts(
    role: str | None, status: int, sign_in: SignIn, mug: Image, worker: list[str]
) -> None:
    category = mug.tags.get().category
    assert sign_in(role).post(prompts_of(mug, category)).status_code == status
    assert bool(worker) == (status == 200)
