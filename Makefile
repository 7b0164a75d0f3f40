# Strikenet: every task a developer or CI runs, one target each. `make` prints this list.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
VENV_STAMP := $(VENV)/.stamp
NODE_STAMP := node_modules/.stamp

.PHONY: setup
setup: $(VENV_STAMP) $(NODE_STAMP) ## Create .venv and node_modules from the lock files (instant when up to date)

$(VENV_STAMP): requirements.lock pyproject.toml
	@scripts/check-python "$(PYTHON)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv --clear $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_STAMP): package.json package-lock.json
	@scripts/check-node
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
