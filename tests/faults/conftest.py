"""Fixtures for tests that kill processes."""

from tests.faults.background import background

__all__ = ["background"]
