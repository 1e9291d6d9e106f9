"""Appeals from outside: a storefront over the API, and staff on the photo's page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from catalog import keys
from catalog.choices import Status
from catalog.models import Image, Storefront
from moderation import appealing, deciding, reviewing, settling
from moderation.api.examples import APPEAL
from moderation.choices import Action, Queue
from moderation.models import Appeal, Policy, Review
from tests.openapi import IMAGES, ApiClient, validate
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., User]
TEXT = {"text": "It is a water pistol."}


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def decide(review: Review, by: User, action: Action) -> None:
    claimed = reviewing.claim(review_id=review.pk, moderator=by)
    deciding.decide(
        review_id=review.pk,
        moderator=by,
        version=claimed.version,
        action=action,
        policy=review.policy if action == Action.REMOVE else None,
    )


@pytest.fixture
def removed(at_once: None, review: Review, ana: User) -> Image:
    """A photo that Ana removed."""
    decide(review, ana, Action.REMOVE)
    return Image.objects.get(pk=review.image_id)


def send(api: ApiClient, image: Image, body: Any = None) -> Any:
    return api.post(f"{IMAGES}/{image.pk}/appeal", body or TEXT, content_type="application/json")


def shown(api: ApiClient, image: Image) -> Any:
    return api.get(f"{IMAGES}/{image.pk}").json()


def test_the_example_is_what_the_document_describes() -> None:
    validate({"$ref": "#/components/schemas/Appeal"}, APPEAL)


def test_a_removal_is_appealed_and_waits_for_somebody_else(
    api: ApiClient, removed: Image, ana: User
) -> None:
    response = send(api, removed)
    assert response.status_code == 201
    assert response.json().pop("created_at")
    assert response.json()["status"] == "open"
    made = Appeal.objects.get()
    assert (made.text, made.source, made.made_by) == (TEXT["text"], "api", None)
    assert made.review.queue == Queue.APPEALS
    assert not Review.objects.filter(pk=made.review_id).allowed_to(ana).exists()
    body = shown(api, removed)
    assert body["status"] == Status.REMOVED
    assert body["appeal"]["status"] == "open"
    assert body["review"]["queue"] == "appeals"


@pytest.mark.parametrize(
    ("action", "status", "photo"),
    [
        (Action.REMOVE, "upheld", Status.REMOVED),
        (Action.APPROVE, "overturned", Status.LIVE),
    ],
)
def test_the_photo_says_how_its_appeal_ended(
    action: Action,
    status: str,
    photo: str,
    api: ApiClient,
    removed: Image,
    make_user: MakeUser,
) -> None:
    send(api, removed)
    decide(Appeal.objects.get().review, make_user("ben", "moderator"), action)
    body = shown(api, removed)
    assert (body["status"], body["appeal"]["status"], body["review"]) == (photo, status, None)
    assert TEXT["text"] not in str(body)


def test_an_undone_or_drafted_answer_leaves_the_appeal_open(
    api: ApiClient, removed: Image, make_user: MakeUser, settings: Any
) -> None:
    settings.VITRINE_UNDO_SECONDS = 60
    send(api, removed)
    decide(Appeal.objects.get().review, make_user("ben", "moderator"), Action.APPROVE)
    assert shown(api, removed)["appeal"]["status"] == "open"


def test_a_removal_is_appealed_once(api: ApiClient, removed: Image, make_user: MakeUser) -> None:
    send(api, removed)
    again = send(api, removed)
    assert (again.status_code, again.json()["code"]) == (409, "in_review")
    decide(Appeal.objects.get().review, make_user("ben", "moderator"), Action.REMOVE)
    final = send(api, removed)
    assert (final.status_code, final.json()["code"]) == (409, "already_appealed")
    assert Appeal.objects.count() == 1


def test_a_new_removal_can_be_appealed_again(
    api: ApiClient, removed: Image, make_user: MakeUser
) -> None:
    ben, cleo = make_user("ben", "moderator"), make_user("cleo", "moderator")
    send(api, removed)
    decide(Appeal.objects.get().review, ben, Action.REMOVE)
    again = reviewing.open_review(image=removed, actor=cleo)
    again.policy = Policy.objects.get()
    decide(again, cleo, Action.REMOVE)
    assert send(api, removed).status_code == 201


@pytest.mark.parametrize("status", [Status.LIVE, Status.PENDING, Status.FAILED])
def test_what_is_not_removed_cannot_be_appealed(
    status: str, api: ApiClient, upload: Callable[..., Image], picture: Any
) -> None:
    image = upload(picture("mug"))
    Image.objects.filter(pk=image.pk).update(
        status=status, screened_at=timezone.now(), failure_reason="It is broken."
    )
    response = send(api, image)
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_appeal")
    assert not Appeal.objects.exists()


def test_a_held_photo_is_in_review_already(api: ApiClient, review: Review) -> None:
    response = send(api, review.image)
    assert (response.status_code, response.json()["code"]) == (409, "in_review")


def test_another_shops_photo_is_not_there(
    removed: Image, other_storefront: Storefront, api: ApiClient
) -> None:
    rival = ApiClient(keys.create_key(storefront=other_storefront, name="Rival")[1])
    theirs, missing = send(rival, removed), send(rival, Image())
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() == missing.json()
    assert send(ApiClient(), removed).status_code == 401
    assert not Appeal.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation_failed"),
        ({"text": ""}, 400, "validation_failed"),
        ({"text": "   \n"}, 400, "validation_failed"),
        ({"text": "x" * 2001}, 400, "validation_failed"),
        ({"text": "x" * 2_000_000}, 400, "validation_failed"),
        ({"text": "\x00"}, 400, "validation_failed"),
        ({"text": ["a"]}, 400, "validation_failed"),
        ([], 400, "validation_failed"),
    ],
)
def test_an_appeal_without_a_sensible_text_is_refused(
    body: Any, status: int, code: str, api: ApiClient, removed: Image
) -> None:
    response = api.post(f"{IMAGES}/{removed.pk}/appeal", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Appeal.objects.exists()


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"{", "application/json", "malformed_request"),
        (b'{"text": "\\ud800"}', "application/json", "validation_failed"),
        (b"\xff", "application/json", "malformed_request"),
        (b"text=a", "application/x-www-form-urlencoded", "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    data: bytes, kind: str, code: str, api: ApiClient, removed: Image
) -> None:
    response = api.generic("POST", f"{IMAGES}/{removed.pk}/appeal", data, content_type=kind)
    assert response.json()["code"] == code
    assert not Appeal.objects.exists()


def test_looking_at_the_address_is_not_an_appeal(api: ApiClient, removed: Image) -> None:
    assert api.get(f"{IMAGES}/{removed.pk}/appeal").status_code == 405


# --- the photo's page -------------------------------------------------------------------------


def at(image: Image) -> str:
    return reverse("moderation:appeal", args=[image.pk])


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_staff_and_moderators_appeal_on_the_photos_page(
    role: str | None, removed: Image, sign_in: SignIn
) -> None:
    response = sign_in(role).post(at(removed), TEXT)
    may = role in ("staff", "moderator", "lead")
    assert response.status_code == (302 if may or role is None else 403)
    assert Appeal.objects.count() == may
    if may:
        made = Appeal.objects.get()
        assert (made.source, str(made.made_by)) == ("staff", f"the-{role}")


def test_the_page_offers_it_only_where_it_is_possible(
    removed: Image, sign_in: SignIn, make_user: MakeUser
) -> None:
    client = sign_in("staff")
    url = reverse("catalog:photo", args=[removed.pk])
    assert at(removed) in client.get(url).text
    client.post(at(removed), TEXT)
    page = client.get(url).text
    assert at(removed) not in page
    assert TEXT["text"] in page
    assert "somebody who has not decided on it" in page
    decide(Appeal.objects.get().review, make_user("ben", "moderator"), Action.APPROVE)
    page = client.get(url).text
    assert at(removed) not in page
    assert "The photo is live again" in page


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_a_text_that_is_refused_says_why(text: str, removed: Image, sign_in: SignIn) -> None:
    page = sign_in("staff").post(at(removed), {"text": text}, follow=True).text
    assert ("Say why" if not text.strip() else "within 2000 characters") in page
    assert not Appeal.objects.exists()


def test_a_photo_that_is_not_there_is_not_found(removed: Image, sign_in: SignIn) -> None:
    client = sign_in("staff")
    assert client.post(at(Image()), TEXT).status_code == 404
    assert client.get(at(removed)).status_code == 405


def test_the_page_tells_of_a_draft_and_of_a_second_person(
    review: Review, ana: User, sign_in: SignIn, settings: Any
) -> None:
    settings.VITRINE_UNDO_SECONDS = 60
    review.policy.needs_second_person = True  # type: ignore[union-attr]
    review.policy.save()  # type: ignore[union-attr]
    client = sign_in("staff")
    url = reverse("catalog:photo", args=[review.image_id])
    decide(review, ana, Action.REMOVE)
    page = client.get(url).text
    assert "decided: removed, Weapons. It takes effect in" in page
    Review.objects.update(takes_effect_at=timezone.now())
    settling.settle_due()
    page = client.get(url).text
    assert "It takes effect once a second, different person has decided the same" in page
    panel = page[page.index("<h2>Moderation</h2>") : page.index("<h2>Product</h2>")]
    assert "ana" not in panel


def test_flags_that_no_longer_count_come_last(review: Review, sign_in: SignIn, ana: User) -> None:
    flag = review.image.flags.get()
    flag.withdrawn_at, flag.withdrawn_by = timezone.now(), ana
    flag.save()
    page = sign_in("staff").get(reverse("catalog:photo", args=[review.image_id])).text
    assert 'class="flag hold withdrawn"' in page
    assert "it no longer counts" in page


def test_the_limit_of_the_page_is_the_limit_of_the_verb(removed: Image, sign_in: SignIn) -> None:
    page = sign_in("staff").get(reverse("catalog:photo", args=[removed.pk])).text
    assert f'maxlength="{appealing.TEXT_LIMIT}"' in page
