"""The pages of sweeps: who may open them, what they say, and what their buttons do."""

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog.choices import Status
from catalog.models import Encoder, Image, Storefront
from moderation import sweeping
from moderation.choices import BankKind, SweepStatus
from moderation.models import Bank, Policy, Sweep
from tests.moderation.swept import (
    Everything,
    add_vector,
    gap,
    make_encoder,
    make_photos,
    run,
)
from tests.pages import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def encoder() -> Encoder:
    return make_encoder()


@pytest.fixture
def bank(storefront: Storefront, encoder: Encoder, policy: Policy) -> Bank:
    """A bank that would hold `bank.expected` of 300 photos."""
    make_photos(storefront, encoder, 300)
    everything = Everything.read()
    scores = everything.best([everything.vectors[0]])
    bank = Bank.objects.create(
        policy=policy, name="Pistols", hold_threshold=gap(scores, 18), hash_distance=None
    )
    add_vector(bank, encoder, everything.vectors[0])
    bank.expected = int(np.sum(scores >= bank.hold_threshold))  # type: ignore[attr-defined]
    return bank


@pytest.fixture
def sweep(bank: Bank, lea: User) -> Sweep:
    return sweeping.start(bank=bank, started_by=lea, note="after the alert")


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 302), ("nobody", 403), ("staff", 403), ("moderator", 403), ("lead", 200)],
)
@pytest.mark.parametrize("name", ["sweeps", "sweep_new", "sweep"])
def test_only_leads_see_sweeps(
    name: str, role: str | None, status: int, sweep: Sweep, sign_in: SignIn
) -> None:
    address = reverse(f"moderation:{name}", args=[sweep.pk] if name == "sweep" else [])
    response = sign_in(role).get(address, {"bank": sweep.bank_id} if name == "sweep_new" else {})
    assert response.status_code == status


@pytest.mark.parametrize(("role", "status"), [(None, 302), ("staff", 403), ("moderator", 403)])
@pytest.mark.parametrize("name", ["sweep_new", "sweep_pause", "sweep_resume", "sweep_revert"])
def test_only_leads_change_sweeps(
    name: str, role: str | None, status: int, sweep: Sweep, sign_in: SignIn
) -> None:
    address = reverse(f"moderation:{name}", args=[] if name == "sweep_new" else [sweep.pk])
    response = sign_in(role).post(address, {"bank": sweep.bank_id, "rate": 5})
    assert response.status_code == status
    assert list(Sweep.objects.values_list("pk", "status")) == [(sweep.pk, SweepStatus.RUNNING)]


@pytest.mark.parametrize("name", ["sweep_pause", "sweep_resume", "sweep_revert"])
def test_a_get_changes_nothing(name: str, sweep: Sweep, sign_in: SignIn) -> None:
    assert sign_in("lead").get(reverse(f"moderation:{name}", args=[sweep.pk])).status_code == 405


def test_without_sweeps_the_list_says_what_they_are_for(sign_in: SignIn) -> None:
    assert "Nothing was swept yet" in sign_in("lead").get("/sweeps/").content.decode()


def test_the_list_shows_every_sweep(sweep: Sweep, sign_in: SignIn) -> None:
    page = sign_in("lead").get("/sweeps/").content.decode()
    assert "Pistols" in page
    assert "after the alert" in page
    assert "0 % of 300 photos" in page


def test_without_a_bank_one_is_chosen(bank: Bank, policy: Policy, sign_in: SignIn) -> None:
    Bank.objects.create(policy=policy, name="Empty one")
    Bank.objects.create(policy=policy, name="Safe one", kind=BankKind.SAFE)
    page = sign_in("lead").get("/sweeps/new/").content.decode()
    assert f"?bank={bank.pk}" in page
    assert "Empty one" not in page
    assert "Safe one" not in page


@pytest.mark.parametrize("bank_key", ["x", "999999", "9" * 40, "²", "\x00"])
def test_a_bank_that_is_not_there_is_said(bank_key: str, sign_in: SignIn) -> None:
    response = sign_in("lead").get("/sweeps/new/", {"bank": bank_key})
    assert response.status_code == (200 if bank_key == "\x00" else 404)


def test_the_preview_counts_and_shows(bank: Bank, sign_in: SignIn) -> None:
    page = sign_in("lead").get("/sweeps/new/", {"bank": bank.pk}).content.decode()
    assert f'<b class="num">{bank.expected}</b>' in page  # type: ignore[attr-defined]
    assert page.count("Photo that would be held") == 12
    assert "of 300 photos" in page
    assert not Sweep.objects.exists()


def test_the_preview_of_some_exemplars(bank: Bank, encoder: Encoder, sign_in: SignIn) -> None:
    everything = Everything.read()
    axes = [sign * axis for axis in np.eye(encoder.dimension) for sign in (1, -1)]
    farthest = min(axes, key=lambda axis: float(everything.best([axis]).max()))
    assert everything.best([farthest]).max() < bank.hold_threshold
    away = add_vector(bank, encoder, farthest)
    client = sign_in("lead")
    address = {"bank": bank.pk, "exemplars": str(away.pk)}
    page = client.get("/sweeps/new/", address).content.decode()
    assert "1 chosen exemplar" in page
    assert "Nothing would change" in page
    client.post("/sweeps/new/", {**address, "rate": 100})
    assert list(Sweep.objects.get().exemplars.all()) == [away]


def test_an_exemplar_of_another_bank_is_refused(bank: Bank, sign_in: SignIn) -> None:
    address = {"bank": bank.pk, "exemplars": "0" * 32, "rate": 5}
    response = sign_in("lead").post("/sweeps/new/", address)
    assert response.status_code == 422
    assert "retired, or not in Pistols" in response.content.decode()
    assert not Sweep.objects.exists()


def test_starting_one(bank: Bank, sign_in: SignIn) -> None:
    response = sign_in("lead").post(
        "/sweeps/new/", {"bank": bank.pk, "rate": "700", "note": "after the alert"}
    )
    sweep = Sweep.objects.get()
    assert response.url == f"/sweeps/{sweep.pk}/"
    assert (sweep.rate, sweep.note, sweep.total) == (700, "after the alert", 300)
    assert sweep.started_by.username == "the-lead"


@pytest.mark.parametrize("rate", ["", "0", "-3", "fast", "1000000", "1e9"])
def test_a_rate_that_makes_no_sense_is_refused(rate: str, bank: Bank, sign_in: SignIn) -> None:
    response = sign_in("lead").post("/sweeps/new/", {"bank": bank.pk, "rate": rate})
    assert response.status_code == 422
    assert "a second" in response.content.decode()
    assert not Sweep.objects.exists()


def test_a_safe_bank_is_refused_in_words(bank: Bank, sign_in: SignIn) -> None:
    Bank.objects.update(kind=BankKind.SAFE)
    page = sign_in("lead").get("/sweeps/new/", {"bank": bank.pk}).content.decode()
    assert "safe bank" in page
    assert "Start the sweep" not in page


def test_the_page_asks_again_while_it_is_at_work(sweep: Sweep, sign_in: SignIn) -> None:
    client = sign_in("lead")
    page = client.get(f"/sweeps/{sweep.pk}/").content.decode()
    assert 'hx-trigger="every 1s"' in page
    run(sweep)
    response = client.get(f"/sweeps/{sweep.pk}/?from=nan&done=x", headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    fragment = response.content.decode()
    assert "<html" not in fragment
    assert "hx-trigger" not in fragment
    assert "300 of 300 photos" in fragment


@pytest.mark.parametrize(
    "mark", ["from=nan&done=1", "from=1e300&done=1", "from=-1&done=-1", "done=%00"]
)
def test_a_mangled_mark_is_no_error(mark: str, sweep: Sweep, sign_in: SignIn) -> None:
    address = f"/sweeps/{sweep.pk}/?{mark}"
    assert sign_in("lead").get(address, headers={"HX-Request": "true"}).status_code == 200


def test_pause_resume_and_take_back(
    sweep: Sweep, bank: Bank, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.chunks.CHUNK", 100)
    client = sign_in("lead")
    run(sweep, most=1)
    client.post(f"/sweeps/{sweep.pk}/pause/")
    sweep.refresh_from_db()
    assert sweep.status == SweepStatus.PAUSED
    assert "Resume" in client.get(f"/sweeps/{sweep.pk}/").content.decode()
    refused = client.post(f"/sweeps/{sweep.pk}/pause/", follow=True)
    assert "cannot be paused: paused" in refused.content.decode()
    client.post(f"/sweeps/{sweep.pk}/resume/")
    run(sweep)
    page = client.get(f"/sweeps/{sweep.pk}/").content.decode()
    count = bank.expected  # type: ignore[attr-defined]
    assert f"Take back {count} photos" in page
    client.post(f"/sweeps/{sweep.pk}/revert/")
    run(sweep)
    assert sweep.status == SweepStatus.REVERTED
    assert sweep.reverted_by.username == "the-lead"
    assert not Image.objects.exclude(status=Status.LIVE).exists()
    page = client.get(f"/sweeps/{sweep.pk}/").content.decode()
    assert "taken back" in page
    assert "Take back" not in page


def test_matches_are_paged(
    sweep: Sweep, bank: Bank, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.views.sweeps.PAGE_SIZE", 10)
    run(sweep)
    client = sign_in("lead")
    seen: list[object] = []
    after = ""
    while True:
        context = client.get(f"/sweeps/{sweep.pk}/", {"after": after}).context
        seen += [hit.pk for hit in context["hits"]]
        after = context["after"]
        if not after:
            break
    assert len(seen) == len(set(seen)) == bank.expected  # type: ignore[attr-defined]
    assert client.get(f"/sweeps/{sweep.pk}/", {"after": "nan~x"}).status_code == 200
    assert client.get(f"/sweeps/{sweep.pk}/", {"after": "nan~1"}).status_code == 200
