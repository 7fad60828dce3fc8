# The two commands a fresh machine needs: make demo, make test. Both set up what is missing.
PY := .venv/bin/python
STAMP := .venv/.synced

.DEFAULT_GOAL := help
.PHONY: help demo up test lint check format lock clean scenarios native pictures truth

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements-dev.lock
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; this is $$(python3 --version)."; exit 1; }
	@echo "Setting up .venv from requirements-dev.lock (about 20 s the first time)."
	@test -x $(PY) || python3 -m venv .venv
	@awk '/^uv==/{on=1} on{print} on&&!/\\$$/{exit}' requirements-dev.lock > .venv/uv.lock
	@test -x .venv/bin/uv || $(PY) -m pip install --quiet --require-hashes -r .venv/uv.lock
	@.venv/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements-dev.lock
	@touch $(STAMP)

demo: $(STAMP) ## Eight referrals through fourteen weeks on a real Temporal server, in about a minute
	@$(PY) starter.py demo

up: $(STAMP) ## Temporal, its UI, the worker and the HTTP API, until Ctrl-C
	@$(PY) starter.py up

SEEDS ?= 20
scenarios: $(STAMP) ## Every case of everyday clinic life on the real engine, then each as 20 bad feeds tell it
	@$(PY) -m tests.scenarios --seeds $(SEEDS)

# They start servers of their own on the usual ports and watch them end: one after another.
SERVERS := tests/cli tests/e2e tests/engine
test: $(STAMP) ## The whole suite, on SQLite and Postgres and a real Temporal server
	@echo "Running the test suite (about 15 minutes; Temporal is built first if it is missing)."
	@$(PY) -m pytest -q -n auto --dist loadfile -m "not engine and not native"
	@$(PY) -m pytest -q -n 2 --dist loadfile -m engine $(addprefix --ignore=,$(SERVERS))
	@$(PY) -m pytest -q -m engine $(SERVERS)

truth: $(STAMP) ## A year of 200,000 referrals: every figure against an independent computation
	@REFERRAL_LOOP_TRUTH=200000 $(PY) -m pytest -q tests/truth
	@$(PY) -m tests.truth.detection

native: $(STAMP) ## The production shape without containers, with parts of it killed under load
	@echo "Running the end-to-end suite on docker-compose.yml without containers (about 3 minutes)."
	@deploy/native.sh test

lint: $(STAMP) ## ruff and mypy
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy .

check: lint test ## Everything CI runs

format: $(STAMP) ## Reformat and sort imports
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format --quiet .

lock: $(STAMP) ## Compile both lock files anew after changing pyproject.toml
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 pyproject.toml --group dev -c requirements.lock \
	  -o requirements-dev.lock

pictures: $(STAMP) ## Take the pictures of docs/images anew, of an example desk in Chromium
	@$(PY) -m tests.pictures

clean: ## Remove what running leaves behind; the Temporal binaries in the cache stay
	@rm -rf .venv var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
