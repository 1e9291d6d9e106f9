"""Settings, URLs and services: the layer that wires the two apps together."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
