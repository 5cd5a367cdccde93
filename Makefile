# Everything happens in .venv; the first command that needs it makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# Versions and hashes for every machine the container may be built on; no index's address.
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	--no-annotate --custom-compile-command 'make requirements' $(ARGS)
BUILD_REQUIRES := import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")

.DEFAULT_GOAL := help
.PHONY: help run test check format lint dockerfile types imports coverage requirements container transcripts pictures bench clean

help: ## Show this
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## Start the bot in this terminal (ARGS="--config config.toml" for your own settings)
	@$(BIN)/archbell $(ARGS) run

test: $(STAMP) ## Run the whole test suite, a process for each core (ARGS="tests/core -k reference" for a part)
	@$(BIN)/coverage erase
	@# Many processes load the same modules: they need not compile them each time.
	PYTHONDONTWRITEBYTECODE= $(BIN)/coverage run -m pytest -n auto --dist worksteal $(ARGS)

check: format lint dockerfile types imports test coverage ## Everything that must be green before a commit lands

format: $(STAMP) ## Is everything formatted? (.venv/bin/ruff format to do it)
	$(BIN)/ruff format --check .

lint: $(STAMP) ## Lint
	$(BIN)/ruff check .

dockerfile: $(STAMP) ## Lint the Dockerfile
	$(BIN)/hadolint Dockerfile

types: $(STAMP) ## Check types
	$(BIN)/mypy

imports: $(STAMP) ## Check who imports whom
	$(BIN)/lint-imports

coverage: $(STAMP) ## Hold the last test run's coverage to its bounds: core 100 %, all 90 %
	@$(BIN)/coverage combine -q 2>/dev/null || true
	$(BIN)/coverage report --include='bot/core/*' --fail-under=100
	$(BIN)/coverage report --fail-under=90

requirements: $(STAMP) ## Pin what the container installs (ARGS=--upgrade for the newest versions)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group lock
	$(PIN) --all-extras -o requirements.txt pyproject.toml
	@$(BIN)/python -c '$(BUILD_REQUIRES)' | $(PIN) -o requirements-build.txt -

container: $(STAMP) ## Build and run the container without a Docker engine (needs root and Debian)
	tests/container/prove $(BIN)/pytest $(ARGS)

transcripts: $(STAMP) ## Run the bot and renew what the documents show of it
	$(BIN)/python -m tests.support.transcripts

pictures: $(STAMP) ## Run the page in a browser and renew the pictures of its document
	$(BIN)/python -m tests.support.page_pictures

bench: $(STAMP) ## Measure the bot against its numbers (ARGS=--quick, or ARGS="--only cpu")
	@$(BIN)/python -m bench $(ARGS)

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
