# Every target sets up what it needs first, in .venv, and does it again when the pins change.

PYTHON ?= python3
DATA ?= ../shared/data
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
CORE := .venv/core-is-installed
DEVELOPMENT := .venv/development-is-installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test oldest lint format types contracts bench artifacts

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEVELOPMENT) ## install everything for development into .venv

demo: $(CORE) ## a Russian story as hypertokens, on screen and as one HTML page
	$(BIN)/hyperlex demo

test: $(DEVELOPMENT) ## all tests but those marked gpu, slow or network
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

oldest: ## all tests with the oldest version of each package that pyproject.toml allows
	$(PYTHON) -m venv .venv-oldest
	sed -nE 's/^ +"([A-Za-z0-9-]+)(\[[a-z]+\])?>=([0-9.]+)[";].*/\1==\3/p' pyproject.toml > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint .venv-oldest/constraints.txt --editable '.[model,evaluate,dev]'
	OMP_NUM_THREADS=1 .venv-oldest/bin/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

lint: $(DEVELOPMENT) ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(DEVELOPMENT) ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(DEVELOPMENT) ## mypy, strict
	$(BIN)/mypy

contracts: $(DEVELOPMENT) ## who may import whom
	$(BIN)/lint-imports --no-logo

bench: $(DEVELOPMENT) ## measure the exact lane on DATA and write docs/benchmarks.md
	$(PIP) --editable '.[bench]'
	$(BIN)/python -m benchmarks.run story --data $(DATA)
	$(BIN)/python -m benchmarks.run exact --data $(DATA)
	$(BIN)/python -m benchmarks.report

artifacts: $(DEVELOPMENT) ## train the embedded default anew from the corpora in DATA
	OMP_NUM_THREADS=1 $(BIN)/python -m hyperlex.recipes.embedded --data $(DATA)

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(CORE): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(DEVELOPMENT): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[model,evaluate,dev]'
	touch $(CORE) $@
