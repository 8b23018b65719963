# A fresh clone needs two commands: `make run` and `make test`.
PYTHON ?= python3
# The port of `make run`. Another one: make run PORT=8001
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

# pip-tools is no part of the environment: only whoever changes a dependency needs it.
PIP_TOOLS := pip-tools==7.6.2
LOCK := $(VENV)/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: run compressed test crash attack soak bench bench-peers lighthouse check lock words clean

run: $(VENV)/installed compressed  ## starts the portal, and prints where to sign up and to sign in
	@$(BIN)/portal serve --port $(PORT) --print-links

# A wheel has these as well, made when it is built. What was compressed before is left as it is.
compressed: $(VENV)/installed  ## compresses the static files
	@$(BIN)/python portal/compressed_files.py static static/compressed

# One process for each core. The tests of a file stay together, since each process that has
# one from tests/browser starts a Chromium and a portal.
test: $(VENV)/installed-for-tests  ## runs all tests
	@$(PYTEST) --numprocesses auto --dist loadfile --no-loadscope-reorder

crash: $(VENV)/installed-for-tests  ## the long run of the crash tests of stores and imports
	@CRASH_LONG=1 $(PYTEST) tests/stores tests/migrations_tools/imports/test_killed.py

# About ten minutes. Everything stays on this machine: the clients, the portal and DynamoDB.
attack: $(VENV)/installed-for-tests  ## attacks a portal, and fails if it does not hold
	@$(BIN)/python -m tests.attack

# Five minutes for each store, with faults. Also on this machine alone; needs wrk.
soak: $(VENV)/installed-for-tests  ## uses a portal for ten minutes, and fails if something is lost
	@$(BIN)/python -m tests.soak

bench: $(VENV)/installed-for-tests  ## prints what requests and commits cost
	@$(BIN)/python -m tests.benchmarks

# Downloads the peers from npm, about 100 MB, once.
bench-peers: $(VENV)/installed-for-tests  ## compares validate with servers of others
	@$(BIN)/python -m tests.benchmarks.peers

# Downloads Lighthouse from npm, once, and needs Chromium.
lighthouse: $(VENV)/installed-for-tests  ## asks Lighthouse about the first page, and weighs it
	@$(BIN)/python -m tests.benchmarks.lighthouse

check: $(VENV)/installed-for-tests  ## the linter, the formatter and the types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

# requirements.lock has the extras: `prometheus`, so that a container can answer `/metrics`, `otel`, so
# that it can send traces, `dkim`, so that it can sign mail, `oidc`, so that staff can sign in with
# OpenID Connect, `browsers`, so that profiles of browsers can be imported, and `lambda`, so that AWS
# Lambda runs what was tested.
lock: $(VENV)/lock/installed  ## writes the lock files anew after a change of dependencies
	@$(LOCK) --output-file requirements.lock --extra browsers --extra dkim --extra lambda --extra oidc \
		--extra otel --extra prometheus pyproject.toml
	@$(LOCK) --output-file tests/requirements.lock --extra test \
		--constraint requirements.lock pyproject.toml

# Fills each catalogue with the words of the code and the templates; what is new is left to be
# translated, and a test says so. Another language: pybabel init, as the README has it.
words: $(VENV)/installed-for-tests  ## brings the catalogues of words up to date
	@mkdir -p build
	@$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keywords N_ \
		--keywords Message --no-location \
		--sort-output --project portal --version 1 --output-file build/words.pot .
	@$(BIN)/pybabel --quiet update --domain messages --input-file build/words.pot \
		--output-dir portal/translations --no-fuzzy-matching --ignore-obsolete \
		--ignore-pot-creation-date
	@$(BIN)/pybabel --quiet compile --directory portal/translations

clean:  ## removes the environment; the data stays
	@rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null || { \
		echo 'The portal needs Python 3.11 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)

# The stamps make a second run instant, and a changed lock or project installs again.
$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing the portal into $(VENV) …'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/installed-for-tests: tests/requirements.lock $(VENV)/installed
	@echo 'Installing what the tests need …'
	@$(PIP) install --require-hashes --requirement tests/requirements.lock
	@touch $@

$(VENV)/lock/installed: Makefile | $(BIN)/python
	@$(BIN)/python -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --quiet --disable-pip-version-check install '$(PIP_TOOLS)'
	@touch $@
