# Everything that people and CI run. Needs Python 3.11 or newer and a package registry; nothing else.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
ARGS ?=
BIN := $(VENV)/bin

.PHONY: help demo test conformance torch-operations newest-torch array-api lint format types bench docs clean
.NOTPARALLEL:

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/.has-examples  ## set up, then find the nearest flights of 20,000 under 256 MB (ARGS="--queries 2000" for less)
	$(BIN)/python examples/knn_flights.py $(ARGS)

test: $(VENV)/.has-dev  ## set up, then run the tests (ARGS="-k planner" for some)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

conformance: $(VENV)/.has-dev  ## every case of JAX's own table split everywhere and compared; writes docs/operations.md (an hour)
	$(BIN)/python -m tests.conformance.table --jobs $(JOBS) $(ARGS)

torch-operations: $(VENV)/.has-dev  ## torch's operator database with both recorders; writes docs/torch_operations.md (an hour)
	$(BIN)/python -m tests.conformance.torch_ops --jobs $(JOBS) $(ARGS)

newest-torch:  ## the tests of torch's functions with the newest torch and torchax, in an environment of their own
	$(PYTHON) -m venv $(VENV)-newest-torch
	$(VENV)-newest-torch/bin/python -m pip install --quiet --editable '.[torch]' hypothesis pytest pytest-xdist
	$(VENV)-newest-torch/bin/python -m pytest -n $(JOBS) tests/memarray/torch $(ARGS)

array-api: $(VENV)/.has-dev  ## the array API's own test suite, in three settings (clones it first; ARGS="--max-examples 100" for more)
	$(BIN)/python -m tests.conformance.array_api $(ARGS)

lint: $(VENV)/.has-dev  ## rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.has-dev  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.has-dev  ## mypy, strict, on the three packages
	$(BIN)/mypy

bench: $(VENV)/.has-bench  ## against scikit-learn, FAISS and the unsplit program (ARGS=--quick for less)
	$(BIN)/python benchmarks/knn.py $(ARGS)
	$(BIN)/python benchmarks/dispatch.py
	$(BIN)/python benchmarks/lazy.py
	$(BIN)/python benchmarks/planning.py $(ARGS)
	$(BIN)/python benchmarks/programs.py

docs: $(VENV)/.has-dev  ## write the table of NumPy's names, and check that the documents name what there is
	$(BIN)/python -m tests.numpy_table
	$(BIN)/python -m pytest tests/test_docs.py

clean:  ## remove the environment and what tools left behind
	rm -rf $(VENV) $(VENV)-newest-torch .pytest_cache .mypy_cache .ruff_cache .hypothesis out build dist

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "memarray needs Python 3.11 or newer; set PYTHON=/path/to/one")'
	$(PYTHON) -m venv $(VENV)

# One stamp per extra, so that the setup runs once and again when pyproject.toml changes.
$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@
