"""The catalog's pages: who may see them, what they say, and how private pictures stay private."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog import publishing
from catalog.choices import Status
from catalog.models import Event, Image
from tests.pages import JSON, SignIn, tag

pytestmark = pytest.mark.django_db

PAGES = {
    "home": ("home", (), {"staff": 302, "moderator": 302, "lead": 302, "nobody": 403}),
    "photos": ("catalog:photos", (), {"staff": 200, "moderator": 200, "lead": 200, "nobody": 403}),
    "photo": ("catalog:photo", "id", {"staff": 200, "moderator": 200, "lead": 200, "nobody": 403}),
    "display": (
        "catalog:display",
        "id",
        {"staff": 200, "moderator": 200, "lead": 200, "nobody": 403},
    ),
    "thumbnail": (
        "catalog:thumbnail",
        "id",
        {"staff": 200, "moderator": 200, "lead": 200, "nobody": 403},
    ),
    "upload": ("catalog:upload", (), {"staff": 200, "moderator": 403, "lead": 200, "nobody": 403}),
    "status": (
        "catalog:upload_status",
        (),
        {"staff": 200, "moderator": 403, "lead": 200, "nobody": 403},
    ),
}


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_open_for_their_roles_only(
    page: str, role: str | None, photo: Image, sign_in: SignIn
) -> None:
    name, args, allowed = PAGES[page]
    url = reverse(name, args=[photo.pk] if args == "id" else [])
    response = sign_in(role).get(url)
    if role is None:
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("login"))
    else:
        assert response.status_code == allowed[role]


def test_pictures_are_served_privately_and_inertly(photo: Image, sign_in: SignIn) -> None:
    response = sign_in("moderator").get(reverse("catalog:display", args=[photo.pk]))
    assert b"".join(response.streaming_content).startswith(b"\xff\xd8")  # a JPEG of our making
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == "inline"
    assert response["Cache-Control"].startswith("private")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_missing_file_is_not_found_rather_than_an_error(photo: Image, sign_in: SignIn) -> None:
    photo.display.storage.delete(photo.display.name)
    url = reverse("catalog:display", args=[photo.pk])
    assert sign_in("staff").get(url).status_code == 404


def test_a_photo_shows_its_tags_with_what_made_them(photo: Image, sign_in: SignIn) -> None:
    publishing.fail(image=photo, code="x", reason="So that the page does not wait.")
    Image.objects.filter(pk=photo.pk).update(
        status=Status.LIVE, screened_at=timezone.now(), failure_reason=""
    )
    tag(photo, "Mug", score=0.9123)
    page = sign_in("staff").get(reverse("catalog:photo", args=[photo.pk])).text
    for fact in ("91 %", "0.9123", "threshold 0.30", "test-encoder", "templates-1", "Uploaded"):
        assert fact in page


@pytest.mark.parametrize("mini", [True, False])
def test_the_mini_model_is_announced_wherever_tags_show(
    mini: bool, photo: Image, sign_in: SignIn
) -> None:
    tag(photo, "Mug", score=0.9, mini=mini)
    Image.objects.filter(pk=photo.pk).update(status=Status.LIVE, screened_at=timezone.now())
    client = sign_in("lead")
    for name, args in (
        ("catalog:photos", []),
        ("catalog:photo", [photo.pk]),
        ("catalog:upload", []),
        ("moderation:queue", []),
    ):
        page = client.get(reverse(name, args=args)).text
        assert ("The mini model is active." in page) is mini
        assert ("VITRINE_ENCODER" in page) is mini


def test_a_failed_photo_says_why_and_can_be_retried(photo: Image, sign_in: SignIn) -> None:
    publishing.fail(image=photo, code="broken", reason="It is broken.")
    client, url = sign_in("staff"), reverse("catalog:photo", args=[photo.pk])
    page = client.get(url).text
    assert "It is broken." in page
    assert "Try again" in page
    client.post(reverse("catalog:retry", args=[photo.pk]))
    photo.refresh_from_db()
    assert photo.status == Status.PENDING
    assert Event.objects.filter(image=photo, kind="retried").count() == 1
    assert (
        "nothing to retry"
        in client.post(reverse("catalog:retry", args=[photo.pk]), follow=True).text
    )
    assert Event.objects.filter(image=photo, kind="retried").count() == 1


def test_a_waiting_photo_follows_along_and_a_finished_one_does_not(
    photo: Image, sign_in: SignIn
) -> None:
    client, url = sign_in("staff"), reverse("catalog:photo", args=[photo.pk])
    assert 'hx-trigger="every 2s"' in client.get(url).text
    Image.objects.filter(pk=photo.pk).update(status=Status.LIVE, screened_at=timezone.now())
    fragment = client.get(url, headers={"HX-Request": "true"}).text
    assert "every 2s" not in fragment
    assert "<html" not in fragment


def test_an_expired_session_sends_page_scripts_to_the_door(client: Client, photo: Image) -> None:
    url = reverse("catalog:photo", args=[photo.pk])
    response = client.get(url, headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith(reverse("login"))
    assert client.get(reverse("catalog:upload_status"), headers=JSON).status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_actions_are_posts_only(method: str, photo: Image, sign_in: SignIn) -> None:
    url = reverse("catalog:retry", args=[photo.pk])
    assert getattr(sign_in("staff"), method)(url).status_code == 405


def test_posts_need_a_csrf_token(photo: Image, make_user: Callable[..., User]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("ana", "staff"))
    response = strict.post(reverse("catalog:retry", args=[photo.pk]))
    assert response.status_code == 403
    assert "This form was too old" in response.text
