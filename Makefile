# watchpost: everything a developer does. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export CARGO_TARGET_DIR ?= $(HOME)/.cache/watchpost/target
# Debug information of dependencies is the largest part of a build folder; lines are enough.
export CARGO_INCREMENTAL ?= 0

WATCHPOST := $(CARGO_TARGET_DIR)/debug/watchpost
# scripts/setup puts a Node.js here when this machine's is missing or too old.
export PATH := $(CARGO_TARGET_DIR)/node/bin:$(PATH)
WEB_SOURCES := $(shell find web/src web/public web/scripts -type f) web/index.html web/vite.config.ts web/tsconfig.json

.PHONY: help setup windows windows-tests windows-units run build web test fmt check-fmt clippy rust-tests web-tests browser-tests screenshots openapi bench bench-growth torture docs-help clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building and testing need and this machine lacks
	@scripts/setup --test

build: ## web interface and program, development profile
	@scripts/setup
	@$(MAKE) --no-print-directory web
	cargo build --locked -p watchpost-app

web: web/dist/index.html.br ## the web interface, where its sources have changed

# Not `npm ci`: it refuses a lock file without the optional packages of platforms that a registry does not carry.
web/node_modules/.installed: web/package-lock.json web/package.json
	cd web && npm install --no-save --loglevel=error
	touch $@

web/dist/index.html.br: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run --silent build

run: build ## build, then collect this host's logs: UP="PATH…" reads files from their beginning
	$(WATCHPOST) up $(UP)

windows: ## watchpost-agent.exe, for Windows, and its lints; Wine for its tests
	@scripts/setup --windows
	scripts/windows build
	scripts/windows clippy

windows-tests: windows ## the agent for Windows, run by Wine
	cargo test --locked --workspace --test windows

test: setup check-fmt web clippy rust-tests web-tests browser-tests windows-tests ## formatting, lints and every test, the agent for Windows too

fmt: ## format all code
	cargo fmt --all

check-fmt:
	cargo fmt --all -- --check

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --workspace --test windows -- -D warnings

# cargo-nextest runs the tests of all crates side by side; without it plain cargo does the same, crate by crate.
rust-tests:
	@if cargo nextest --version >/dev/null 2>&1; then \
	    cargo nextest run --locked --workspace --no-fail-fast; \
	    cargo test --locked --workspace --doc --quiet; \
	else \
	    cargo test --locked --workspace --no-fail-fast --quiet; \
	fi

# Types, format, lint, unit tests, what the first load weighs, and that the types are those of openapi.json.
web-tests: web
	cd web && npm run --silent check && npm run --silent types:check && npm test --silent && npm run --silent size

# A real browser against the real program.
browser-tests: web
	cargo build --locked -p watchpost-app
	cd web && WATCHPOST=$(WATCHPOST) npm run --silent browser

# Picture of docs/screenshots = picture of the browser tests.
PICTURES := overview=overview-light-en search=everything-dark-en alert=alert-light-en delivery=delivery-light-en

screenshots: web ## take the pictures of docs/ anew
	cargo build --locked -p watchpost-app
	rm -rf $(CARGO_TARGET_DIR)/shots && mkdir -p $(CARGO_TARGET_DIR)/shots docs/screenshots
	cd web && WATCHPOST=$(WATCHPOST) SHOTS=$(CARGO_TARGET_DIR)/shots npm run --silent browser
	for pair in $(PICTURES); do cp $(CARGO_TARGET_DIR)/shots/$${pair#*=}.png docs/screenshots/$${pair%%=*}.png; done

openapi: ## write openapi.json from the handlers, and the web interface's types from it
	WATCHPOST_BLESS=1 cargo test --locked -p watchpost-server --test api -- openapi::the_committed
	cd web && npm run --silent types

bench: ## measure with optimised binaries, ten minutes: ONLY=name,name or ALL=1, CORPUS=folder, RULES=folder; more in bench/README.md
	@scripts/setup
	@$(MAKE) --no-print-directory web
	cargo build --locked --release -p watchpost-app -p watchpost-bench
	$(CARGO_TARGET_DIR)/release/watchpost-bench --watchpost $(CARGO_TARGET_DIR)/release/watchpost \
	    $(if $(ONLY),--only $(ONLY)) $(if $(ALL),--all) $(if $(RUNS),--runs $(RUNS)) $(if $(LENGTH),--seconds $(LENGTH)) \
	    $(if $(CORPUS),--corpus $(CORPUS)) $(if $(MB),--megabytes $(MB)) $(if $(RULES),--rules $(RULES)) \
	    $(if $(AGENTS),--fleet-agents $(AGENTS)) $(if $(GB),--growth-gigabytes $(GB))

bench-growth: ## feed 30 GB (or GB=n) to one server while it is queried: takes its time, and a quarter of it in room on the disk
	@$(MAKE) --no-print-directory bench ONLY=growth GB=$(or $(GB),30)

windows-units: windows ## the tests of what the agent for Windows is made of, as programs that Wine runs
	scripts/windows test

torture: setup ## kill, cut off, fill and damage agent and server under load, then fuzz: ROUNDS=n, SECONDS_EACH=n, TARGETS="query batch"
	WATCHPOST_TORTURE_ROUNDS=$(or $(ROUNDS),40) cargo test --locked -p watchpost-app --test e2e -- kill faults:: --nocapture
	WATCHPOST_STORMS=$(or $(STORMS),3000) cargo test --locked -p watchpost-agent --test file_source -- storm
	PROPTEST_CASES=$(or $(CASES),2000) cargo test --locked -p watchpost-simulation
	cargo run --locked -p watchpost-fuzz -- --seconds $(or $(SECONDS_EACH),60) $(TARGETS)

docs-help: ## write docs/commands.md from the program's own help
	WATCHPOST_BLESS=1 cargo test --locked -p watchpost-app --test e2e -- help

clean: ## remove everything that was built
	cargo clean
