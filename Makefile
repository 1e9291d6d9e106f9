# Each target works from a bare clone: Python 3.11 or newer, gcc and make are all it needs.
# Paths are relative throughout, because make cannot handle a space in the checkout's own path.

.PHONY: help demo test lint bench mini-model clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

# Read by the recipes from their environment, where spaces and quotes in paths are harmless.
export PHOTOS ENCODER

PY := .venv/bin/python
# Compiling all of torch and transformers ahead takes longer than fetching them.
INSTALL := $(PY) -m pip install -qq --disable-pip-version-check --no-compile

help:
	@echo 'make demo        see it work: services, workers, sample photos, the site until Ctrl-C'
	@echo '                 PHOTOS=folder   your own photos instead of the samples'
	@echo '                 ENCODER=name    a full model from the hub or a folder'
	@echo '                 ARGS="--no-serve --json --port 8000"'
	@echo 'make test        all tests, in a real browser too   ARGS="-k pattern", ARGS="-n 0" for one process'
	@echo 'make lint        style, types, who imports whom, migrations, API description'
	@echo 'make bench       measure   ONLY=name ARGS=... for one'
	@echo 'make mini-model  train the bundled model   PHOTOS=folder ARGS=...'
	@echo 'make clean       remove the environment and caches, keep the data'

demo: .venv/.run-ready
	@$(PY) manage.py demo $${PHOTOS:+--photos "$$PHOTOS"} $${ENCODER:+--encoder "$$ENCODER"} $(ARGS)

test: .venv/.test-ready
	@browser=$$(sh scripts/chromium) && VITRINE_CHROMIUM="$$browser" $(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

lint: .venv/.test-ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: .venv/.run-ready
	@for file in $(wildcard benchmarks/$(or $(ONLY),[a-z]*).py); do \
	    name=$$(basename "$$file" .py); echo "== $$name"; $(PY) -m "benchmarks.$$name" $(ARGS) || exit; done

mini-model: .venv/.run-ready
	@photos="$${PHOTOS:-../shared/photos}"; \
	test -d "$$photos" || { echo 'Say where the labelled photos are: make mini-model PHOTOS=folder'; exit 2; }; \
	$(PY) -m catalog.ml.mini.train --photos "$$photos" --out catalog/ml/mini/model $(ARGS)

clean:
	@test ! -x $(PY) || test ! -d .data || $(PY) -m config.embedded stop
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@test ! -d .data || echo 'Kept: .data, the databases and photos of this checkout.'

# The stamps are younger than the requirements they were installed from.
.venv/.run-ready: requirements.txt
	@sh scripts/venv
	@echo "Installing Vitrine's environment (once, a few minutes)…"
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/.test-ready: requirements-dev.txt .venv/.run-ready
	@echo 'Installing what the tests need (once)…'
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
