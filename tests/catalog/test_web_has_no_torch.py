"""Promise 5: the web process never imports torch. Proved in a fresh interpreter."""

import subprocess
import sys

from tests.conftest import ROOT

SERVE_SOME_PAGES = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from config.wsgi import application
from django.test import Client
from django.urls import get_resolver
get_resolver().url_patterns            # every view module
from config.celery import app
app.loader.import_default_modules()    # every task module, as sending one needs
from django.contrib import admin       # autodiscovered with the URLs
client = Client(headers={"host": "localhost"})
assert client.get("/login/").status_code == 200
heavy = {
    "torch", "transformers", "safetensors", "tokenizers",
    "catalog.ml.encoder", "catalog.ml.hashing",
}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_web_process_never_imports_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE_SOME_PAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
