"""History cannot be rewritten: the database itself refuses."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from catalog.erasing import erase
from catalog.models import Encoder, Event, Image
from moderation.choices import Action
from moderation.models import Bank, BankThreshold, Decision, Policy, Review, Settlement
from tests.moderation.cases import decide, settle

pytestmark = pytest.mark.django_db

HISTORY: list[type[Model]] = [Event, Decision, Settlement, BankThreshold]


@pytest.fixture
def history(case: Review, ana: User, policy: Policy, encoder: object) -> None:
    """A row in every table of history."""
    decide(case, ana, Action.REMOVE, policy)
    settle(case)
    bank = Bank.objects.create(policy=policy, name="Known")
    BankThreshold.objects.create(
        bank=bank, encoder=Encoder.objects.get(), hold=0.8, author=ana, note="first"
    )


@pytest.mark.parametrize("model", HISTORY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.usefixtures("history")
def test_the_database_refuses_to_rewrite_history(model: type[Model], statement: str) -> None:
    rows = model._default_manager.count()
    assert rows
    with (
        pytest.raises(DatabaseError, match="is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(model._meta.db_table))
    assert model._default_manager.count() == rows


@pytest.mark.usefixtures("history")
def test_history_outlives_an_erased_photo(case: Review) -> None:
    events = Event.objects.count()
    assert erase(Image.objects.filter(pk=case.image_id)) == 1
    assert not Review.objects.exists()
    decision = Decision.objects.get()
    assert decision.image_id == case.image_id
    assert decision.settlement.result == "effective"
    assert Event.objects.count() == events + 1
    assert Event.objects.latest("id").kind == "erased"


def test_every_step_is_recorded_with_its_time(
    case: Review, ana: User, upload: Callable[..., Image]
) -> None:
    decide(case, ana)
    settle(case)
    events = list(Event.objects.filter(image=case.image).values_list("kind", "actor__username"))
    assert events == [
        ("uploaded", None),
        ("claimed", "ana"),
        ("decided", "ana"),
        ("approved", "ana"),
    ]
    decision = Decision.objects.get()
    assert case.created_at <= decision.claimed_at <= decision.decided_at < decision.settlement.at
