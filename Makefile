# `make` lists what there is. The environment in .venv is made on first use, and made anew when a set-up was interrupted.
PYTHON ?= python3
TORCH_INDEX ?=
PYTEST_ARGS ?=
WORKERS ?= auto

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export MLFLOW_DISABLE_TELEMETRY := true
# Every process that runs tests would compile them anew, which takes as long as finding them; `make clean` removes it.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=8 --dist=worksteal

.PHONY: help quickstart check test lint clean

help:
	@echo 'make quickstart   simulate, train, calibrate and test in minutes; real recordings where FHR_DATA names them'
	@echo 'make check        the quick tests: no process, no training, nothing that is drawn until a law shows'
	@echo 'make test         every test; more for pytest as PYTEST_ARGS="-k wfdb"'
	@echo 'make lint         ruff, mypy, notebooks without output'
	@echo 'make clean        remove .venv, caches and builds; mlruns/ stays'
	@echo ''
	@echo 'WORKERS=2         processes that run the tests (default: one a core, 8 at most; 0: this one alone)'
	@echo 'PYTHON=/path/to/python3.11   which Python makes .venv (default: python3)'
	@echo 'TORCH_INDEX=URL              where the pinned torch comes from, for example an index of CPU-only builds'

quickstart: $(READY)
	$(BIN)/fhr quickstart

check: $(READY)
	$(PYTEST) -m 'not process and not training and not statistics' $(PYTEST_ARGS)

test: $(READY)
	$(PYTEST) $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	@[ ! -d notebooks ] || find notebooks -name '*.ipynb' ! -path '*/.ipynb_checkpoints/*' \
		-exec $(BIN)/nbstripout --verify {} +

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .ready is written last and holds the path of this folder: scripts in .venv do not survive a move or a copy of it.
HERE := $(shell [ -x $(BIN)/python ] && cat $(READY) 2>/dev/null)
ifneq "$(HERE)" "$(CURDIR)"
.PHONY: $(READY)
endif

$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo \
		"make: there is no $(PYTHON); install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"make: $(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"make: $(PYTHON) cannot make virtual environments; install its venv module" \
		"(Debian and Ubuntu: apt install python3-venv) and run make again" >&2; exit 1; }
	@if [ "$(HERE)" = "$(CURDIR)" ]; then rm -f $(READY); else \
		echo "making $(VENV) (a few minutes)"; "$(PYTHON)" -m venv --clear $(VENV); fi
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --no-deps --index-url '$(TORCH_INDEX)' \
		"$$(grep '^torch==' constraints.txt)")
	$(BIN)/python -m pip install -e '.[dev]' -c constraints.txt
	@printf '%s\n' "$(CURDIR)" > $(READY)
