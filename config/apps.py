"""Registers what belongs to the whole installation: its system checks."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from catalog import checks  # noqa: F401  registers the checks
