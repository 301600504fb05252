# The project's few verbs. Each sets up what it needs: `make run` and `make test` work in a fresh clone.
.PHONY: help run test style types cover bench manual clean
.DEFAULT_GOAL := help

# The first interpreter at hand that is new enough; override with `make test PYTHON=python3.13`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin

# What was compiled once is not compiled anew by each server that the tests start.
unexport PYTHONDONTWRITEBYTECODE

help:  ## show the verbs
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/.made: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Pellucid needs Python 3.11 or newer: install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "That Python cannot make a virtual environment (on Debian: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[tls]'
	@touch $@

$(VENV)/.tested: $(VENV)/.made requirements/test.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/test.txt
	@touch $@

run: $(VENV)/.made  ## set everything up and serve the demo site
	@$(BIN)/pellucid serve demo $(ARGS)

# Half of the time tests wait for servers and browsers, so that four at a time suit two cores.
test: $(VENV)/.tested  ## set everything up and run every test
	$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

style: $(VENV)/.tested  ## check how the code is written
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested  ## check the types
	$(BIN)/mypy

cover: $(VENV)/.tested  ## show what the tests do not reach
	$(BIN)/coverage run --branch -m pytest -p no:xdist $(ARGS)
	$(BIN)/coverage report --show-missing --skip-covered

bench: $(VENV)/.made  ## measure speed beside the peers that are installed
	$(BIN)/python bench $(ARGS)

manual: $(VENV)/.made  ## write the generated parts of the manual
	$(BIN)/python tools/manual.py

clean:  ## remove what the verbs made
	rm -rf $(VENV) .venv-peers .pytest_cache .hypothesis .mypy_cache .ruff_cache .coverage dist
