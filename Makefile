# boxoffice. `make` alone lists what can be made.

SHELL      := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE    := $(shell echo "$${BOXOFFICE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/boxoffice}")
TOOLS    := $(CACHE)/tools-$(shell sha256sum tools/go.sum | cut -c1-12)
SOURCES  := $(shell find . -name '*.go' -not -path './tools/*' -not -path './.boxoffice/*' -not -path './web/node_modules/*') $(shell find api migrations mail seed internal -type f -not -name '*.go') go.mod go.sum
CLIENT   := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/browser/*' -not -name '*.gen.ts') api/openapi.yaml
MODULES  := web/node_modules/.package-lock.json

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: build servers ## Install and build all it needs, and start everything on this machine
	exec bin/boxoffice dev $(ARGS)

# Nothing is taken from the cache of test results: some tests build and run the program, which that cache does not see. More
# packages run side by side than there are cores, for those that break whole systems mostly wait for these to come back.
test: system servers web ## Run every test, under the race detector
	cd web && npm test
	$(GO) test -race -count=1 -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) -timeout 40m $(ARGS) ./...

demo: build servers ## Make one booking, from sign-up to the PDF, on a system of its own
	bin/boxoffice demo --json --out .boxoffice/demo $(ARGS)

build: bin/boxoffice ## Build bin/boxoffice

bin/boxoffice: $(SOURCES) web/dist/index.html
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $@ ./cmd/boxoffice

web: web/dist/index.html ## Build the web client, which `make build` puts into the program

web/dist/index.html: $(CLIENT) $(MODULES)
	cd web && npm run -s build

$(MODULES): web/package-lock.json | node
	cd web && npm ci --no-audit --no-fund

lint: $(MODULES) $(TOOLS)/golangci-lint $(TOOLS)/workflowcheck ## Check style, limits, imports and the determinism of workflows
	$(TOOLS)/golangci-lint run --allow-parallel-runners ./...
	$(TOOLS)/workflowcheck ./workflows/...
	./internal/archtest/lines.sh
	cd web && npm run -s check

generate: $(TOOLS)/oapi-codegen ## Make the API's types from api/openapi.yaml
	PATH="$(TOOLS):$$PATH" $(GO) generate ./...

record: servers ## Record workflow histories anew, from a real Temporal server
	$(GO) test ./workflows -run TestHistory -count=1 -record

call-off: servers ## Call off an event of 1,000 bookings amid kills and refusals: about four minutes
	$(GO) test ./test/failures/money -count=1 -timeout 20m -v -run TestCallOff_AmidKills -call-off 1000 -call-off-rate 25 $(ARGS)

model: ## Check the booking protocol's model in full: about eight minutes on one core, 3 GB
	$(GO) run ./test/model $(ARGS)

linear: servers ## Have clients want the same seats amid kills for ten minutes, and look for an order in which every answer is right
	$(GO) test ./test/linear -count=1 -timeout 30m -v -run TestSeats -linear.for 10m $(ARGS)

soak: servers ## Look for what breaks the promises in new random sequences: about an hour on two cores
	$(GO) test ./test/property -count=1 -timeout 3h -rapid.seed=0 -rapid.checks=10000 $(ARGS)

bench: build servers ## Measure a sale, a race for seats, looking around, a sale among a million tickets, the store and the search: ten minutes at most
	bin/boxoffice bench onsale --seats 2000 --buyers 50 --duration 30s
	bin/boxoffice bench race
	bin/boxoffice bench browse --events 2000 --duration 30s --step 5s
	bin/boxoffice bench scale --sizes 10000,1000000
	$(GO) test ./postgres -run '^$$' -bench . -benchtime 3s
	$(GO) test ./internal/devstack/typesense -run '^$$' -bench . -benchtime 1x

chaos: build servers ## Kill everything a hundred times while people buy, and look for a broken promise: ten minutes
	bin/boxoffice bench chaos --kills 100 $(ARGS)

web-bench: system servers web ## Measure the web client in Chromium, as a phone and as a desktop: about ten minutes
	$(GO) test ./test/browser -run '^$$' -bench BenchmarkClient -benchtime 1x -timeout 40m $(ARGS)

shots: system servers web ## Take the pictures of docs/images/web anew
	$(GO) test ./test/browser -count=1 -timeout 20m
	cp web/browser/shots/*-light.png web/browser/shots/{home,tickets}-phone-dark.png docs/images/web/
	rm -f docs/images/web/{missing,nothing}-*.png

relevance: ## Ask judged queries over all titles that are seeded: how often the right one comes first, and the misses
	@$(GO) test ./search -run '^TestRelevance$$' -count=1 -v | grep -v '^=== '

clean: ## Remove what was built, and the state of `make run`
	rm -rf bin .boxoffice web/node_modules web/dist/assets web/dist/*.*

# PostgreSQL and the Temporal CLI are found on the machine, or installed once into the cache: about four minutes on two
# cores for the latter, which is built.
servers: ; @$(GO) run ./internal/devstack/prepare

# What tests read PDFs with, and the browser that they drive. As root on Debian both are installed; elsewhere a person must.
system:
	@if ! command -v pdftotext >/dev/null || ! command -v pdftoppm >/dev/null; then \
	  $(call install,poppler-utils) || { \
	    echo "The tests read PDFs with poppler: install it (Debian: apt-get install poppler-utils; macOS: brew install poppler)." >&2; exit 1; }; \
	fi
	@if [ -z "$${CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome >/dev/null && [ "$$(uname)" != Darwin ]; then \
	  $(call install,chromium) || { \
	    echo "The tests drive Chromium: install it (Debian: apt-get install chromium), or name another by CHROMIUM=/path." >&2; exit 1; }; \
	fi

# The web client is built by Node 20.19 or newer.
NODE_IS_NEW := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
node:
	@if ! command -v npm >/dev/null; then $(call install,nodejs npm) || true; fi; \
	if ! command -v npm >/dev/null || ! $(NODE_IS_NEW); then \
	  echo "The web client is built with Node 20.19 or newer and its npm: install them from https://nodejs.org." >&2; exit 1; \
	fi

# install installs packages as root on Debian, and fails elsewhere.
install = { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; }

# Build tools are pinned in tools/go.mod and kept in the cache, by the checksum of tools/go.sum.
$(TOOLS)/golangci-lint:
	cd tools && $(GO) build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/workflowcheck:
	cd tools && $(GO) build -o $@ go.temporal.io/sdk/contrib/tools/workflowcheck
$(TOOLS)/oapi-codegen:
	cd tools && $(GO) build -o $@ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen

.PHONY: help run test demo build lint generate record call-off model linear soak bench chaos web-bench shots clean servers system web node
