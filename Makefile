# The project's words. `make setup` needs git, make and python3 (3.11 or newer); the rest follows from it.
PYTHON ?= python3
BIN := .venv/bin
# Where nothing is kept compiled, each of the many processes of servers and tests compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup setup-dev setup-cluster demo test test-fast test-long test-cluster test-chaos test-chaos-ray coverage mutants conformance check fix docs lock sbom bench bench-quiet bench-large bench-console soak screens wheel image release clean

setup: .venv/.core
setup-dev: .venv/.dev
setup-cluster: .venv/.cluster

.venv/.core: requirements/build.txt requirements/core.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh core

.venv/.dev: requirements/build.txt requirements/core.txt requirements/dev.txt requirements/torch.txt requirements/sdk3.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh dev

.venv/.cluster: .venv/.dev requirements/cluster.txt scripts/setup.sh
	sh scripts/setup.sh cluster

.venv/.airflow: requirements/airflow.txt
	sh scripts/setup.sh airflow

.venv/.chart: requirements/chart.txt
	sh scripts/setup.sh chart

.venv/.docs: requirements/docs.txt
	sh scripts/setup.sh docs

demo: setup
	$(BIN)/python scripts/demo.py

# In the order of tests/ordering.py, three files at a time, for two cores: of three one waits for a server.
test: setup-dev .venv/.chart
	$(BIN)/python -m pytest -m "not long" -n 3 --dist loadfile --no-loadscope-reorder --durations 30

# What starts no server and trains no model.
test-fast: setup-dev
	$(BIN)/python -m pytest -m "not long" --fast -n 2 --dist loadfile

# Lines and branches that the tests run, least first; of TESTS alone if they are named.
coverage: setup-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder --timeout 900 $(TESTS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --sort=cover

# Changes of code that the tests of it do not notice (scripts/mutants.py), in all groups or in GROUPS.
mutants: setup-dev
	$(BIN)/python -m scripts.mutants $(GROUPS)

test-long: setup-dev .venv/.airflow .venv/.docs
	$(BIN)/python -m pytest -m long --timeout 3600 --durations 15

# What needs Ray, on a cluster that the tests start on this machine.
test-cluster: .venv/.cluster
	.venv/cluster/bin/python -m pytest --timeout 900 tests/contracts/test_ray_executor.py tests/journeys/test_cluster.py tests/journeys/test_data_parallel.py
	.venv/cluster/bin/python -m pytest -s tests/chaos/test_ray.py

# A hundred faults, one after the other, under load, and ten restarts of two servers. Needs root for its hosts.
test-chaos: setup-dev
	WINDVANE_CHAOS_FAULTS=100 WINDVANE_CHAOS_JOBS=30 WINDVANE_CHAOS_RESTARTS=10 $(BIN)/python -m pytest -m long -s tests/chaos/test_chaos.py

# A hundred where tasks run on a Ray cluster, with thirty jobs or more, ten endpoints and 50 predictions a second: 50 minutes on two
# cores. FAULTS for fewer.
FAULTS ?= 100
test-chaos-ray: .venv/.cluster
	WINDVANE_CHAOS_RAY_FAULTS=$(FAULTS) WINDVANE_CHAOS_RAY_JOBS=$(or $(JOBS),30) WINDVANE_CHAOS_RAY_ENDPOINTS=6,4 WINDVANE_CHAOS_RAY_RATE=50 \
		.venv/cluster/bin/python -m pytest -s tests/chaos/test_ray.py

# docs/conformance.md from what the tests ask and are answered: of all that ask, or of TESTS alone, the rest staying as it is.
NOTES := .conformance
RECORDED := $(BIN)/python -m pytest -m "not long" --conformance-notes $(NOTES) --ignore tests/conformance/test_page.py

conformance: setup-dev
	rm -rf $(NOTES)
ifdef TESTS
	$(RECORDED) $(TESTS)
else
	$(RECORDED) -n 2 --dist loadfile tests/api tests/conformance
	$(RECORDED) tests/journeys
endif
	PYTHONPATH=tests$(if $(PYTHONPATH),:$(PYTHONPATH)) $(BIN)/python -m conformance.write $(NOTES) $(if $(TESTS),--only-these)

check: setup-dev docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Lock files hold names, versions and the SHA-256 of every file that may be installed; which index serves them is the
# machine's business. Only wheels are locked: nothing of a dependency runs while it is installed.
PIN := $(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --generate-hashes --only-binary :all:

lock: setup-dev
	$(PIN) --upgrade pyproject.toml --extra postgres --group dev -o requirements/dev.txt
	$(PIN) pyproject.toml --extra postgres -c requirements/dev.txt -o requirements/core.txt
	$(PIN) pyproject.toml --extra postgres --extra otel -c requirements/dev.txt -o requirements/image.txt
	$(PIN) --upgrade --group build -c requirements/dev.txt -o requirements/build.txt
	$(PIN) --upgrade --group import -o requirements/import.txt
	$(PIN) --upgrade --group cluster -c requirements/dev.txt -o requirements/cluster.txt
	$(PIN) --upgrade --group sdk3 -o requirements/sdk3.txt
	$(PIN) --upgrade --group airflow -o requirements/airflow.txt
	$(PIN) --upgrade --group chart -o requirements/chart.txt
	$(PIN) --upgrade --group docs -o requirements/docs.txt

# What an installation consists of, as CycloneDX: names, versions, licences, sums, and who needs whom.
sbom: setup-dev
	$(BIN)/python -m scripts.sbom build/sbom.json

bench: setup-dev
	$(BIN)/python -m benchmarks.run $(if $(SUITE),--suite $(SUITE)) $(if $(TABLES),--tables $(TABLES)) $(if $(BUDGETS),--budgets $(BUDGETS)) \
		$(if $(SEEDS),--seeds $(SEEDS)) $(if $(PEERS),--peers $(PEERS)) $(if $(SERVICE),--service) $(if $(LEFT_OUT),--left-out) $(if $(RESUME),--resume)

# What docs/benchmarks.md wants of a quiet machine: an hour and a quarter. Interrupted, it goes on where it was.
KEPT ?= build/kept
bench-quiet: setup-dev
	$(BIN)/python -m benchmarks.recipes
	$(BIN)/python -m benchmarks.run --service --budgets 60 --resume
	$(BIN)/python -m benchmarks.kept $(KEPT) --budget 60
	$(BIN)/python -m benchmarks.honesty $(KEPT) --record
	$(BIN)/python -m benchmarks.portfolio $(KEPT) --record
	$(BIN)/python -m benchmarks.run --left-out --budgets 10,60 --resume
	$(BIN)/python -m benchmarks.run --suite held-out --budgets 10,60 --peers base_lgbm,base_catboost,base_histgb,base_rf --resume
	$(BIN)/python -m benchmarks.page

# Does a job on many rows keep its time and its memory? Prints what each of its tasks held, in a TIMELINE too.
bench-large: setup-dev
	$(BIN)/python -m benchmarks.large $(if $(TABLE),--table $(TABLE)) $(if $(ROWS),--rows $(ROWS)) $(if $(BUDGET),--budget $(BUDGET)) $(if $(MEMORY),--memory $(MEMORY)) $(if $(TIMELINE),--timeline $(TIMELINE)) $(if $(PEERS),--peers $(PEERS))

# Does a server that works for HOURS (2 unless given) hold more and more?
soak: setup-dev
	$(BIN)/python -m benchmarks.soak $(if $(HOURS),--hours $(HOURS))

# Pictures of every page of the console, into FOLDER.
screens: setup-dev
	$(BIN)/python -m benchmarks.screens $(or $(FOLDER),build/screens) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# How soon pages of the console can be used, with much to show.
bench-console: setup-dev
	$(BIN)/python -m benchmarks.console

# The documentation as a site, which a server shows at /docs/. What is wrong with a page or a link ends it.
docs: .venv/.docs
	.venv/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going -b html -d build/doctrees docs windvane/documentation/pages

wheel: setup-dev docs
	$(BIN)/python -m build --wheel --no-isolation

# A container image, without Docker: docs/install.md.
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' windvane/version.py)
image: wheel
	$(BIN)/python -m scripts.image dist/windvane-$(VERSION)-py3-none-any.whl dist

# All that a release needs, made and checked in dist/release; what this machine cannot make is named. BASE: the image's layer of
# Debian's packages, if it was made before.
release: setup-dev docs .venv/.chart
	$(BIN)/python -m scripts.release dist/release $(if $(BASE),--base $(BASE))

clean:
	rm -rf .venv dist build
