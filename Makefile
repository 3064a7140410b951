# Everything a developer does here; `make` alone says what there is. PYTHON=... chooses the interpreter of .venv.
SHELL := bash
BIN := .venv/bin
READY := .venv/.ready
NEWEST := build/newest/.ready
# Waiting threads sleep instead of spinning: on a busy machine that is tens of times faster.
TEST := OMP_WAIT_POLICY=passive PYTHONPATH=tests TTVIDEO_OTHER_PYTHON=$(CURDIR)/build/newest/bin/python \
	$(BIN)/python -m pytest -p support.rings

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test system lint rings fuzz bench clean

help:  ## say this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything that is needed

$(READY): pyproject.toml $(wildcard constraints/*.txt)
	@PYTHON="$(PYTHON)" .ci/setup
	@touch $@

$(NEWEST): $(READY)
	@.ci/newest
	@touch $@

demo:  ## make a video from a prompt, from nothing
	@set -e; start=$$SECONDS; \
	$(MAKE) --silent setup; made=$$SECONDS; \
	clip=$$($(BIN)/ttvideo generate "a red ball bouncing on green grass" --output demo); \
	echo; echo "The video:      $$clip"; \
	echo "Set-up took:    $$((made - start)) s"; \
	echo "The video took: $$((SECONDS - made)) s"

test: setup system lint rings  ## everything that CI checks

system:
	@.ci/system

lint: setup  ## format, lint, types, and whether the generated contract is current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python worker/tools/write_contract.py --check

rings: $(NEWEST)  ## all tests, and how long each ring of them took
	@$(TEST) --durations=10

fuzz: $(NEWEST)  ## the fuzz and kill tests, for long
	@TTVIDEO_FUZZ_MESSAGES=50000 TTVIDEO_KILLS=200 $(TEST) -k "fuzz or kill"

bench: setup  ## what a job costs against a bare diffusers script
	@$(BIN)/python bench/run.py

clean:  ## remove what was made here, .venv too
	rm -rf .venv build demo dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find worker tests bench -name __pycache__ -prune -exec rm -rf {} +
