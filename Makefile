# Each target works alone, first, and again: it makes .venv where it is missing or out of date.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
ARGS ?=

.PHONY: plan test coverage lint docs wheel bundle
plan: .venv/ready  ## plan the sample estate into out/; its plan leaves tasks unassigned: exit code 3
	$(BIN)/gip plan data/branch-offices --out out || test $$? -eq 3

test: .venv/ready
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

coverage: .venv/ready  ## all tests, and the lines that none of them has run
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term-missing:skip-covered $(ARGS)

docs: .venv/ready  ## write every page into build/docs
	$(BIN)/python -m docs.build build/docs

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

wheel: .venv/ready  ## build the wheel, install it into clean environments, plan there
	rm -rf dist/*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(BIN)/python .ci/try_wheel.py dist/*.whl

# For the Python of .venv, or PYTHONS="3.12 3.13"; EXTRAS=cluster adds gip batch and --out-of-core
bundle: wheel  ## what installs without internet on Windows and Linux, into dist/offline
	$(BIN)/python .ci/bundle.py dist/*.whl dist/offline $(PYTHONS:%=--python %) $(EXTRAS:%=--extra %)
	$(BIN)/python .ci/try_wheel.py dist/*.whl --bundle dist/offline $(PYTHONS:%=--python %)

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable '.[cluster,test,lint]'
	touch $@
