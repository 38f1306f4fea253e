# Two commands are all that a newcomer needs: `make demo` and `make test`.
# They need Python 3.11 or newer with pip, git and make; everything else is put into .venv here.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# For example: make test PYTEST_FLAGS="-x -k bundle"
PYTEST_FLAGS ?= -q
# Twice the two cores that the suite is made for: half of what the tests of the room take is waiting.
JOBS ?= 4

INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak fuzz docs catalogue format clean

help:
	@echo "make demo       three teams, three stores, no network: watch an operation run"
	@echo "make test       the whole test suite"
	@echo "make check      style, types, layers, documents and catalogue up to date"
	@echo "make bench      what is fast, as ratios of a bare Python start"
	@echo "make soak       the proofs for much longer (HISTORIES=5000 or LIMIT=1200: so many random histories, or seconds of them)"
	@echo "make fuzz       files made to do harm, to everything that reads any (FUZZ_SECONDS=300; atheris if it can be had)"
	@echo "make docs       write the generated documents"
	@echo "make catalogue  write the catalogue of sentences to be translated"
	@echo "make format     lay the code out"
	@echo "make clean      remove .venv and what tools left behind"

demo: $(INSTALLED)
	@$(BIN)/taskforce demo

test: $(INSTALLED_DEV)
	$(BIN)/pytest -n $(JOBS) $(PYTEST_FLAGS)

check: $(INSTALLED_DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/lint.py
	$(BIN)/python tools/catalogue.py --check
	@if [ -f tools/docs.py ]; then echo "$(BIN)/python tools/docs.py --check"; $(BIN)/python tools/docs.py --check; fi

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

soak: $(INSTALLED_DEV)
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -n $(JOBS) $(PYTEST_FLAGS) --timeout 3600 $(wildcard tests/sync tests/faults)

fuzz: $(INSTALLED_DEV)
	@$(BIN)/python -m pip install --quiet --editable '.[fuzz]' || echo "atheris cannot be had here"
	$(BIN)/python tools/fuzz.py

docs: $(INSTALLED_DEV)
	$(BIN)/python tools/docs.py

catalogue: $(INSTALLED_DEV)
	$(BIN)/python tools/catalogue.py

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are touched last: an installation that was cut off is done again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "taskforce needs Python 3.11 or newer: make demo PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV), with what tests and checks need ..."
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(INSTALLED) $@
