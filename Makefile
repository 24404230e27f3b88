# `make help` lists the targets. Nothing but Go and make is needed.
.DEFAULT_GOAL := build
SHELL := /bin/sh

GO ?= go
VERSION ?= development
LDFLAGS := -s -w -X github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin.Version=$(VERSION)
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VALE := github.com/vale-cli/vale/v3/cmd/vale@v3.22.0

# The race detector needs cgo and a C compiler.
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null 2>&1 && echo -race)
SEMVER := ^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$$
# Warnings come to the console, such as that of a run which the budget ended early.
SYNC := cloudquery sync --telemetry-level none --no-log-file --log-console --log-level warn

CLI := github.com/cloudquery/cloudquery/cli/v6
LOCAL := ./internal/sqlite/cmd/... ./internal/simulator/cmd/...

# Without optimization the demo's programs are there in half the time, which matters the first time.
QUICK := -trimpath -ldflags '-s -w' -gcflags 'all=-N -l'

# What `make chaos` plays: N histories, or the one of SEED alone; VERIFY=false only counts the rows
# that the plugin can't know to be lost.
N ?= 100
SEED ?= 0
VERIFY ?= true

# How long `make fuzz` tries each target.
FUZZTIME ?= 30s

.PHONY: help build programs demo sync try-postgres report picture test test-short test-bigquery test-schedules chaos fuzz lint gen bench package release clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

sync: export PIPEDRIVE_API_URL ?= https://api.pipedrive.com
sync: ## sync your own account into pipedrive.db
	@test -n "$$PIPEDRIVE_API_TOKEN" || { \
		echo 'Set PIPEDRIVE_API_TOKEN to your API token (in Pipedrive: Personal preferences > API), then run make sync again.' >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory programs
	bin/$(SYNC) docs/examples/sqlite.yml
	bin/sqlite-query pipedrive.db < docs/examples/summary.sql

# The official destination comes from CloudQuery's hub. POSTGRESQL_DESTINATION may name a program that was built from
# its source instead.
try-postgres: ## sync a made-up account into your PostgreSQL, the one of POSTGRESQL_CONNECTION_STRING
	@test -n "$$POSTGRESQL_CONNECTION_STRING" || { \
		echo 'Set POSTGRESQL_CONNECTION_STRING, like postgres://user:password@localhost:5432/database, then run make try-postgres again.' >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory programs
	$(if $(POSTGRESQL_DESTINATION),sed -e 's|registry: cloudquery|registry: local|' -e 's|cloudquery/postgresql|$(POSTGRESQL_DESTINATION)|' \
		-e '/version:/d' docs/examples/postgresql.yml > bin/postgresql.yml)
	bin/pipedrive-simulator -- bin/$(SYNC) $(if $(POSTGRESQL_DESTINATION),bin,docs/examples)/postgresql.yml
	@echo 'Now look into it:  psql "$$POSTGRESQL_CONNECTION_STRING" -c "SELECT title, value, currency, status FROM pipedrive_deals LIMIT 5"'

report: ## a page about what is in pipedrive.db, or in the PostgreSQL of DATABASE=postgres://…
	@test -n "$$DATABASE" || test -f pipedrive.db || { \
		echo 'There is no pipedrive.db here: run make demo or make sync first.' >&2; \
		exit 1; }
	@CGO_ENABLED=0 $(GO) build $(QUICK) -o bin/demo/ ./internal/report/cmd/...
	@bin/demo/pipedrive-report -database "$${DATABASE:-pipedrive.db}"

picture: report ## the picture of the report in README.md, drawn by Chromium
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,1000 \
		--screenshot=docs/images/report.png "file://$$PWD/report.html"

# Whole syncs run the plugin as a process of its own, which a race detector in the test does not see; and
# SQLite takes minutes for the histories with it. The plugin's own packages are all raced.
test: ## everything
	$(GO) test $(RACE) -timeout 30m $$($(GO) list ./... | grep -v -e internal/e2e -e internal/histories -e internal/chaos)
	$(GO) test -timeout 30m -parallel 8 ./internal/e2e ./internal/histories ./internal/chaos
	$(GO) test -run needsLittleMemory ./internal/sqlite # which the race detector would need several times

test-short: ## the tests that need no other program, in half a minute
	$(GO) test -short ./...

chaos: ## syncs in which everything fails that can
	cd internal/chaos && $(GO) test -count 1 -timeout 2h -parallel 8 -histories $(N) -seed $(SEED) -verify=$(VERIFY)

# GoogleSQL, which BigQuery is built on, takes minutes to compile, and more when it is optimized. Go's cache of
# results does not see changes of files outside a module.
test-bigquery: ## the queries for BigQuery, against its own parser and analyzer
	cd internal/queries/googlesql && $(GO) test -count=1 -vet=off -gcflags 'all=-N -l' ./...

test-schedules: ## docs/schedules and the Dockerfile, with the tools of those who read them
	cd internal/schedules && $(GO) test -count=1 -vet=off -gcflags 'all=-N -l' ./...

fuzz: ## each fuzz target for FUZZTIME
	@for file in $$(grep -rl '^func Fuzz' --include='*_test.go' .); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$file); do \
			$(GO) test ./$$(dirname $$file) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

lint: ## golangci-lint for the code, Vale for the words of docs and comments
	$(GO) run $(VALE) --glob='*.{md,go}' .
	$(GO) run $(GOLANGCI_LINT) run ./...

gen: ## write what is generated from the code
	$(GO) generate ./...

bench: ## ratios, taken in one run
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 1x -v ./... | grep -E '^(Benchmark.*[0-9]|FAIL|panic)| deals: '

package: ## what `cloudquery plugin publish` takes, for all systems: dist/, with VERSION=v1.2.3
	@echo '$(VERSION)' | grep -Eq '$(SEMVER)' || { echo 'Say which version: make package VERSION=v1.2.3' >&2; exit 1; }
	rm -rf dist
	mkdir dist
	awk '/^## / { section++; next } section == 1' CHANGELOG.md > dist/message.md
	$(GO) run . package -m @dist/message.md $(VERSION) .
	awk -F '"' '/"path"/ { path = $$4 } /"checksum"/ { print substr($$4, 8) "  " path }' dist/package.json > dist/checksums.txt

# Nothing leaves this machine: the last lines say how to publish.
release: ## all that a release needs but publishing it, with VERSION=v1.2.3
	@echo '$(VERSION)' | grep -Eq '$(SEMVER)' || { echo 'Say which version: make release VERSION=v1.2.3' >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo 'The work tree has changes that are not committed.' >&2; exit 1; }
	@test -z "$$(git tag --list '$(VERSION)')" || { echo 'There is a tag $(VERSION) already.' >&2; exit 1; }
	@grep -F '## [$(VERSION:v%=%)]' CHANGELOG.md || { echo 'CHANGELOG.md has no section [$(VERSION:v%=%)].' >&2; exit 1; }
	@$(MAKE) --no-print-directory lint test
	@$(MAKE) --no-print-directory package
	@echo; cat dist/checksums.txt; echo
	@echo 'Nothing was published. To publish:'
	@echo "  git tag -a $(VERSION) -m $(VERSION) $$(git rev-parse --short HEAD) && git push origin $(VERSION)"
	@echo '  cloudquery plugin publish --finalize'

clean: ## remove what was built
	rm -rf bin dist .cq
