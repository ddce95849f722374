# `make` alone lists what there is to do.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Tools that `make setup` installed, and Rust where it is installed but not on the path.
export PATH := $(CURDIR)/target/tools/bin:$(PATH):$(HOME)/.cargo/bin
binaries := $(or $(CARGO_TARGET_DIR),target)/debug
optimised := $(or $(CARGO_TARGET_DIR),target)/release
# The database of advisories is a git repository elsewhere, which not every machine reaches.
advisories_seconds := 60
# Histories of delivery that the optimised core is put through: half a minute.
seeds := 3000

.PHONY: help
help: ## list the verbs
	@echo 'Postbode: make VERB [ARGS="…"]'
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 16

.PHONY: setup
setup: ## check this machine, install what is missing (Debian, Ubuntu) or say what to install
	@scripts/setup

.PHONY: demo
demo: setup ## everything for real on this machine; ARGS="--events 5000 --exit" ends by itself
	cargo build --workspace --bins
	$(binaries)/postbode demo $(ARGS)

.PHONY: test
test: ## all tests, on a real Kafka; ARGS=poison only those so named
	@scripts/setup --test
	cargo build --workspace --bins
	scripts/with-postgres scripts/with-kafka cargo test --workspace $(ARGS)
	$(if $(ARGS),,POSTBODE_SEEDS=$(seeds) cargo test --release -p postbode-domain)
	$(if $(ARGS),,scripts/with-kafka $(binaries)/faults --short)

.PHONY: screenshots
screenshots: ## pictures of all pages, light and dark, wide and narrow, in target/screenshots
	@scripts/setup --test
	cargo build --workspace --bins
	POSTBODE_SCREENSHOTS=$(CURDIR)/target/screenshots scripts/with-kafka cargo test -p postbode-tests --test browser every_page

.PHONY: documents
documents: ## make docs/openapi.json, docs/asyncapi.json and docs/metrics.md anew from the code
	POSTBODE_DOCUMENTS=write cargo test -p postbode-console --lib committed_document
	cargo build --workspace --bins
	POSTBODE_DOCUMENTS=write scripts/with-kafka cargo test -p postbode-tests --test metrics

.PHONY: faults
faults: setup ## break it in every way and check the promises by a ledger; ARGS="--seeds 3 --json", "--only scale", "--list"
	cargo build --workspace --bins
	scripts/with-kafka $(binaries)/faults $(ARGS)

.PHONY: upgrade-check
upgrade-check: setup ## upgrade a running installation from the build of FROM=COMMIT to this one and back, under load; builds both
	cargo build --workspace --bins
	scripts/upgrade-check "$(FROM)" $(binaries)

.PHONY: pages
pages: setup ## how quickly the console's pages answer with a million attempts behind them, about six minutes; ARGS="--attempts 100000"
	cargo build --workspace --bins
	scripts/with-kafka $(binaries)/pages $(ARGS)

.PHONY: bench
bench: setup ## how fast it is on this machine, about 20 minutes; ARGS=--quick takes two and shows that it works
	cargo build --release --workspace --bins
	$(optimised)/postbode bench $(ARGS)

.PHONY: helm-check
helm-check: ## check the Helm chart: two Helms, eight Kubernetes' schemas, examples, drift; fetches its tools once
	@scripts/helm check

.PHONY: rules-check
rules-check: ## check the alerts: each fires and goes out again; fetches promtool once
	@scripts/helm rules

.PHONY: alerts
alerts: ## make every alert fire for real and go out again, about five minutes; builds Prometheus once; ARGS="--only NAME", "--list", "--json"
	@scripts/setup --test
	@scripts/helm prometheus
	cargo build --workspace --bins
	scripts/with-postgres scripts/with-kafka $(binaries)/alerts $(ARGS)

.PHONY: helm-cluster
helm-cluster: ## the Helm chart on a real API server; builds Kubernetes' control plane once, which takes long
	@scripts/helm cluster

.PHONY: lint
lint: format-check clippy docs arrows advisories shell ## formatting, clippy, rustdoc, licences, advisories, arrows, scripts

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: kafka-up
kafka-up: setup ## start a Kafka to develop against (scripts/kafka has more)
	@scripts/kafka up $(ARGS)

.PHONY: kafka-down
kafka-down: ## stop it; ARGS=--wipe deletes its data
	@scripts/kafka down $(ARGS)

# ---- the parts of lint ----

.PHONY: lint-tools format-check clippy docs arrows advisories shell
lint-tools:
	@scripts/setup --lint

format-check: lint-tools
	cargo fmt --all --check

clippy: lint-tools
	cargo clippy --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

arrows: lint-tools
	cargo deny check -A unused-wrapper bans licenses sources

advisories: lint-tools
	@if timeout $(advisories_seconds) cargo deny fetch db >/dev/null 2>&1 </dev/null; then \
		cargo deny check --disable-fetch advisories; \
	else \
		echo 'advisories: database not reachable, not checked'; \
	fi

shell: lint-tools
	shellcheck scripts/setup scripts/kafka scripts/with-kafka scripts/with-postgres scripts/languages scripts/upgrade-check scripts/helm scripts/helm.d/tools .ci/run
