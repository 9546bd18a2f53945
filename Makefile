# Everything runs in .venv; `make install` makes it. PYTHON=... uses another interpreter.
PYTHON ?= .venv/bin/python

.PHONY: install check lint test slow drills bench golden

install:
	test -d .venv || python3 -m venv .venv
	.venv/bin/pip install --editable ".[dev]"

check: lint test

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

test:
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

slow:
	$(PYTHON) -m pytest -n 2 -m slow

drills:
	$(PYTHON) -m pytest tests/drills -m "drill or not drill"

bench:
	$(PYTHON) benchmarks/import_time.py
	$(PYTHON) benchmarks/build.py

golden:
	$(PYTHON) -m pytest tests/models/test_model_contract.py -k names_and_shapes --golden
