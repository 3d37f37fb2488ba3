# A fresh machine needs Python 3.11 or newer and make; everything else is installed here.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: up test soak lint bench docs clean

## up: install, and run everything with an embedded server; Ctrl-C ends it
up: .venv/installed
	@$(BIN)/heartbeat up

## test: install, lint, and run the whole suite
test: lint
	$(BIN)/pytest --numprocesses 3 --dist loadfile

## soak: hundreds of faults on real processes; SOAK_FAULTS and SOAK_SEED choose which
soak: .venv/installed-dev
	SOAK_FAULTS=$${SOAK_FAULTS:-500} $(BIN)/pytest -q tests/faults/test_chaos.py

## lint: formatting, rules, types, import contracts, generated documents
lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

## docs: write what is generated again
docs: .venv/installed-dev
	$(BIN)/python -m docs.generate

## bench: measure against named rivals, as ratios
bench: .venv/installed-dev
	$(BIN)/pip install --quiet --quiet --editable '.[bench]'
	$(BIN)/python -m bench

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "expected Python 3.11 or newer, got " + sys.version.split()[0])'
	@$(PYTHON) -m venv .venv
	@echo "installing into .venv …"
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .heartbeat
