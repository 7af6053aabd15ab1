# The project's words. `make setup` needs git, make and python3 (3.11 or newer); the rest follows from it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup setup-dev demo test test-long check fix lock bench bench-large wheel clean

setup: .venv/.core
setup-dev: .venv/.dev

.venv/.core: requirements/core.txt pyproject.toml
	sh scripts/setup.sh core

.venv/.dev: requirements/core.txt requirements/dev.txt requirements/torch.txt pyproject.toml
	sh scripts/setup.sh dev

demo: setup
	$(BIN)/python scripts/demo.py

# Tests of parts go side by side; journeys, which time whole jobs, have the machine to themselves.
PARTS := tests/unit tests/api tests/wire tests/contracts tests/hostile

test: setup-dev
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --durations 15 $(PARTS)
	$(BIN)/python -m pytest -m "not long" --durations 15 $(addprefix --ignore=,$(PARTS))

test-long: setup-dev
	$(BIN)/python -m pytest -m long --timeout 3600 --durations 15

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Lock files hold names and versions alone; which index serves them is the machine's business.
lock: setup-dev
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --upgrade pyproject.toml --extra postgres --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header pyproject.toml --extra postgres -c requirements/dev.txt -o requirements/core.txt

bench: setup
	$(BIN)/python benchmarks/run.py $(if $(TABLES),--tables $(TABLES)) $(if $(BUDGETS),--budgets $(BUDGETS)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(PEERS),--peers $(PEERS))

bench-large: setup
	$(BIN)/python benchmarks/large.py $(if $(TABLE),--table $(TABLE)) $(if $(ROWS),--rows $(ROWS)) $(if $(BUDGET),--budget $(BUDGET))

wheel: setup-dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv dist build
