# MiniBot FS. `make demo` shows it, `make test` proves it; both install what they need into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check coverage bench bench-hearing clean

demo: $(VENV)/.installed
	$(BIN)/python scripts/demo.py

test: $(VENV)/.tested
	$(BIN)/pytest --numprocesses=auto --dist=loadfile --cov=minibot_fs --cov-report=term:skip-covered

check: $(VENV)/.checked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-hearing: $(VENV)/.tested
	$(BIN)/python -m benchmarks.hearing

bench-understanding: $(VENV)/.tested
	$(BIN)/python -m benchmarks.understanding

clean:
	rm -rf $(VENV) data demo exports logs build *.egg-info

# A stamp for each set of packages: nothing is asked of the network again until pyproject.toml changes.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; $(PYTHON) is older. Name another: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Install Python's venv first: apt-get install python3-venv"; exit 2; }

$(VENV)/.installed: pyproject.toml $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.checked: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@
