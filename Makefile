# The workshop. `make` alone says what there is; every target brings what it needs into .venv and .cache, nothing elsewhere.
#
# Needed from the machine: Python 3.11 or newer with venv, and make. For a real Kafka also Java 17 or newer and, once, Maven.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PY := .venv/bin/python
ARGS :=#     more arguments for the command behind a target: make test ARGS="tests/unit -k consent"
JOBS := 3#    so many processes share the tests; 0: all in this one, as --pdb wants it
KAFKA :=#    make demo KAFKA=real: on Apache Kafka instead of the embedded broker
DATA :=#     make demo DATA=file.csv: on your own history instead of the synthetic shop
PORT := 9092# make kafka PORT=…: where Kafka listens

.PHONY: help setup demo test check lint format types layers bench soak faults simulate scenarios schemas docs kafka locks clean venv-demo venv-dev

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: venv-dev ## everything a developer needs; git hooks too, inside a clone
	@sh devkit/hooks.sh

demo: venv-demo ## watch a shop's customers lapse and be answered (KAFKA=real, DATA=file.csv)
	@$(PY) -m devkit.demo $(if $(KAFKA),--kafka "$(KAFKA)") $(if $(DATA),--data "$(DATA)") $(ARGS)

test: venv-dev ## the tests; those of a real Kafka only where Java and Maven are (ARGS="tests/unit -k word")
	@$(PY) -m pytest -n $(JOBS) $(ARGS)

check: lint types layers ## what CI runs: everything below, and all tests, a real Kafka required
	@HOLDFAST_REQUIRE_KAFKA=1 $(PY) -m pytest -n $(JOBS)

lint: venv-dev ## style and common mistakes (ruff)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: venv-dev ## types (mypy, strict)
	@.venv/bin/mypy

layers: venv-dev ## which package may import which (import-linter)
	@.venv/bin/lint-imports

format: venv-dev ## let ruff format the code and mend what it can
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

bench: venv-dev ## measure (ARGS="…"); on a quiet machine, never in CI
	@$(PY) -m devkit.bench $(ARGS)

faults: venv-dev ## try every fault on a real Kafka, and write docs/faults.md (ARGS="-k f5_"; half an hour)
	@HOLDFAST_REQUIRE_KAFKA=1 HOLDFAST_FAULTS=$${HOLDFAST_FAULTS:-all} $(PY) -m pytest tests/faults $(ARGS)

simulate: venv-dev ## seeded schedules of whole lanes in memory (ARGS="--seed 7 --schedules 5000"); prints the seeds that fail
	@$(PY) -m tests.support.simulator $(ARGS)

soak: venv-dev ## twenty minutes at 2,000 events/s with a kill every two, then the oracle (ARGS="--minutes 5")
	@$(PY) -m tests.soak $(ARGS)

scenarios: venv-dev ## the scenarios alone, all of them in memory and on Kafka: what must be sent and what must not
	@HOLDFAST_SCENARIOS=all $(PY) -m pytest tests/scenarios $(ARGS)

schemas: venv-dev ## write docs/schemas anew from the wire's types
	@$(PY) -m devkit.schemas

docs: schemas ## the same, and the tables of docs/ that the code knows: policy, settings, metrics
	@$(PY) -m devkit.policy_page
	@$(PY) -m tests.support.documents

kafka: venv-demo ## run a real Apache Kafka in the foreground (PORT=9092)
	@$(PY) -m devkit.broker kafka --port $(PORT) $(ARGS)

locks: ## resolve pyproject.toml into requirements*.lock anew (needs uv)
	@sh devkit/locks.sh

clean: ## remove what make brought or made: .venv, .cache, var
	rm -rf .venv .cache var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv-demo venv-dev: venv-%:
	@PYTHON="$(PYTHON)" sh devkit/venv.sh $*
