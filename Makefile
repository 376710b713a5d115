PYTHON ?= python3
export PYTHON

BIN := .venv/bin
# One more than there are processors: a test of the browser waits much of its time.
WORKERS := $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))' 2>/dev/null)
# Whoever has done its share takes over of what waits for another: some tests take a minute, most a blink.
PYTEST := $(BIN)/pytest -n $(or $(WORKERS),auto) --dist worksteal
COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock" $(LOCK_FLAGS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint format messages lock wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: ## set up, migrate, load the demo data, serve on http://127.0.0.1:5000
	@.ci/set-up runtime
	@exec $(BIN)/review-app run

test: ## everything: lint, types, contracts, all tests on both databases and in the browser
	@.ci/system-packages
	@.ci/set-up dev
	@$(MAKE) --no-print-directory lint
	$(PYTEST) --databases sqlite,postgresql --hypothesis-profile thorough

check: ## the quick part, under a minute: lint, types, contracts, the core's tests on SQLite
	@.ci/set-up dev
	@$(MAKE) --no-print-directory lint
	$(PYTEST) -m "not browser and not slow and not whole"

lint:
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy --no-error-summary
	$(BIN)/djlint --lint --quiet templates

format: ## format the code and repair what ruff can
	@.ci/set-up dev
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

messages: ## collect what is to be translated into the catalogues of all languages
	@.ci/set-up dev
	@.ci/messages

lock: ## write the locks anew from pyproject.toml; LOCK_FLAGS=--upgrade takes newer versions
	@.ci/set-up dev
	$(COMPILE) pyproject.toml --group build -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --group build --group dev -c requirements/runtime.txt -o requirements/dev.txt

wheel: ## build dist/review_desk-*.whl
	@.ci/set-up runtime
	$(BIN)/python -m pip wheel -qq --no-deps --no-build-isolation --no-index -w dist .

clean: ## remove what was made, but not ./var
	rm -rf .venv dist build review_app/_vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
