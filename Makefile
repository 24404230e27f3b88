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
# Warnings go to the console, like the one about a run that the budget ended early.
SYNC := cloudquery sync --telemetry-level none --no-log-file --log-console --log-level warn

CLI := github.com/cloudquery/cloudquery/cli/v6
LOCAL := ./internal/sqlite/cmd/... ./internal/simulator/cmd/...

# Without optimization the demo's programs build in half the time, which matters the first time.
QUICK := -trimpath -ldflags '-s -w' -gcflags 'all=-N -l'

# The histories of `make chaos`: N, or only the one of SEED; VERIFY=false only counts the lost rows that
# the plugin can't notice.
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

demo: ## sync a made-up account into demo.db and show the result
	CGO_ENABLED=0 $(GO) build $(QUICK) -o bin/demo/ . $(LOCAL)
	cd internal/tools && CGO_ENABLED=0 $(GO) build $(QUICK) -o ../../bin/demo/cloudquery $(CLI)
	bin/demo/pipedrive-simulator -burst 1000 -- bin/demo/$(SYNC) docs/examples/demo.yml
	bin/demo/sqlite-query demo.db < docs/examples/summary.sql

sync: export PIPEDRIVE_API_URL ?= https://api.pipedrive.com
sync: ## sync your own account into pipedrive.db
	@test -n "$$PIPEDRIVE_API_TOKEN" || { \
		echo 'Set PIPEDRIVE_API_TOKEN to your API token (in Pipedrive: Personal preferences > API), then run make sync again.' >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory programs
	bin/$(SYNC) docs/examples/sqlite.yml
	bin/sqlite-query pipedrive.db < docs/examples/summary.sql

# The official destination comes from CloudQuery's hub. POSTGRESQL_DESTINATION can name a program built from its
# source instead.
try-postgres: ## sync a made-up account into your PostgreSQL, the one of POSTGRESQL_CONNECTION_STRING
	@test -n "$$POSTGRESQL_CONNECTION_STRING" || { \
		echo 'Set POSTGRESQL_CONNECTION_STRING, like postgres://user:password@localhost:5432/database, then run make try-postgres again.' >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory programs
	$(if $(POSTGRESQL_DESTINATION),sed -e 's|registry: cloudquery|registry: local|' -e 's|cloudquery/postgresql|$(POSTGRESQL_DESTINATION)|' \
		-e '/version:/d' docs/examples/postgresql.yml > bin/postgresql.yml)
	bin/pipedrive-simulator -- bin/$(SYNC) $(if $(POSTGRESQL_DESTINATION),bin,docs/examples)/postgresql.yml
	@echo 'Now look into it:  psql "$$POSTGRESQL_CONNECTION_STRING" -c "SELECT title, value, currency, status FROM pipedrive_deals LIMIT 5"'

report: ## a report on the newer of pipedrive.db and demo.db, or on the PostgreSQL of DATABASE=postgres://…
	@CGO_ENABLED=0 $(GO) build $(QUICK) -o bin/demo/ ./internal/report/cmd/...
	@database="$${DATABASE:-$$(ls -t pipedrive.db demo.db 2>/dev/null | head -n 1)}"; \
	test -n "$$database" || { \
		echo 'There is neither pipedrive.db nor demo.db here: run make demo or make sync first.' >&2; \
		exit 1; }; \
	bin/demo/pipedrive-report -database "$$database"

picture: report ## the picture of the report in README.md, drawn by Chromium
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,1000 \
		--screenshot=docs/images/report.png "file://$$PWD/report.html"

# Whole syncs run the plugin as a separate process, outside the view of a race detector in the test, and the histories
# would take minutes with it. It covers all of the plugin's own packages.
test: ## everything
	$(GO) test $(RACE) -timeout 30m $$($(GO) list ./... | grep -v -e internal/e2e -e internal/histories -e internal/chaos)
	$(GO) test -timeout 30m -parallel 8 ./internal/e2e ./internal/histories ./internal/chaos
	$(GO) test -run needsLittleMemory ./internal/sqlite # the race detector would multiply the memory

test-short: ## the tests that need no other program, in half a minute
	$(GO) test -short ./...

chaos: ## syncs with all possible failures
	cd internal/chaos && $(GO) test -count 1 -timeout 2h -parallel 8 -histories $(N) -seed $(SEED) -verify=$(VERIFY)

# GoogleSQL, the base of BigQuery, takes minutes to compile, and more with optimization. Go's cache of results
# does not notice changes of files outside a module.
test-bigquery: ## the queries for BigQuery, against its own parser and analyzer
	cd internal/queries/googlesql && $(GO) test -count=1 -vet=off -gcflags 'all=-N -l' ./...

test-schedules: ## docs/schedules and the Dockerfile, with the tools that read them
	cd internal/schedules && $(GO) test -count=1 -vet=off -gcflags 'all=-N -l' ./...

fuzz: ## each fuzz target for FUZZTIME
	@for file in $$(grep -rl '^func Fuzz' --include='*_test.go' .); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$file); do \
			$(GO) test ./$$(dirname $$file) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

lint: ## golangci-lint for the code, Vale for docs and comments
	$(GO) run $(VALE) --glob='*.{md,go}' .
	$(GO) run $(GOLANGCI_LINT) run ./...

gen: ## write the generated files
	$(GO) generate ./...

bench: ## benchmarks, as ratios from one run
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 1x -v ./... | grep -E '^(Benchmark.*[0-9]|FAIL|panic)| deals: '

package: ## the files for `cloudquery plugin publish`, for all systems: dist/, with VERSION=v1.2.3
	@echo '$(VERSION)' | grep -Eq '$(SEMVER)' || { echo 'Say which version: make package VERSION=v1.2.3' >&2; exit 1; }
	rm -rf dist
	mkdir dist
	awk '/^## / { section++; next } section == 1' CHANGELOG.md > dist/message.md
	$(GO) run . package -m @dist/message.md $(VERSION) .
	awk -F '"' '/"path"/ { path = $$4 } /"checksum"/ { print substr($$4, 8) "  " path }' dist/package.json > dist/checksums.txt

# Nothing leaves this machine: the last lines give the commands to publish.
release: ## a release without publishing it, with VERSION=v1.2.3
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

clean: ## remove built files
	rm -rf bin dist .cq
