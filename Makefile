# Strikenet: every task that a developer or CI runs, one target each. `make` prints this list.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PYTEST_ARGS ?=
FORGE_ARGS ?=
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
# Workers of pytest: tests of real processes wait more than they work, but none may wait for a processor past its deadline.
WORKERS ?= $(JOBS)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The program itself: the script that npm puts in .bin answers 0 whatever forge answers.
FORGE := cd contracts && ../node_modules/@foundry-rs/forge-*/bin/forge
UV_VERSION := 0.13.8

ANALYSIS := .venv-analysis

VENV_STAMP := $(VENV)/.stamp
ANALYSIS_STAMP := $(ANALYSIS)/.stamp
NODE_STAMP := node_modules/.stamp

# The tests of the contracts lie in rooms. A room is compiled by itself, and as many at a time as there are cores: all rooms
# together take solc from npm to the end of its 2 GB. Tests deploy the artifacts that ship, so no room compiles a contract.
# The one that takes longest begins.
# Arguments: the room, where under build/ it is compiled, and a folder in which forge compiles what no filter excludes.
ROOMS := settlement vault court law
TEST_ROOM = cd contracts && FOUNDRY_SRC=$(3) FOUNDRY_TEST=test/$(1) FOUNDRY_OUT=../build/$(2)/$(1)/out \
	FOUNDRY_CACHE_PATH=../build/$(2)/$(1)/cache ../node_modules/@foundry-rs/forge-*/bin/forge test
TOGETHER := $(MAKE) --jobs=$(JOBS) --output-sync=target

# The gas table: what the contract tests measure themselves, kept in contracts/snapshots to the last unit. It is the gas of what
# ships, so a room is held to it as its tests run. But Options.t.sol measures functions that it compiles itself, and what solc
# makes through the IR depends a little on which files it compiles together: the room of the law is measured alone and afresh.
MEASURED := $(filter-out law,$(ROOMS))
GAS_TESTS := --force --match-test '^test_(gas_|prove_a_whole_item|importBlob_records)'

# What holds the compiled law to the sources: vectors, and both twins on the same random steps.
NATIVE_TESTS := tests/vectors tests/contracts/test_twins.py tests/contracts/test_exchange_twins.py

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(VENV_STAMP) $(NODE_STAMP) ## Create .venv and node_modules from the lock files (instant when up to date)
	@:

.PHONY: devnet
devnet: artifacts ## Start the L1 and five nodes, run the bridge demo on them, stop; exits with its status
	@$(BIN)/strikenet up --once

.PHONY: up
up: artifacts ## Start the L1 and five nodes and stay in the foreground
	@$(BIN)/strikenet up

.PHONY: test
test: forge ## Run every test: contracts with forge, then everything else with pytest
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal $(PYTEST_ARGS)

.PHONY: forge
forge: artifacts ## Run the tests of the contracts; `make forge-vault` runs those of one room, FORGE_ARGS="-vvv" goes to forge
	@$(TOGETHER) $(ROOMS:%=forge-%)

.PHONY: $(ROOMS:%=forge-%)
$(ROOMS:%=forge-%): forge-%: artifacts
	$(call TEST_ROOM,$*,forge,test/$*) $(if $(filter $*,$(MEASURED)),--gas-snapshot-check=true) $(FORGE_ARGS)

.PHONY: $(ROOMS:%=gas-%)
$(ROOMS:%=gas-%): gas-%: artifacts
	$(call TEST_ROOM,$*,gas,snapshots) $(GAS_TESTS) --gas-snapshot-check=$(if $(EMIT),false,true) --gas-snapshot-emit=$(if $(EMIT),true,false)

.PHONY: check
check: setup ## Everything CI checks apart from the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(FORGE) fmt --check
	$(FORGE) lint --deny warnings src
	$(BIN)/python -m rollup_node.l1.compiler check
	@$(TOGETHER) prove check-artifacts gas-law audit check-vectors

.PHONY: check-artifacts
check-artifacts: setup
	$(BIN)/python -m rollup_node.l1.compiler check --full

.PHONY: check-vectors
check-vectors: setup
	$(BIN)/python -m tests.vectors.generate --check

.PHONY: audit
audit: setup $(ANALYSIS_STAMP) ## Run slither over the contracts: every finding must be fixed, or listed with a reason
	$(BIN)/python -m tests.contracts.audit

.PHONY: prove
prove: setup $(ANALYSIS_STAMP) ## Prove the symbolic tests of contracts/test/symbolic for all inputs, with halmos
	$(BIN)/python -m tests.contracts.prove

.PHONY: fmt
fmt: setup ## Format and mend what tools can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(FORGE) fmt

.PHONY: artifacts
artifacts: setup ## Compile contracts/src into rollup_node/l1/artifacts (instant when up to date)
	$(BIN)/python -m rollup_node.l1.compiler build

.PHONY: vectors
vectors: setup ## Write tests/vectors anew from the Python twin
	$(BIN)/python -m tests.vectors.generate

.PHONY: mathematics
mathematics: setup ## Measure the mathematics of options, and what margins lack, and write the tables of docs/mathematics.md
	$(BIN)/python -m tests.mathematics.measure --write
	$(BIN)/python -m tests.mathematics.margins --write

.PHONY: snapshot
snapshot: artifacts ## Write the gas snapshots anew: what the contract tests and the gate measure
	@$(TOGETHER) EMIT=yes $(ROOMS:%=gas-%)
	$(BIN)/python -m tests.contracts.gate_table --write

.PHONY: gate
gate: artifacts ## Provability gate: worst-case witness and gas of every step kind
	$(BIN)/python -m tests.contracts.gate_table

.PHONY: fraud
fraud: artifacts ## Fight out every fault by every door with both kinds of batch data, then the sybil table
	$(BIN)/strikenet demo fraud --all
	$(BIN)/strikenet demo sybils

.PHONY: fuzz
fuzz: artifacts ## Long random tests with fresh seeds: 100,000 steps on both twins, forge (contests: game-fuzz) and hypothesis
	$(BIN)/python -m tests.contracts.fuzz --steps 100000 --seed "$$RANDOM$$RANDOM"
	FOUNDRY_PROFILE=deep $(TOGETHER) $(ROOMS:%=forge-%) FORGE_ARGS="--fuzz-seed $$RANDOM$$RANDOM \
		--match-test '^(testFuzz|invariant)' --no-match-path test/court/GameInvariants.t.sol"
	$(BIN)/python -m pytest --hypothesis-profile=deep tests/property $(PYTEST_ARGS)

.PHONY: exchange-fuzz
exchange-fuzz: artifacts ## Random trading and every scene on both twins with a fresh seed, which it prints: 1,000,000 steps
	$(BIN)/python -m tests.contracts.fuzz --exchange --steps 1000000

.PHONY: game-fuzz
game-fuzz: artifacts ## Random contests with a fresh seed: 2,500 runs of the challenge game at each of the heights 1 to 4
	$(BIN)/python -m tests.contracts.game_fuzz --schedules 2000 --seed "$$RANDOM$$RANDOM"
	FOUNDRY_INVARIANT_RUNS=2500 FOUNDRY_INVARIANT_DEPTH=32 FOUNDRY_FUZZ_RUNS=500 \
		$(MAKE) forge-court FORGE_ARGS="--fuzz-seed $$RANDOM$$RANDOM --match-path test/court/GameInvariants.t.sol"

.PHONY: lock
lock: $(VENV_STAMP) ## Resolve the newest allowed dependencies and write the lock files
	$(VENV_STAMP:.stamp=bin/python) -m venv --clear build/lock
	build/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION)
	build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --extra dev \
		--output-file requirements.lock pyproject.toml
	build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --group analysis \
		--python-version 3.11 --output-file requirements-analysis.lock
	npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund

.PHONY: native
native: setup ## Compile the law and the hot path with mypyc (minutes, optional), then test what came out against the sources
	$(BIN)/python -m rollup_node.native.build
	STRIKENET_LAW=compiled $(BIN)/python -m pytest --quiet $(NATIVE_TESTS) $(PYTEST_ARGS)

.PHONY: native-clean
native-clean: ## Forget what was compiled: the sources run again
	rm -rf build/native

.PHONY: wheel
wheel: artifacts ## Build the wheel into dist/
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: clean
clean: ## Remove build products, caches and local runs; keep .venv and node_modules
	rm -rf build dist contracts/out contracts/cache contracts/broadcast .strikenet
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find rollup_node tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove everything that setup made as well
	rm -rf $(VENV) $(ANALYSIS) node_modules

$(VENV_STAMP): requirements.lock pyproject.toml
	@scripts/check-python "$(PYTHON)"
	@$(BIN)/python -c pass 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(ANALYSIS_STAMP): requirements-analysis.lock
	@scripts/check-python "$(PYTHON)"
	@"$(PYTHON)" -m venv --clear $(ANALYSIS)
	$(ANALYSIS)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		--requirement requirements-analysis.lock
	@touch $@

$(NODE_STAMP): package.json package-lock.json
	@scripts/check-node
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
