# Needs Python 3.10+, Rust and a C compiler; everything else goes into .venv. `make` lists the targets.
# Kept to GNU make 3.81, which is what macOS ships.

PYTHON ?= python3
# Cargo features of the extension module. datafusion: `finqa_gym.query` and `finqa-gym data ingest`; compiles for minutes.
FEATURES ?=
# A corpus for `make demo`; empty means the synthetic one.
CORPUS ?=
# More arguments for `make bench` and `make test-py`.
ARGS ?=

# Outside the checkout, so that a fresh clone reuses what an earlier one compiled.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
CARGO_TARGET_DIR ?= $(CACHE)/finqa-gym/target
export CARGO_TARGET_DIR
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
BIN := $(VENV)/bin
STAGE := scripts/stage
# Stamps carry a hash of what they depend on: a change there is a new stamp, so a new install.
HASH := $(shell cat pyproject.toml requirements-dev.txt requirements-train.txt | cksum | cut -d' ' -f1)
BASE := $(VENV)/.base-$(HASH)
TRAIN := $(VENV)/.train-$(HASH)
DEV := $(VENV)/.dev-$(HASH)
# A conda environment beside the virtual one confuses maturin.
MATURIN := env -u CONDA_PREFIX VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin
MATURIN_FLAGS = --release $(if $(FEATURES),--features $(FEATURES))
# The ABI is fixed (abi3), so the Rust checks need no interpreter: none is looked for, none is linked,
# and nothing is rebuilt because a checkout has another .venv.
CARGO := env PYO3_NO_PYTHON=1 PYO3_BUILD_EXTENSION_MODULE=1 cargo
STARTED := $(shell date +%s)
# One for each file of pinned versions.
INTEGRATIONS := $(patsubst requirements/%.txt,%,$(filter-out %-no-deps.txt,$(wildcard requirements/*.txt)))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help tools setup build demo results test test-rs test-py test-wheel test-integrations wheel lint fmt stubs bench docs clean

help: ## Show this list
	@echo "finqa-gym. Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Compiled Rust is kept in $(CARGO_TARGET_DIR) (CARGO_TARGET_DIR)."

tools:
	@scripts/check-tools $(PYTHON)

$(BASE): | tools
	@$(STAGE) "virtual environment" $(PYTHON) -m venv $(VENV)
	@$(STAGE) "build tools" $(BIN)/python -m pip install $$(grep -E '^(maturin|pandas)' requirements-dev.txt)
	@rm -f $(VENV)/.base-*
	@touch $@

# torch by itself and first: what depends on it would bring another build of it.
$(TRAIN): $(BASE)
	@grep '^torch' requirements-train.txt >$(VENV)/torch.txt
	@$(STAGE) "torch" $(BIN)/python -m pip install -r $(VENV)/torch.txt
	@$(STAGE) "trl, transformers" $(BIN)/python -m pip install -r requirements-train.txt
	@rm -f $(VENV)/.train-*
	@touch $@

$(DEV): $(TRAIN)
	@$(STAGE) "development tools" $(BIN)/python -m pip install -r requirements-dev.txt
	@rm -f $(VENV)/.dev-*
	@touch $@

setup: tools $(DEV) ## Make .venv with the pinned tools

build: tools $(BASE) ## Compile the extension (release) and install the package into .venv
	@$(STAGE) build $(MATURIN) develop $(MATURIN_FLAGS)

# Threads of torch that spin while they wait take the time of whatever else runs here: PASSIVE.
demo: build $(TRAIN) ## Build, play episodes, train a small model; CORPUS=path takes a corpus of yours
	@$(BIN)/finqa-gym demo --out runs/demo $(if $(CORPUS),--corpus "$(CORPUS)")
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/finqa-gym train demo --overwrite
	@echo "== demo $$(($$(date +%s) - $(STARTED))) s"

results: build $(TRAIN) ## The comparison of docs/results.md: an hour or more, resumable
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/finqa-gym experiment results --out runs/results

# Released wheels have all features, so that is what is tested; `make demo` and `pip install .` do without.
test: FEATURES := datafusion
test: lint build stubs test-wheel test-integrations test-rs test-py ## Everything that CI checks
	@echo "== test $$(($$(date +%s) - $(STARTED))) s"

lint: setup ## Formats, clippy, ruff and mypy; changes nothing
	@$(STAGE) "rustfmt" cargo fmt --all --check
	@$(STAGE) "ruff" $(BIN)/ruff check .
	@$(STAGE) "ruff format" $(BIN)/ruff format --check .
	@$(STAGE) "mypy" $(BIN)/mypy
	@$(STAGE) "clippy" $(CARGO) clippy --workspace --all-targets --features finqa-python/datafusion --locked -- -D warnings
	@$(STAGE) "clippy, no features" $(CARGO) clippy -p finqa-python --locked -- -D warnings

fmt: setup ## Format Rust and Python in place
	cargo fmt --all
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

stubs: setup build ## Compare _native.pyi with the compiled module
	@$(STAGE) "stubtest" $(BIN)/python -m mypy.stubtest finqa_gym._native

wheel: setup build
	@rm -rf dist
	@$(STAGE) "wheel" $(MATURIN) build $(MATURIN_FLAGS) --out dist

test-wheel: wheel ## Use the wheel in an empty environment, without the network where that can be
	@$(STAGE) "wheel test" scripts/test-wheel $(PYTHON) dist/*.whl

test-integrations: wheel ## Adapters with the real frameworks, each in an environment of its own
	@set -e; for name in $(INTEGRATIONS); do \
		$(STAGE) "integration $$name" scripts/integration $$name $(PYTHON) dist/*.whl $(ARGS); \
	done

test-rs: tools ## Rust: documentation examples, then the tests
	@$(STAGE) "cargo doc tests" $(CARGO) test --doc --workspace --locked --quiet
	@if cargo nextest --version >/dev/null 2>&1; then \
		$(STAGE) "cargo nextest" $(CARGO) nextest run --workspace --locked; \
	else \
		echo "notice: cargo-nextest is not installed, so cargo test runs the tests one binary at a time"; \
		$(STAGE) "cargo test" $(CARGO) test --workspace --lib --bins --tests --locked; \
	fi

test-py: setup build ## Python: tests and documentation examples; ARGS="-k name" picks
	@$(STAGE) "browser" scripts/browser
	@$(STAGE) "pytest" $(BIN)/python -m pytest $(ARGS)

bench: setup build ## Measure against the baselines; use a quiet machine
	@$(BIN)/finqa-gym bench $(ARGS)

docs: tools ## Build the Rust API pages; a broken link is an error
	@$(STAGE) "cargo doc" env RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	@echo "open $(CARGO_TARGET_DIR)/doc/finqa_core/index.html; the guides start at docs/index.md"

clean: ## Remove what make put into this checkout; the shared Cargo folder stays
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f python/finqa_gym/_native*.so python/finqa_gym/_native*.pyd
