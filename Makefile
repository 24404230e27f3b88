# Targets for people are explained in README.md. Nothing but Go and make is needed.
.DEFAULT_GOAL := build
SHELL := /bin/sh

GO ?= go
VERSION ?= development
LDFLAGS := -s -w -X github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin.Version=$(VERSION)
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# The race detector needs cgo and a C compiler.
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null 2>&1 && echo -race)
SYNC := cloudquery sync --telemetry-level none --no-log-file

CLI := github.com/cloudquery/cloudquery/cli/v6
LOCAL := ./internal/sqlite/cmd/... ./internal/simulator/cmd/...

# Without optimization the demo's programs are there in half the time, which matters the first time.
QUICK := -trimpath -ldflags '-s -w' -gcflags 'all=-N -l'

# What `make chaos` plays: N histories, or the one of SEED alone; VERIFY=false only counts the rows
# that the plugin can't know to be lost.
N ?= 100
SEED ?= 0
VERIFY ?= false

.PHONY: build programs demo sync test chaos lint gen bench clean

build: ## the plugin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/cq-source-pipedrive .

programs: build ## the plugin and all that a local sync needs
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/ $(LOCAL)
	cd internal/tools && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../bin/cloudquery $(CLI)

demo: ## sync a made-up account into pipedrive.db and show what arrived
	CGO_ENABLED=0 $(GO) build $(QUICK) -o bin/demo/ . $(LOCAL)
	cd internal/tools && CGO_ENABLED=0 $(GO) build $(QUICK) -o ../../bin/demo/cloudquery $(CLI)
	bin/demo/pipedrive-simulator -burst 40 -- bin/demo/$(SYNC) docs/examples/demo.yml
	bin/demo/sqlite-query pipedrive.db < docs/examples/summary.sql

sync: ## sync your own account into pipedrive.db
	@test -n "$$PIPEDRIVE_API_TOKEN" || { \
		echo 'Set PIPEDRIVE_API_TOKEN to your API token (in Pipedrive: Personal preferences > API), then run make sync again.' >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory programs
	bin/$(SYNC) docs/examples/sqlite.yml
	bin/sqlite-query pipedrive.db < docs/examples/summary.sql

# Whole syncs run the plugin as a process of its own, which a race detector in the test does not see; and
# SQLite takes minutes for the histories with it. The plugin's own packages are all raced.
test: ## everything
	$(GO) test $(RACE) -timeout 30m $$($(GO) list ./... | grep -v -e internal/e2e -e internal/histories -e internal/chaos)
	$(GO) test -timeout 30m -parallel 8 ./internal/e2e ./internal/histories ./internal/chaos

chaos: ## syncs in which everything fails that can
	cd internal/chaos && $(GO) test -count 1 -timeout 2h -parallel 8 -histories $(N) -seed $(SEED) -verify=$(VERIFY)

lint:
	$(GO) run $(GOLANGCI_LINT) run ./...

gen: ## what is generated from the code
	$(GO) generate ./...

bench: ## ratios, taken in one run
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

clean:
	rm -rf bin .cq
