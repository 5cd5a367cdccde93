# Everything happens in .venv; the first command that needs it makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format lint types imports coverage clean

help: ## Show this
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## Start the bot in this terminal (ARGS="--config config.toml" for your own settings)
	@$(BIN)/archbell $(ARGS) run

test: $(STAMP) ## Run the whole test suite (ARGS="tests/core -k reference" for a part)
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)

check: format lint types imports test coverage ## Everything that must be green before a commit lands

format: $(STAMP) ## Is everything formatted? (.venv/bin/ruff format to do it)
	$(BIN)/ruff format --check .

lint: $(STAMP) ## Lint
	$(BIN)/ruff check .

types: $(STAMP) ## Check types
	$(BIN)/mypy

imports: $(STAMP) ## Check who imports whom
	$(BIN)/lint-imports

coverage: $(STAMP) ## Hold the last test run's coverage to its bounds: core 100 %, all 90 %
	@$(BIN)/coverage combine -q 2>/dev/null || true
	$(BIN)/coverage report --include='bot/core/*' --fail-under=100
	$(BIN)/coverage report --fail-under=90

clean: ## Remove what the commands above made
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "archbell needs Python 3.11 or newer; say which: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV) (once; takes a minute)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
