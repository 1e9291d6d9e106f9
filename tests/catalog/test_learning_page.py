"""The page that says what a taxonomy learned, and starts tagging again."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog import coverage, learning, pipeline, retagging, verdicts
from catalog.choices import RetagStatus
from catalog.models import (
    Calibration,
    Category,
    CategoryHead,
    Image,
    LearningSwitch,
    Retagging,
    Tag,
    Taxonomy,
)
from tests.conftest import Picture
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

POSTS = ("learning_switch", "retag")


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def photos(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
) -> list[Image]:
    made = [upload(picture("mug", 11 + n, calm=True)) for n in range(2)]
    process()
    return [Image.objects.get(pk=image.pk) for image in made]


def category(external_id: str) -> Category:
    return Category.objects.get(taxonomy__slug="starter", external_id=external_id)


@pytest.mark.parametrize(
    ("role", "look", "change"),
    [
        (None, 302, 302),
        ("nobody", 403, 403),
        ("moderator", 403, 403),
        ("staff", 200, 403),
        ("lead", 200, 302),
    ],
)
def test_staff_look_and_leads_change(
    role: str | None, look: int, change: int, sign_in: SignIn, starter: Taxonomy
) -> None:
    client = sign_in(role)
    for name in ("learning", "retag_preview", "retag_progress"):
        if name == "retag_progress" and look == 200:
            Retagging.objects.get_or_create(
                taxonomy=starter, encoder=_encoder(), rate=1, status=RetagStatus.DONE
            )
        response = client.get(reverse(f"catalog:{name}", args=["starter"]))
        assert response.status_code == look, name
    for name in POSTS:
        url = reverse(f"catalog:{name}", args=["starter"])
        assert client.post(url, {"to": "off"}).status_code == change
    assert LearningSwitch.objects.exists() == (role == "lead")
    job = Retagging.objects.create(taxonomy=starter, encoder=_encoder(), rate=1)
    url = reverse("catalog:retag_change", args=["starter", job.pk])
    assert client.post(url, {"do": "pause"}).status_code == change
    job.refresh_from_db()
    assert job.status == (RetagStatus.PAUSED if role == "lead" else RetagStatus.RUNNING)


def _encoder() -> object:
    from catalog.models import Encoder

    made, _ = Encoder.objects.get_or_create(
        fingerprint="e" * 64,
        defaults={"name": "e", "dimension": 4, "scoring": "softmax", "logit_scale": 20.0},
    )
    return made


def test_what_is_missing_is_counted(photos: list[Image], starter: Taxonomy, sam: User) -> None:
    encoder = Tag.objects.first().encoder  # type: ignore[union-attr]
    taught = coverage.coverage(taxonomy=starter, encoder=encoder)
    assert [row.category for row in taught.without] == [category("mug")]
    assert (taught.photos, taught.with_one, taught.confirmed) == (0, [], [])
    verdicts.judge(image_id=photos[0].pk, category=category("mug"), accepted=True, by=sam)
    verdicts.judge(image_id=photos[0].pk, category=category("lemon"), accepted=True, by=sam)
    verdicts.judge(image_id=photos[1].pk, category=category("mug"), accepted=True, by=sam)
    verdicts.judge(image_id=photos[1].pk, category=category("mug"), accepted=False, by=sam)
    taught = coverage.coverage(taxonomy=starter, encoder=encoder)
    assert taught.photos == 1
    assert {row.category.external_id for row in taught.with_one} == {"mug", "lemon"}
    lemon = next(row for row in taught.rows if row.category == category("lemon"))
    assert (lemon.confirmed, lemon.tagged) == (1, 1)  # confirmed last, so it is the first tag


def test_versions_are_gone_back_to_and_followed_again(
    photos: list[Image], sam: User, sign_in: SignIn
) -> None:
    verdicts.judge(image_id=photos[0].pk, category=category("lemon"), accepted=True, by=sam)
    learning.learn_all()
    verdicts.judge(image_id=photos[1].pk, category=category("mug"), accepted=True, by=sam)
    learning.learn_all()
    client = sign_in("lead")
    page, url = (reverse(f"catalog:{name}", args=["starter"]) for name in ("learning", POSTS[0]))
    text = client.get(page).text
    assert "<b>Version 2</b>, from 2 confirmed photos" in text
    first = CategoryHead.objects.get(version=1)
    text = client.post(url, {"to": str(first.pk)}, follow=True).text
    assert "Version 1 is in force until you let it follow again." in text
    assert "<b>Version 1</b>" in text
    assert "Kept at this version by the-lead" in text
    text = client.post(url, {"to": "off"}, follow=True).text
    assert not CategoryHead.objects.filter(is_active=True).exists()
    assert "Turned off by the-lead" in text
    client.post(url, {"to": "follow"})
    assert learning.learn_all() == 1
    assert "<b>Version 3</b>" in client.get(page).text
    assert "Choose what to do" in client.post(url, {"to": "x\x00"}, follow=True).text
    assert client.post(url, {"to": "9" * 17}).status_code == 404


def test_a_preview_changes_nothing_and_the_job_is_started_paused_and_ended(
    photos: list[Image], starter: Taxonomy, sam: User, sign_in: SignIn
) -> None:
    Tag.objects.filter(rank=1).update(category=category("lemon"))  # as if the words were others
    before = list(Tag.objects.order_by("pk").values())
    client = sign_in("lead")
    preview = client.get(reverse("catalog:retag_preview", args=["starter"])).text
    assert '<b class="num">2</b> of 2 photos would get another first tag' in preview
    assert preview.count("→ Mug") == 2
    assert list(Tag.objects.order_by("pk").values()) == before
    page = reverse("catalog:learning", args=["starter"])
    assert "Tag 2 photos again" in client.get(page).text
    client.post(reverse("catalog:retag", args=["starter"]))
    job = Retagging.objects.get()
    assert (job.status, job.total, str(job.started_by)) == (RetagStatus.RUNNING, 2, "the-lead")
    assert 'hx-trigger="every 1s"' in client.get(page).text
    change = reverse("catalog:retag_change", args=["starter", job.pk])
    assert "Go on" in client.post(change, {"do": "pause"}, follow=True).text
    client.post(change, {"do": "resume"})
    retagging.run_chunk()
    progress = client.get(
        reverse("catalog:retag_progress", args=["starter"]), {"from": "1", "done": "x\x00"}
    )
    assert progress["HX-Refresh"] == "true"
    assert "<b>2</b> got another first tag" in progress.text
    assert "It is over already." in client.post(change, {"do": "cancel"}, follow=True).text


def test_calibration_and_tagging_by_itself_are_shown(
    photos: list[Image], starter: Taxonomy, sign_in: SignIn
) -> None:
    client, url = sign_in("lead"), reverse("catalog:learning_switch", args=["starter"])
    page = reverse("catalog:learning", args=["starter"])
    assert "Not calibrated for" in client.get(page).text
    Calibration.objects.create(
        taxonomy=starter,
        encoder=Tag.objects.first().encoder,  # type: ignore[union-attr]
        taxonomy_version=starter.version,
        temperature=1.42,
        photos=657,
        error_before=0.119,
        error_after=0.038,
    )
    text = client.get(page).text
    assert all(each in text for each in ("0.119", "0.038", "1.42", "the model was too sure"))
    assert "Tag again by itself" in text
    text = client.post(url, {"to": "retags", "on": "1"}, follow=True).text
    assert LearningSwitch.objects.get().retags
    assert "Only by hand</button>" in text
    client.post(url, {"to": "retags"})
    assert not LearningSwitch.objects.get().retags


def test_without_photos_the_page_says_what_to_do(sign_in: SignIn, starter: Taxonomy) -> None:
    text = sign_in("lead").get(reverse("catalog:learning", args=["starter"])).text
    assert "No model has been loaded yet" in text
