# Everything a developer does here; `make` alone says what there is. PYTHON=... chooses the interpreter of .venv.
SHELL := bash
BIN := .venv/bin
READY := .venv/.ready
NEWEST := build/newest/.ready
MODULES := node_modules/.ready
NEWEST_CODE := 4.139.1
OLDEST_CODE := 4.100.3
# First, because .ci/node puts a Node there when the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Waiting threads sleep instead of spinning: on a busy machine that is tens of times faster.
TEST := OMP_WAIT_POLICY=passive PYTHONPATH=tests TTVIDEO_OTHER_PYTHON=$(CURDIR)/build/newest/bin/python \
	$(BIN)/python -m pytest -p support.rings

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo code test system lint rings ttnn vscode vsix e2e set-up-worker fuzz slow bench bench-ttnn clean

help:  ## say this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything that is needed

$(READY): pyproject.toml $(wildcard constraints/*.txt)
	@PYTHON="$(PYTHON)" .ci/setup
	@touch $@

$(MODULES): package-lock.json $(READY)
	@.ci/node
	@touch $@

$(NEWEST): $(READY) .ci/newest
	@.ci/newest
	@touch $@

demo:  ## make a video from a prompt, from nothing
	@set -e; start=$$SECONDS; \
	$(MAKE) --silent setup; made=$$SECONDS; \
	clip=$$($(BIN)/ttvideo generate "a red ball bouncing on green grass" --output demo); \
	echo; echo "The video:      $$clip"; \
	echo "Set-up took:    $$((made - start)) s"; \
	echo "The video took: $$((SECONDS - made)) s"; \
	echo "In VS Code:     make code   (the extension in a VS Code in the browser, on this machine)"

code: vsix  ## start a VS Code in the browser with the extension, on 127.0.0.1
	@.ci/code-server $(NEWEST_CODE)
	@.ci/code $(NEWEST_CODE)

test: setup system lint rings ttnn vscode  ## everything that CI checks

system:
	@.ci/system

lint: setup $(MODULES)  ## format, lint, types, and whether what is generated is current
	@npm run --silent lint & npm=$$!; trap "wait $$npm" EXIT; set -ex; \
	$(BIN)/ruff format --check .; \
	$(BIN)/ruff check .; \
	$(BIN)/mypy; \
	$(BIN)/python worker/tools/write_contract.py --check; \
	$(BIN)/python worker/tools/write_reference.py --check; \
	wait $$npm

rings: $(NEWEST)  ## all tests, and how long each ring of them took
	@$(TEST) --durations=10 --numprocesses 2 --dist worksteal -m "not alone"
	@$(TEST) --durations=5 -m alone tests/worker

ttnn:  ## the tests with the real ttnn, on mock boards of every system
	@.ci/ttnn; state=$$?; \
	if [ $$state = 3 ] && [ -z "$$CI" ]; then echo "Without such a Python, the tests with ttnn are skipped."; exit 0; fi; \
	[ $$state = 0 ] && OMP_WAIT_POLICY=passive PYTHONPATH=tests build/ttnn/bin/python -m pytest -p support.rings \
	--durations=5 --numprocesses 2 --dist worksteal tests/ttnn

vsix: $(MODULES)  ## pack the extension: dist/tt-video-lab.vsix
	@npm run --silent package

vscode: $(MODULES)  ## the extension's tests: its parts, then the packed extension in real VS Codes
	@TTVIDEO_PYTHON=$(CURDIR)/$(BIN)/python npm test --silent
	@if [ -n "$$CI" ] || command -v chromium chromium-browser google-chrome >/dev/null; then \
	$(MAKE) --silent --no-print-directory e2e; else echo "Without Chromium, the tests in real VS Codes are skipped."; fi

e2e: vsix
	@.ci/code-server $(NEWEST_CODE)
	@.ci/code-server $(OLDEST_CODE)
	@TTVIDEO_PYTHON=$(CURDIR)/$(BIN)/python npx --no-install playwright test --project=newest --project=oldest

set-up-worker: vsix  ## test the command Set Up Worker for real, which downloads PyTorch
	@.ci/code-server $(NEWEST_CODE)
	@npx --no-install playwright test --project=setup

fuzz: $(NEWEST)  ## the fuzz and kill tests, for long
	@TTVIDEO_FUZZ_MESSAGES=50000 TTVIDEO_KILLS=200 $(TEST) -k "fuzz or kill"

slow: $(NEWEST)  ## the tests that take too long for every time: more checkpoints, more kills, compiling for real
	@TTVIDEO_SLOW=1 $(TEST) tests/clips tests/real/test_storyboard.py
	@.ci/ttnn && TTVIDEO_SLOW=1 OMP_WAIT_POLICY=passive PYTHONPATH=tests build/ttnn/bin/python -m pytest -p support.rings \
	--durations=5 --numprocesses 2 --dist worksteal tests/ttnn

bench-ttnn:  ## what AnimateDiff needs of each board, by ttnn on mock boards; its whole UNet's numbers; an hour
	@.ci/ttnn
	@$(BIN)/python bench/preflight.py
	@$(BIN)/python bench/preflight.py --designs n150
	@$(BIN)/python bench/decoding.py
	@$(BIN)/python bench/division.py
	@$(BIN)/python bench/division.py --frames-apart
	@TTVIDEO_BOARD=n150 build/ttnn/bin/python bench/fusions.py
	@TTVIDEO_BOARD=n150 build/ttnn/bin/python bench/ttnn_unet.py 64x64x16 --numbers

bench: setup  ## a job against a bare diffusers script; frames drawn together; motion on stills; AnimateDiff; looking for boards
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/batching.py
	@$(BIN)/python bench/motion.py
	@$(BIN)/python bench/memory.py
	@$(BIN)/python bench/step_cache.py
	@$(BIN)/python bench/animatediff.py
	@$(BIN)/python bench/detect.py

clean:  ## remove what was made here, .venv too
	rm -rf .venv build demo dist node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find worker tests bench -name __pycache__ -prune -exec rm -rf {} +
