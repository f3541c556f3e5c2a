# `make demo` runs the main job, `make test` proves it. Everything needed is set up on the way.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
DEMO ?= demo
PORT ?= 8501

.PHONY: demo test check lock clean setup

demo: $(VENV)/.runtime
	$(BIN)/rapport demo --directory $(DEMO) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(VENV)/.development
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.development

$(VENV)/.pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python lacks its venv module, which Debian and Ubuntu pack separately: installing it."; \
		as_root() { if [ "$$(id -u)" = 0 ]; then "$$@"; else sudo -n "$$@"; fi; }; \
		as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends python3-venv; \
	} || { echo "That failed. Bring it with: sudo apt-get install -y python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	touch $@

$(VENV)/.runtime: $(VENV)/.pip requirements.txt pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	touch $@

# Hashes for every platform and Python that is supported; no index host is named.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock: $(VENV)/.pip
	$(LOCK) --extra build -o requirements.txt
	$(LOCK) --extra build --group dev -o requirements-dev.txt

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
