"""A decision whose worker dies between its commit and its effect takes effect once, later."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import current_app
from django.contrib.auth.models import User

from catalog.choices import Status
from catalog.models import Event, Image
from moderation.choices import Action, Result
from moderation.models import Decision, Policy, Review, Settlement
from tests.conftest import ROOT, Picture, child_environment
from tests.moderation.cases import decide, make_review, pass_time

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# The worker's own code, up to the very statement that carries the removal out.
DIES_IN_THE_EFFECT = """
import os, signal, django
django.setup()
from catalog import publishing
from moderation import tasks
publishing.remove = lambda **_: os.kill(os.getpid(), signal.SIGKILL)
tasks.tend()
"""


@pytest.fixture
def case(upload: Callable[..., Image], picture: Picture) -> Review:
    policy = Policy.objects.create(slug="arms", name="Arms")
    return make_review(upload(picture("handgun")), policy)


@contextmanager
def background_worker(log: Path) -> Iterator[None]:
    """A real Celery worker on the queue that settles decisions."""
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo"),
                *("-Q", "background", "--without-gossip", "--without-mingle"),
            ],
            cwd=ROOT,
            env=child_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)


def test_a_decision_whose_worker_dies_between_commit_and_effect(
    case: Review, make_user: Callable[..., User], tmp_path: Path
) -> None:
    decision = decide(case, make_user("ana", "moderator"), Action.REMOVE, case.policy)
    pass_time(case, 100)

    died = subprocess.run(
        [sys.executable, "-c", DIES_IN_THE_EFFECT],
        cwd=ROOT,
        env=child_environment() | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert Decision.objects.get() == decision, "what was decided is kept"
    assert not Settlement.objects.exists()
    assert Image.objects.get(pk=case.image_id).status == Status.HELD

    with background_worker(tmp_path / "worker.log"):
        deadline = time.monotonic() + 60
        while not Settlement.objects.exists():
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()
            current_app.send_task("moderation.tasks.tend", ignore_result=True)
            time.sleep(0.5)

    assert decision.settlement.result == Result.EFFECTIVE
    assert Image.objects.get(pk=case.image_id).status == Status.REMOVED
    assert Event.objects.filter(kind="removed_by_moderator").count() == 1
