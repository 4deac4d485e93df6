# The one place where the commands of this repository are written down.
# `make` without a target explains the others.

GO         ?= go
PYTHON     ?= python3
FUZZTIME   ?= 10s
N          ?= 1000000
SEED       ?= 1
GOLANGCI   := v2.15.0
QEMU_ARM64 ?= qemu-aarch64-static

# Tools and the Python environment live inside the tree and are never committed.
BIN        := $(CURDIR)/bin
VENV       := $(CURDIR)/.venv
VENV_PY    := $(VENV)/bin/python
NATIVE     := $(VENV)/native
LINTER     := $(BIN)/golangci-lint-$(GOLANGCI)

.DEFAULT_GOAL := help
MAKEFLAGS  += --no-print-directory

.PHONY: help
help: ## Explain the targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Needed: Go and Python 3.10 or later. PYTHON=... chooses the interpreter."

.PHONY: demo
demo: ## Analyse Python's standard library in a worker pool
	$(GO) run ./cmd/ringwire demo --python $(PYTHON)

.PHONY: build
build: ## Build the command into bin/ringwire
	$(GO) build -trimpath -o $(BIN)/ringwire ./cmd/ringwire

.PHONY: test
test: test-go test-python ## Run all tests, Go and Python

.PHONY: test-go
test-go: ## Run go vet and the Go tests
	$(GO) vet ./...
	$(GO) test ./...
	cd bench/peers && $(GO) vet ./... && $(GO) test ./...

.PHONY: test-python
test-python: $(VENV)/test.stamp $(VENV)/native.stamp ## Run the tests of pyref/, without and with the accelerator
	cd pyref && RINGWIRE_NATIVE=0 $(VENV_PY) -m pytest
	if ls $(NATIVE)/*.so >/dev/null 2>&1; then \
	  cd pyref && PYTHONPATH=$(NATIVE) $(VENV_PY) -m pytest --ignore=tests/test_vectors.py --ignore=tests/test_wire.py; \
	fi

.PHONY: test-race
test-race: ## Run the Go tests under the race detector
	$(GO) test -race ./...

PLATFORMS := linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: test-stream
test-stream: ## Run what the executor does over rings over streams
	RINGWIRE_TRANSPORT=stream $(GO) test -run '$(STREAM_TESTS)' ./executor

STREAM_TESTS := Call|Errors|Submit|Sizes|Cancel|Deadline|Deaths|Idempotent|Poison|Chaos|Neighbours|Forked|Output|Killed|Sleeps|Recycling|Ten|Mixed|Slow|System

.PHONY: cross
cross: ## Build everything, tests included, for other platforms
	@set -e; for platform in $(PLATFORMS); do \
	  export GOOS=$${platform%/*} GOARCH=$${platform#*/}; \
	  echo "$$platform"; $(GO) build ./...; $(GO) vet ./...; \
	done

.PHONY: test-arm64
test-arm64: ## Run the tests of frames and rings for arm64, in QEMU
	@if command -v $(QEMU_ARM64) >/dev/null; then \
	  GOOS=linux GOARCH=arm64 RINGWIRE_TEST_EMULATOR=$(QEMU_ARM64) $(GO) test -exec $(QEMU_ARM64) ./wire ./ring; \
	else \
	  echo "nothing was run for arm64: there is no $(QEMU_ARM64) (Debian: qemu-user-static)"; \
	fi

.PHONY: fmt
fmt: $(LINTER) $(VENV)/lint.stamp ## Format the sources
	$(LINTER) fmt
	cd pyref && $(VENV_PY) -m ruff format

.PHONY: lint
lint: $(LINTER) $(VENV)/lint.stamp ## Check formatting, style and types of Go and Python
	$(LINTER) fmt --diff
	$(LINTER) run
	cd bench/peers && $(LINTER) run
	cd pyref && $(VENV_PY) -m ruff format --check && $(VENV_PY) -m ruff check && $(VENV_PY) -m mypy
	$(VENV_PY) -m ruff check --config pyref/pyproject.toml $(PYTHON_ELSEWHERE)
	$(VENV_PY) -m ruff format --check --config pyref/pyproject.toml $(PYTHON_ELSEWHERE)
	MYPYPATH=pyref $(VENV_PY) -m mypy --strict $(PYTHON_ELSEWHERE)

# Python that travels inside Go packages or stands beside them.
PYTHON_ELSEWHERE := bench cmd conformance examples internal

.PHONY: generate
generate: ## Rebuild the generated files from spec/registry
	$(GO) generate ./...
	$(PYTHON) pyref/tools/generate_registry.py

.PHONY: check-generated
check-generated: ## Fail if a generated file is not current
	$(GO) run ./internal/registrygen -check
	$(PYTHON) pyref/tools/generate_registry.py --check
	$(GO) run ./cmd/ringwire vectors check
	$(GO) mod tidy -diff
	cd bench/peers && $(GO) mod tidy -diff

.PHONY: check-wasm
check-wasm: ## Rebuild the committed WebAssembly modules and compare (clang 19, lld 19)
	spec/oracle/build.sh --check
	conformance/mutants/build.sh --check
	internal/schedules/testdata/build.sh --check

.PHONY: trace
trace: ## Show which tests cite which requirement of the specification
	$(GO) run ./internal/trace

.PHONY: check
check: lint check-generated test ## Everything that a change must pass

# Relative paths, because the command stands in the report.
.PHONY: bench
bench: build bench-peers $(VENV)/bench.stamp $(VENV)/bench-native.stamp ## Compare the executor with all other ways to call Python; writes docs/benchmarks
	bin/ringwire bench --python .venv/bin/python --json docs/benchmarks/results.json --plots docs/benchmarks \
	  $(BENCHFLAGS) >docs/benchmarks/results.txt
	cat docs/benchmarks/results.txt

.PHONY: flame
flame: bench-peers $(VENV)/flame.stamp $(VENV)/bench-native.stamp ## Draw where the time of a call goes into docs/benchmarks; PEER=... for another worker
	$(BIN)/ringwire-peers profile '$(PEER)' $(VENV_PY) $(VENV)/bin/py-spy docs/benchmarks

PEER ?= ringwire

.PHONY: bench-peers
bench-peers: ## Build the peers that need other Go modules
	cd bench/peers && $(GO) build -trimpath -o $(BIN)/ringwire-peers .

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

.PHONY: model
model: ## Check the models of ring and calls with Spin
	spec/models/run.sh

.PHONY: differential
differential: ## Compare all codecs on N generated inputs
	PYTHONPATH=pyref $(GO) run ./conformance/differential -n $(N) -seed $(SEED) \
	  -exec '$(PYTHON) examples/implementations/pyref/codec.py'

.PHONY: mutate
mutate: ## Break each check of the codecs and see the vectors notice
	$(GO) run ./internal/mutate

.PHONY: clean
clean: ## Remove what these targets have made
	rm -rf $(BIN) $(VENV)

# --- tools ---------------------------------------------------------------------

# A linter of the right version that is installed already saves minutes.
$(LINTER):
	@mkdir -p $(BIN)
	@if golangci-lint version 2>/dev/null | grep -qF ' $(GOLANGCI:v%=%) '; then \
	  ln -sf "$$(command -v golangci-lint)" $@; \
	else \
	  echo "GOBIN=$(BIN) $(GO) install .../golangci-lint@$(GOLANGCI)"; \
	  GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI) && \
	  mv $(BIN)/golangci-lint $@; \
	fi

$(VENV)/native.stamp: $(wildcard pyref/native/*) .ci/native $(VENV)/test.stamp
	.ci/native $(VENV_PY) $(NATIVE)
	@touch $@

# Where `ringwire bench` looks for it, like all that is optional.
$(VENV)/bench-native.stamp: $(wildcard pyref/native/*) .ci/native-install $(VENV)/test.stamp
	.ci/native-install $(VENV_PY)
	@touch $@

$(VENV)/%.stamp: .ci/requirements-%.txt .ci/python-env
	.ci/python-env $(PYTHON) $(VENV) $<
	@touch $@
