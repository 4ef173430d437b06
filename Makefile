# Hangu 函谷. `make` says what there is; `make run` and `make test` are all one needs.

PYTHON ?= python3
BIN := .venv/bin
TRANSLATIONS := gateway/web/translations
CATALOGUES := $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/*.po)
DEMO_DIR ?= .demo

.DEFAULT_GOAL := help
.PHONY: help venv run codes test check asvs week bench policy-proof clean-demo clean lock
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | sort | awk -F'\t' '{printf "  make %-11s %s\n", $$1, $$2}'

venv: .venv/.ready ## the virtual environment, from the hash-pinned lock file

run: .venv/.ready ## the demonstration office: both zones and a real service behind each
	@$(BIN)/hangu demo $(DEMO_DIR)

codes: .venv/.ready ## fresh one-time codes of the demonstration people
	@$(BIN)/hangu code $(DEMO_DIR)

test: check ## everything: checks, then every test
	$(BIN)/pytest -n 3 --dist loadfile

check: .venv/.ready-dev ## format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=tests/support $(BIN)/mypy --explicit-package-bases tests/bench
	$(BIN)/lint-imports

asvs: .venv/.ready-dev ## requirement by requirement of OWASP ASVS 5.0 V6 and V7: the tests, and their results
	@PYTHONPATH=tests/support $(BIN)/pytest -p asvs_table -m asvs -q -n 2 --dist loadfile

week: .venv/.ready-dev ## a week in the office by real browsers: what each task costs, beside two others
	@PYTHONPATH=tests/support $(BIN)/pytest -p week_table tests/journeys -k office_week -q -p no:xdist -p no:randomly

bench: .venv/.ready-dev ## the figures of the README, measured on this machine
	@$(BIN)/python tests/bench/run.py $(ONLY)

policy-proof: .venv/.ready-dev ## N (1000000) random decisions by three engines: the compiled one, pycasbin, Cedar
	@PYTHONPATH=tests/support:. $(BIN)/python tests/support/policy_proof.py $(or $(N),1000000) $(SEED)

clean-demo: ## forget the demonstration office and all its data
	rm -rf $(DEMO_DIR) $(DEMO_DIR).partial-* $(DEMO_DIR).lock

clean: ## forget the virtual environment and every cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info

lock: .venv/.uv ## pin the newest allowed versions, with hashes (then review the difference)
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra build --extra demo pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra build --extra demo --extra dev pyproject.toml \
	  --constraint requirements.lock -o requirements-dev.lock
	echo uv | $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" - -o requirements-uv.lock

# Stamps: each is newer than what it was made from, so a second `make run` starts at once.
.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Hangu needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Preparing the virtual environment (once; half a minute or so) …"
	@$(PYTHON) -m venv --clear .venv || { \
	  echo "Python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/.uv: .venv/.python requirements-uv.lock
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock \
	  || echo "(no uv for this machine: pip does it, more slowly)"
	@touch $@

define install
	@index=$$($(BIN)/pip config get global.index-url 2>/dev/null || echo "$$PIP_INDEX_URL"); \
	if [ -n "$$index" ]; then UV_DEFAULT_INDEX=$$index; export UV_DEFAULT_INDEX; fi; \
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $(1) 2>/dev/null \
	  || $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $(1)
endef

.venv/.packages: .venv/.uv requirements.lock
	$(call install,requirements.lock)
	@touch $@

.venv/.ready: .venv/.packages pyproject.toml $(CATALOGUES)
	@PYTHONWARNINGS=ignore $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@if [ -n "$(CATALOGUES)" ]; then $(BIN)/pybabel -q compile -d $(TRANSLATIONS); fi
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.lock
	$(call install,requirements-dev.lock)
	@touch $@
