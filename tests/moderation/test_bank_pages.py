"""Pages of policies, banks, exemplars, hash lists and notices: leads edit, moderators look."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Event
from moderation import flooding, rollback
from moderation.models import Bank, BankTraffic, Exemplar, Flag, Notice, Policy, Review
from moderation.rollback import RolledBack
from tests.conftest import Picture
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

HASH = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def url(name: str, *args: object) -> str:
    return reverse(f"moderation:{name}", args=args)


@pytest.fixture
def bank(exemplar: Exemplar) -> Bank:
    return exemplar.bank


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    return sign_in("lead")


def settings_of(bank: Bank, **changes: object) -> dict[str, object]:
    return {
        "name": bank.name,
        "note": bank.note,
        "state": "on",
        "switches_at": "",
        "sample_percent": "100",
        "sample_seed": "0",
        "hash_distance": "31",
        **changes,
    }


def policy_of(**changes: object) -> dict[str, object]:
    return {
        "name": "Drugs",
        "description": "",
        "severity": "3",
        "review_within_minutes": "60",
        "is_enabled": "on",
        "prompts": "",
        "contrast": "",
        "prompt_threshold": "",
        **changes,
    }


LOOK = ["policies", "bank"]
EDIT = ["policy_new", "policy", "bank_new", "notices", "bank_hashes", "exemplar_rollback"]
POST = [
    "bank_settings",
    "bank_lift",
    "exemplar_add",
    "bank_import",
    "exemplar_switch",
    "notice_settle",
]


def address(name: str, exemplar: Exemplar) -> str:
    notice = Notice.objects.get_or_create(text="Look at this.", bank=exemplar.bank)[0]
    of_bank = (exemplar.bank_id,)
    arguments: dict[str, tuple[object, ...]] = {
        "policy": ("weapons",),
        "bank_new": ("weapons",),
        "exemplar_rollback": (exemplar.pk,),
        "exemplar_switch": (exemplar.pk,),
        "notice_settle": (notice.pk,),
        **dict.fromkeys(
            ("bank", "bank_settings", "bank_lift", "exemplar_add", "bank_import", "bank_hashes"),
            of_bank,
        ),
    }
    return url(name, *arguments.get(name, ()))


@pytest.mark.parametrize("name", [*LOOK, *EDIT])
@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_who_may_open_which_page(
    name: str, role: str | None, sign_in: SignIn, exemplar: Exemplar
) -> None:
    client = sign_in(role)
    response = client.get(address(name, exemplar))
    allowed = role == "lead" or (role == "moderator" and name in LOOK)
    assert response.status_code == (302 if role is None else 200 if allowed else 403)


@pytest.mark.parametrize("name", [*POST, "policy_new", "policy", "bank_new", "exemplar_rollback"])
@pytest.mark.parametrize("role", [None, "staff", "moderator"])
def test_only_leads_change_anything(
    name: str, role: str | None, sign_in: SignIn, exemplar: Exemplar
) -> None:
    where = address(name, exemplar)
    before = (list(Bank.objects.values()), list(Exemplar.objects.values()))
    response = sign_in(role).post(where)
    assert response.status_code == (302 if role is None else 403)
    assert before == (list(Bank.objects.values()), list(Exemplar.objects.values()))
    assert not Notice.objects.exclude(settled_at=None).exists()


@pytest.mark.parametrize("name", POST)
def test_looking_changes_nothing(name: str, lead: Client, exemplar: Exemplar) -> None:
    assert lead.get(address(name, exemplar)).status_code == 405


def test_moderators_see_no_control_that_would_refuse_them(
    sign_in: SignIn, bank: Bank, exemplar: Exemplar
) -> None:
    client = sign_in("moderator")
    for page in (client.get(url("policies")), client.get(url("bank", bank.pk))):
        assert "Known weapons" in page.text
        for control in ("Retire", "Roll back", "Save settings", "New policy", "Add a bank"):
            assert control not in page.text


def test_policies_show_their_banks_and_how_much_they_hold(lead: Client, bank: Bank) -> None:
    now = timezone.now()
    BankTraffic.objects.create(bank=bank, hour=now, screened=1000, held=25)
    BankTraffic.objects.create(bank=bank, hour=now - timedelta(days=8), screened=9, held=9)
    Bank.objects.filter(pk=bank.pk).update(switches_at=now + timedelta(days=3), sample_rate=0.5)
    page = lead.get(url("policies")).text
    assert "25 of 1000 photos" in page
    assert "2.5 %" in page
    assert "50 % sample" in page
    assert f'until <time datetime="{(now + timedelta(days=3)).isoformat()[:10]}' in page


def test_no_policies_is_an_invitation(lead: Client) -> None:
    assert "Write the first policy" in lead.get(url("policies")).text


def test_a_policy_is_added_with_its_prompts(lead: Client) -> None:
    data = policy_of(
        prompts="a photo of pills\n\n a photo of powder ",
        contrast="a photo of sweets",
        prompt_threshold="0.8",
        needs_second_person="on",
    )
    assert lead.post(url("policy_new"), data).url == url("policies")
    policy = Policy.objects.get(slug="drugs")
    assert (policy.severity, policy.review_within_minutes) == (3, 60)
    assert (policy.needs_second_person, policy.prompt_threshold) == (True, 0.8)
    assert list(policy.prompts.values_list("text", "is_contrast")) == [
        ("a photo of pills", False),
        ("a photo of powder", False),
        ("a photo of sweets", True),
    ]


def test_editing_a_policy_keeps_prompts_that_stay_and_bumps_every_version(
    lead: Client, bank: Bank
) -> None:
    policy = bank.policy
    kept = policy.prompts.create(text="a photo of a gun")
    policy.prompts.create(text="a photo of a bomb")
    policy.prompts.create(text="a toy", is_contrast=True)
    data = policy_of(
        name="Weapons", prompts="a photo of a gun", contrast="a phone", prompt_threshold="0.7"
    )
    lead.post(url("policy", "weapons"), data)
    assert dict(policy.prompts.values_list("text", "is_contrast")) == {
        "a photo of a gun": False,
        "a phone": True,
    }
    assert policy.prompts.get(is_contrast=False) == kept
    policy.refresh_from_db()
    assert (policy.slug, policy.version) == ("weapons", 2)
    assert Bank.objects.get(pk=bank.pk).version == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Give the policy a name"),
        ({"review_within_minutes": "soon"}, "Write the minutes as a whole number"),
        ({"review_within_minutes": "0"}, "Choose between 1 minute and 90 days"),
        ({"prompts": "a gun", "prompt_threshold": "0.8"}, "Add at least one contrast prompt"),
        ({"contrast": "a toy", "prompt_threshold": "0.8"}, "The threshold needs a sentence"),
        ({"prompts": "a gun", "contrast": "a toy"}, "Say from which probability"),
        ({"prompts": "a gun", "contrast": "a gun"}, "“a gun” stands on both sides"),
        ({"prompts": "x" * 201}, "is longer than 200 characters"),
        ({"prompt_threshold": "8"}, "A probability lies above 0 and at most at 1"),
        ({"prompt_threshold": "nan"}, "Write the threshold as a number"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_in_words(
    changes: dict[str, object], sentence: str, lead: Client
) -> None:
    response = lead.post(url("policy_new"), policy_of(**changes))
    assert response.status_code == 422
    assert sentence in response.text
    assert not Policy.objects.exists()


def test_two_policies_may_share_a_name_but_no_address(lead: Client) -> None:
    lead.post(url("policy_new"), policy_of())
    lead.post(url("policy_new"), policy_of())
    assert set(Policy.objects.values_list("slug", flat=True)) == {"drugs", "drugs-2"}


def test_a_bank_is_added(lead: Client, bank: Bank) -> None:
    new = Bank(policy=bank.policy, name="Toys")
    data = settings_of(new, kind="safe", hold_threshold="0.92", veto_margin="0.01")
    response = lead.post(url("bank_new", "weapons"), data)
    made = Bank.objects.get(name="Toys")
    assert response.url == url("bank", made.pk)
    assert (made.kind, made.hold_threshold, made.veto_margin) == ("safe", 0.92, 0.01)


def test_settings_are_saved_and_bump_the_version(lead: Client, bank: Bank) -> None:
    when = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    changes = {
        "name": "Guns",
        "state": "off",
        "switches_at": when.strftime("%Y-%m-%dT%H:%M"),
        "sample_percent": "12.5",
        "sample_seed": "7",
        "hash_distance": "",
    }
    response = lead.post(url("bank_settings", bank.pk), settings_of(bank, **changes))
    assert response.url == url("bank", bank.pk)
    saved = Bank.objects.get(pk=bank.pk)
    assert (saved.name, saved.is_enabled, saved.switches_at) == ("Guns", False, when)
    assert (saved.sample_rate, saved.sample_seed, saved.hash_distance) == (0.125, 7, None)
    assert (saved.version, saved.hold_threshold) == (2, 0.87)


def test_saving_does_not_lift_a_quarantine_that_came_meanwhile(lead: Client, bank: Bank) -> None:
    flooding.quarantine(bank=bank, reason="Too much.")
    lead.post(url("bank_settings", bank.pk), settings_of(bank))
    saved = Bank.objects.get(pk=bank.pk)
    assert saved.quarantined_at is not None
    assert saved.version == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Give the bank a name"),
        ({"name": "Toys"}, "has a bank called “Toys” already"),
        ({"switches_at": "2020-01-01T00:00"}, "That time has passed"),
        ({"switches_at": "tomorrow"}, "Write the time as year-month-day"),
        ({"sample_percent": "0"}, "A share lies above 0"),
        ({"sample_percent": "inf"}, "Write the share as a number"),
        ({"hash_distance": "65"}, "Between 0 and 64 bits"),
        ({"hash_distance": "-1"}, "hash_distance-error"),
        ({"sample_seed": "99999999999"}, "sample_seed-error"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(
    changes: dict[str, object], sentence: str, lead: Client, bank: Bank
) -> None:
    Bank.objects.create(policy=bank.policy, name="Toys", kind="safe")
    response = lead.post(url("bank_settings", bank.pk), settings_of(bank, **changes))
    assert response.status_code == 422
    assert sentence in response.text
    assert Bank.objects.get(pk=bank.pk).version == 1


def test_pictures_are_added_and_refused_one_by_one(
    lead: Client, bank: Bank, picture: Picture
) -> None:
    mug = picture("mug")
    files = [
        SimpleUploadedFile("mug.jpg", mug),
        SimpleUploadedFile("again.jpg", mug),
        SimpleUploadedFile("notes.jpg", b"not a picture at all"),
        SimpleUploadedFile("half.jpg", picture("mug", 2)[:2000]),
        SimpleUploadedFile("empty.jpg", b""),
    ]
    data = {"files": files, "note": "a mug", "source": "Police"}
    response = lead.post(url("exemplar_add", bank.pk), data)
    assert response.status_code == 422
    page = response.text
    assert "4 of 5 files could not be added" in page
    assert "again.jpg: this picture is in the bank already" in page
    assert "notes.jpg: " in page
    assert "half.jpg: The file ends before its picture does" in page
    added = bank.exemplars.get(note="a mug")
    assert (added.source, added.added_by.username) == ("Police", "the-lead")  # type: ignore[union-attr]
    assert bank.exemplars.count() == 2


def test_adding_only_good_pictures_says_how_many(
    lead: Client, bank: Bank, picture: Picture
) -> None:
    files = [SimpleUploadedFile(f"{n}.jpg", picture("mug", n)) for n in range(2)]
    response = lead.post(url("exemplar_add", bank.pk), {"files": files}, follow=True)
    added = bank.exemplars.filter(note="").order_by("created_at")
    listed = ",".join(str(each.pk) for each in added)
    assert response.redirect_chain == [(f"{url('bank', bank.pk)}?added={listed}", 302)]
    assert "2 exemplars added." in response.text
    assert f"/sweeps/new/?bank={bank.pk}&amp;exemplars={added[0].pk}" in response.text
    assert "added." not in lead.get(url("bank", bank.pk), {"added": "mangled"}).text


def test_adding_nothing_or_too_much_is_said(
    lead: Client, bank: Bank, settings: object, picture: Picture
) -> None:
    assert "Choose at least one picture" in lead.post(url("exemplar_add", bank.pk)).text
    settings.VITRINE_MAX_UPLOAD_BYTES = 1024 * 1024  # type: ignore[attr-defined]
    large = SimpleUploadedFile("large.jpg", b"x" * (1024 * 1024 + 1))
    page = lead.post(url("exemplar_add", bank.pk), {"files": [large]}).text
    assert "large.jpg: it is larger than 1 MB" in page


def test_an_exemplar_is_retired_and_brought_back(
    lead: Client, bank: Bank, exemplar: Exemplar
) -> None:
    lead.post(url("exemplar_switch", exemplar.pk))
    exemplar.refresh_from_db()
    assert not exemplar.is_enabled
    assert "No exemplars yet" in lead.get(url("bank", bank.pk)).text
    assert "revolver" in lead.get(url("bank", bank.pk), {"show": "retired"}).text
    lead.post(url("exemplar_switch", exemplar.pk), {"on": "1"})
    exemplar.refresh_from_db()
    assert exemplar.is_enabled
    assert Bank.objects.get(pk=bank.pk).version == 3


def test_rolling_back_asks_with_its_counts_and_then_does_it(
    lead: Client, review: Review, exemplar: Exemplar
) -> None:
    page = lead.get(url("exemplar_rollback", exemplar.pk)).text
    assert "<b>1</b> flag nobody has judged is withdrawn, on 1 photo." in page
    assert "<b>1</b> photo with nothing else against it goes live." in page
    assert Flag.objects.standing().exists()
    data = {"reason": "it is a toy"}
    response = lead.post(url("exemplar_rollback", exemplar.pk), data, follow=True)
    assert "Rolled back: 1 flag withdrawn, 1 review closed, 1 photo live again." in response.text
    review.image.refresh_from_db()
    assert review.image.status == Status.LIVE
    assert Event.objects.filter(summary__endswith="rolled back: it is a toy").count() == 1


def test_a_roll_back_that_takes_long_says_how_to_go_on(
    lead: Client, review: Review, exemplar: Exemplar, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = RolledBack(200, 200, 200, photos_left=41)
    monkeypatch.setattr(rollback, "roll_back", lambda **given: done)
    response = lead.post(url("exemplar_rollback", exemplar.pk), follow=True)
    assert response.redirect_chain == [(url("exemplar_rollback", exemplar.pk), 302)]
    assert "41 photos left: roll back once more to go on." in response.text


def test_exemplars_come_in_pages(lead: Client, bank: Bank) -> None:
    Exemplar.objects.bulk_create(
        Exemplar(bank=bank, sha256=f"{n:064x}", pdq="0" * 256, note=f"number {n}.")
        for n in range(61)
    )
    first = lead.get(url("bank", bank.pk))
    assert "number 60." in first.text
    assert "number 0." not in first.text
    older = first.context["older"]
    second = lead.get(url("bank", bank.pk), {"before": older}).text
    assert ("number 0." in second, "revolver" in second, "number 60." in second) == (
        True,
        True,
        False,
    )
    assert lead.get(url("bank", bank.pk), {"before": "mangled~x"}).status_code == 200


def test_hash_lists_go_out_and_come_in(lead: Client, bank: Bank) -> None:
    list_ = SimpleUploadedFile("list.csv", f"{HASH},100,a gun,Partner\n".encode())
    response = lead.post(url("bank_import", bank.pk), {"list": list_}, follow=True)
    assert "Hashes: 1 added." in response.text
    assert bank.exemplars.get(sha256=HASH).source == "Partner"
    download = lead.get(url("bank_hashes", bank.pk))
    assert download["Content-Disposition"] == 'attachment; filename="weapons-known-weapons-pdq.csv"'
    body = b"".join(download.streaming_content).decode()  # type: ignore[attr-defined]
    assert body == f"pdq,quality,note,source\r\n{HASH},100,a gun,Partner\r\n"


def test_lines_that_are_no_hashes_are_named_by_number(lead: Client, bank: Bank) -> None:
    lines = [HASH, "no hash", *(f"bad {n}" for n in range(30))]
    list_ = SimpleUploadedFile("list.csv", "\n".join(lines).encode())
    response = lead.post(url("bank_import", bank.pk), {"list": list_})
    assert response.status_code == 422
    assert "1 added; 31 could not be read" in response.text
    assert "Line 2: " in response.text
    assert "Line 21: " in response.text
    assert "Line 22: " not in response.text
    assert "and 11 more lines like these" in response.text
    assert bank.exemplars.filter(sha256=HASH).get().source == "list.csv"


def test_a_list_that_is_none_is_refused_in_words(lead: Client, bank: Bank) -> None:
    assert "Choose a CSV file" in lead.post(url("bank_import", bank.pk)).text
    file = io.BytesIO(b"\xff\xfe\x00binary")
    file.name = "photo.csv"
    response = lead.post(url("bank_import", bank.pk), {"list": file})
    assert response.status_code == 422
    assert "photo.csv: The file is not UTF-8 text" in response.text
    assert bank.exemplars.count() == 1


def test_a_quarantine_is_shown_told_and_lifted(
    lead: Client, review: Review, exemplar: Exemplar
) -> None:
    bank = exemplar.bank
    flooding.quarantine(bank=bank, reason="Held 9 of 10.")
    Review.objects.update(queue="flood")
    page = lead.get(url("bank", bank.pk)).text
    assert "Held 9 of 10." in page
    assert "Roll back the busiest exemplar" in page
    assert '<b class="badge">1</b>' in page
    assert "is in quarantine" in lead.get(url("notices")).text
    response = lead.post(url("bank_lift", bank.pk), follow=True)
    assert "Out of quarantine: 1 of its reviews joins the first queue." in response.text
    assert "Lift the quarantine" not in response.text
    review.refresh_from_db()
    assert review.queue == "first"


def test_the_first_lead_who_deals_with_a_notice_stays_named(
    lead: Client, make_user: Callable[..., User]
) -> None:
    other = make_user("other", "lead")
    mine = Notice.objects.create(text="Look at this.")
    theirs = Notice.objects.create(text="And that.", settled_at=timezone.now(), settled_by=other)
    assert "Dealt with." in lead.post(url("notice_settle", mine.pk), follow=True).text
    mine.refresh_from_db()
    assert (mine.settled_by.username, mine.settled_at is None) == ("the-lead", False)  # type: ignore[union-attr]
    response = lead.post(url("notice_settle", theirs.pk), follow=True)
    assert "Somebody else had dealt with it already." in response.text
    theirs.refresh_from_db()
    assert theirs.settled_by == other
    assert 'class="badge"' not in response.text


def test_moderators_have_no_badge(sign_in: SignIn, bank: Bank) -> None:
    Notice.objects.create(text="Look at this.")
    assert "Notices" not in sign_in("moderator").get(url("policies")).text


@pytest.mark.parametrize("name", ["bank", "bank_settings", "exemplar_add", "bank_lift"])
def test_a_bank_that_is_not_there_is_a_404(name: str, lead: Client) -> None:
    method = lead.get if name == "bank" else lead.post
    assert method(url(name, 999)).status_code == 404
