# One door for people and for CI. Needs make, python3 (3.11 or newer) and python3-venv; uv if present.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
UV     := $(shell command -v uv 2>/dev/null)
BIN    := $(VENV)/bin

# A lock is complete, so nothing is resolved again (pip finds no pin for an extra of a dependency).
# A stamp says which lock the folder holds; the development lock holds all of the runtime lock.
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

ifeq ($(UV),)
NEW_VENV := $(PYTHON) -m venv --clear $(VENV)
PIP      := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
INSTALL  := $(PIP) install
else
NEW_VENV := $(UV) venv -q --clear --no-project --python $(PYTHON) $(VENV)
INSTALL  := UV_NATIVE_TLS=true $(UV) pip install -q --compile-bytecode --python $(BIN)/python
endif

.DEFAULT_GOAL := help
.PHONY: help run test test-slow compat check tidy format replay soak lock clean \
	bench-startup bench-engine bench-gateway bench-rota bench-pager bench-year

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' \
	    | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'
	@echo 'Arguments for the command behind a target: make run ARGS="--help"'

# --- use -------------------------------------------------------------------------------------

run: $(RUN_STAMP) ## set up and start an exchange to trade against (first trade within seconds)
	@exec $(BIN)/sunwise up $(ARGS)

replay: $(RUN_STAMP) ## drive the exchange with recorded Binance frames: ARGS="FILE... --speed max"
	$(BIN)/python -m benchmarks.replay.run $(ARGS)

# --- test ------------------------------------------------------------------------------------

test: $(DEV_STAMP) ## set up and run the tests
	$(BIN)/python -m pytest $(ARGS)

test-slow: $(DEV_STAMP) ## the long tests that `make test` leaves out
	$(BIN)/python -m pytest -m slow --timeout 1800 $(ARGS)

compat: $(DEV_STAMP) ## unmodified python-binance, binance-sdk-spot and ccxt against this exchange
	$(BIN)/python -m pytest -m 'compat or not compat' tests/compat $(ARGS)

check: $(DEV_STAMP) ## what CI demands of the source: style, types, imports, changelog, tidiness
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/towncrier build --draft --version next > /dev/null
	$(BIN)/python -m pytest -q tests/tidy

format: $(DEV_STAMP) ## bring the source into the form that `make check` demands
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# --- measure ---------------------------------------------------------------------------------

bench-startup: $(DEV_STAMP) ## time to the first trade, cold and warm, and memory
	$(BIN)/python -m benchmarks.startup.run $(ARGS)

bench-engine: $(DEV_STAMP) ## commands/s and CPU per command, beside C++ and PyPI's engines
	$(BIN)/python -m benchmarks.engine.run $(ARGS)

bench-gateway: $(DEV_STAMP) ## durable orders/s and latency over REST and WebSocket, cost of a broadcast
	$(BIN)/python -m benchmarks.gateway.run $(ARGS)
	$(BIN)/python -m benchmarks.gateway.broadcast

bench-rota: $(DEV_STAMP) ## rotas beside repaired round robins and proven bounds: ARGS="--short"
	$(BIN)/python -m benchmarks.rota.run $(ARGS)

bench-pager: $(DEV_STAMP) ## 10,000 alerts in a minute through two pagers: accept and page latency
	$(BIN)/python -m benchmarks.pager.run $(ARGS)

bench-year: $(DEV_STAMP) ## a simulated year: rota, handoffs, pages, killed pagers: ARGS="--short"
	$(BIN)/python -m benchmarks.year.run $(ARGS)

soak: $(DEV_STAMP) ## ten million commands, engine against oracle, byte for byte
	$(BIN)/python -m benchmarks.soak.run $(ARGS)
	$(BIN)/python -m benchmarks.soak.kills

# --- set up ----------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Sunwise needs Python 3.11 or newer: make PYTHON=python3.13 ...' >&2; exit 1; }
	@echo 'Making $(VENV) ...'
	@$(NEW_VENV) || { echo 'No virtual environment: on Debian, apt install python3-venv' >&2; \
	    rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@test -f $(DEV_STAMP) -a ! requirements.lock -nt $(DEV_STAMP) || { \
	    echo 'Installing what Sunwise runs on (once, about a minute) ...'; \
	    $(INSTALL) --no-deps --require-hashes -r requirements.lock; }
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what Sunwise is built and tested with (once, about two minutes) ...'
	@$(INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_STAMP)

# Universal: one lock for every Python and platform. No address of any index is written.
LOCK := build/lock/bin/uv pip compile -q --no-config --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header

lock: ## write both requirements locks anew from pyproject.toml: ARGS=--upgrade for newest
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q uv
	$(LOCK) $(ARGS) --extra editable --extra people --extra dev --extra compat pyproject.toml -o requirements-dev.lock
	$(LOCK) --extra editable --extra people -c requirements-dev.lock pyproject.toml -o requirements.lock
	sed -i '/-c requirements-dev.lock/d' requirements.lock

clean: ## remove what building and testing left behind, but no exchange's data
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
