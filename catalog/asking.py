"""Asking the interactive worker, which has the model and never waits behind a drain."""

from typing import Any

from celery import current_app
from celery.exceptions import TimeoutError as NoAnswer
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

PATIENCE = 8  # seconds; a warm worker answers in a fraction of one


class NobodyAnswered(RuntimeError):
    """No interactive worker answered in time, or the broker cannot be reached."""


def ask(task: str, *arguments: Any) -> Any:
    """What the task, by name, returns. Raises `NobodyAnswered`, or what the task raised."""
    try:
        asked = current_app.send_task(task, arguments, expires=PATIENCE, retry=False)
        return asked.get(timeout=PATIENCE)
    except (NoAnswer, OperationalError, RedisError, OSError) as error:
        raise NobodyAnswered(
            "No interactive worker answered. Try again, or ask the operator."
        ) from error
