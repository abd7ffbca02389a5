# Suishen. `make` alone lists what there is.
#
# Everything lives in this folder: .venv (Python), node_modules (page parts), .suishen (the sandbox city's data).
# A step runs again only when what it was made from has changed; with nothing to do, `make run` loses a blink.

SHELL  := /usr/bin/env bash
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?=
ARGS   ?=
TESTS  ?= tests
# Two processes, whole files each (tests/conftest.py: and some whole folders): what one sets up, a city or a
# Chromium, is set up once.
JOBS   ?= 2

PIP      := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE  := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
            --no-header --exclude-newer "7 days" --quiet

PACKAGES := bff wallet auth_bridges health_code push miniapp_schemas
SOURCES  := $(wildcard $(foreach package,$(PACKAGES),$(package)/*.py $(package)/*/*.py $(package)/*/*/*.py))

# Node: the machine's if it runs and is new enough, else the one that came as a wheel.
WITH_NODE := node -e 'process.exit(process.versions.node.split(".")[0] < 20)' >/dev/null 2>&1 \
             && npm --version >/dev/null 2>&1 || export PATH="$(CURDIR)/$(BIN):$$PATH";

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check bench fmt lock schemas clean

help: ## list these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.compiled ## install everything this repository needs, inside this folder

run: $(VENV)/.compiled ## the whole city on this machine, until Ctrl-C   (ARGS="--port 8080 --fresh")
	@exec $(BIN)/suishen up $(ARGS)

demo: $(VENV)/.compiled ## the main job, told step by step, against a private stack
	@exec $(BIN)/suishen demo $(ARGS)

test: check ## everything: the checks below, then every test, browser and faults included   (TESTS=tests/rules)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS) $(ARGS)

check: $(VENV)/.ready ## lint, format, types (Python and pages), import contracts, secrets
	@$(MAKE) --no-print-directory -j $(JOBS) check-types check-secrets check-lint check-pages check-imports

.PHONY: check-types check-secrets check-lint check-pages check-imports
check-types: ; @echo "· mypy" && $(BIN)/mypy
check-secrets: ; @echo "· secrets" && $(BIN)/python -m tests.architecture.secret_scan
check-lint: ; @echo "· ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
check-pages: ; @echo "· tsc" && $(WITH_NODE) node node_modules/typescript/bin/tsc --project tsconfig.json \
	  --incremental --tsBuildInfoFile node_modules/.cache/pages.tsbuildinfo
check-imports: ; @echo "· import contracts" && $(BIN)/lint-imports --no-logo

bench: $(VENV)/.ready ## speed, as ratios against floors and peers in one run   (ARGS=--json)
	@exec $(BIN)/suishen bench $(ARGS)

fmt: $(VENV)/.ready ## format, and mend what the linter can
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.ready ## pin the dependencies anew, none younger than a week   (ARGS=--upgrade)
	@$(COMPILE) $(ARGS) --all-extras --group dev --output-file requirements-dev.lock
	@$(COMPILE) --constraints requirements-dev.lock --output-file requirements.lock

schemas: $(VENV)/.ready ## write the contract and the tables of settings anew
	@$(BIN)/suishen schemas export --out miniapp_schemas/generated
	@$(BIN)/python -m tests.docs.settings_table

clean: ## remove what setup made; the city's data in .suishen stays
	@rm -rf $(VENV) node_modules bff/pages/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find $(PACKAGES) -name __pycache__ -prune -exec rm -rf {} +

# An interpreter is chosen by running it: a shim on PATH may point nowhere, and Debian's python3 may come without venv.
$(VENV)/.python:
	@found=; \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3 python; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11+ with venv runs here. Debian/Ubuntu: apt install python3-venv; macOS: brew install python@3.12" >&2; \
	  echo "未找到可运行的 Python 3.11+（含 venv）。安装后重试，或指定：make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "· $$($$found --version) ($$found) → $(VENV)"; \
	$$found -m venv $(VENV)
	@touch $@

# pip brings uv, uv brings the rest ten times faster: from pip's own index, so that a mirror is kept to. What uv
# cannot do here (another proxy, another platform), pip does. Either refuses a file whose hash is not in the lock,
# and leaves bytecode behind: where Python may write none (PYTHONDONTWRITEBYTECODE), every start would compile it all.
$(VENV)/.packages: $(VENV)/.python requirements-dev.lock pyproject.toml
	@echo "· Python packages, each checked against its hash in requirements-dev.lock"
	@awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements-dev.lock > $(VENV)/uv.lock
	@$(PIP) --require-hashes --no-deps --requirement $(VENV)/uv.lock
	@index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}; \
	$(BIN)/uv pip install --python $(BIN)/python $${index:+--default-index "$$index"} \
	  $$([ -t 2 ] || echo --quiet) --compile-bytecode --require-hashes --no-deps --requirement requirements-dev.lock \
	|| { echo "· uv could not; pip will, in a minute or two"; \
	  $(PIP) --require-hashes --no-deps --requirement requirements-dev.lock; }
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready: $(VENV)/.packages package.json package-lock.json bff/pages/vendor.py
	@echo "· page parts (npm ci), then copied to bff/pages/vendor"
	@$(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(BIN)/python -m bff.pages.vendor
	@touch $@

# Ours as well as the packages: a third of a second at each start where Python may write no bytecode.
$(VENV)/.compiled: $(VENV)/.ready $(SOURCES)
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@
