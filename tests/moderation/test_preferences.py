"""A person's keys and breaks: press-to-set, one meaning per key, shown wherever they work."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from moderation import shortcuts
from moderation.models import Preferences, Review
from moderation.shortcuts import USUAL, KeysRefused
from tests.pages import SignIn

pytestmark = pytest.mark.django_db


def form(**keys: str) -> dict[str, str]:
    return {"break": "50", **{f"key-{name}": key for name, key in keys.items()}}


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_preferences_are_for_people_with_a_role(role: str | None, sign_in: SignIn) -> None:
    response = sign_in(role).get(reverse("moderation:preferences"))
    assert response.status_code == {None: 302, "nobody": 403}.get(role, 200)


def test_every_usual_key_is_different_and_allowed() -> None:
    assert shortcuts.problems_of(USUAL) == {}


def test_a_changed_key_is_stored_and_shown_where_it_works(review: Review, sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:preferences"), form(approve="Y", undo="a"))
    assert Preferences.objects.get().keys == {"approve": "y", "undo": "a"}
    client.post(reverse("moderation:claim", args=[review.pk]))
    page = client.get(reverse("moderation:review", args=[review.pk])).text
    assert '<button class="act approve" data-key="y" aria-keyshortcuts="y"><kbd>Y</kbd>' in page
    assert 'data-key="r"' in page


def test_a_key_may_do_different_things_where_pages_never_meet(sign_in: SignIn) -> None:
    usual = shortcuts.USUAL
    assert usual["zoom"] == usual["select"] == "x"
    assert usual["start"] == usual["tag_wrong"] == "n"
    client = sign_in("staff")
    client.post(reverse("moderation:preferences"), form(approve="y", tag_right="h", search="v"))
    assert Preferences.objects.get().keys == {"approve": "y", "tag_right": "h", "search": "v"}
    refused = client.post(reverse("moderation:preferences"), form(tag_right="j"))
    assert refused.status_code == 400
    assert "J would do 2 things: “Right” and “Next, without deciding”. Change one." in refused.text
    help_text = client.get(reverse("catalog:photos")).text
    assert "Right: confirm the first tag" in help_text
    assert "<kbd>H</kbd></dt><dd>Right" in help_text
    assert 'data-key="v" aria-keyshortcuts="v" title="Search (key v)"' in help_text


def test_nobody_elses_keys_change(sign_in: SignIn, make_user: Callable[..., User]) -> None:
    sign_in("moderator").post(reverse("moderation:preferences"), form(approve="y"))
    assert shortcuts.keys_of(make_user("ben", "moderator"))["approve"] == "a"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"approve": "r"}, "R would do 2 things: “Approve” and “Remove”. Change one."),
        ({"skip": "1"}, "1 names a policy when you remove. Choose a letter or a sign."),
        ({"skip": "xy"}, "“Skip” needs one letter or sign."),
        ({"skip": "\x00"}, "“Skip” needs one letter or sign."),
    ],
)
def test_a_key_that_cannot_work_is_refused_in_words(
    keys: dict[str, str], sentence: str, sign_in: SignIn
) -> None:
    response = sign_in("moderator").post(reverse("moderation:preferences"), form(**keys))
    assert response.status_code == 400
    assert sentence in response.text
    assert not Preferences.objects.exists()


@pytest.mark.parametrize("minutes", ["", "-5", "many", "481", "99999999999999999999"])
def test_a_break_after_no_sensible_time_is_refused(minutes: str, sign_in: SignIn) -> None:
    response = sign_in("moderator").post(reverse("moderation:preferences"), {"break": minutes})
    assert response.status_code == 400
    assert "A break is proposed after 1 to 480 minutes, or never: 0." in response.text
    assert not Preferences.objects.exists()


def test_the_usual_keys_come_back(sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:preferences"), form(approve="y"))
    client.post(reverse("moderation:preferences"), form(approve="y") | {"reset": "1"})
    assert Preferences.objects.get().keys == {}


def test_letters_of_any_alphabet_are_keys(make_user: Callable[..., User]) -> None:
    user = make_user("ana", "moderator")
    shortcuts.save(user=user, keys={"approve": "Ф", "skip": "ß"}, break_after_minutes=0)
    assert shortcuts.keys_of(user)["approve"] == "ф"
    assert shortcuts.printed("ß") == "ß"


def test_what_is_no_shortcut_is_not_stored(make_user: Callable[..., User]) -> None:
    user = make_user("ana", "moderator")
    shortcuts.save(user=user, keys={"fly": "f"}, break_after_minutes=50)
    assert Preferences.objects.get().keys == {}
    with pytest.raises(KeysRefused):
        shortcuts.save(user=user, keys={"skip": "a"}, break_after_minutes=50)
