# Interstate: `make up` to watch it run, `make test` before every commit.
# Builds and downloads stay outside the checkout, so that a second run is quick.
CACHE ?= $(HOME)/.cache/interstate
export CARGO_TARGET_DIR ?= $(CACHE)/target
export ENGINES_HOME ?= $(CACHE)/engines
CARGO ?= cargo
SEEDS ?= 2000
WORLD ?= trade
# Test targets that start real servers.
ON_ENGINES = kafka postgres mongodb clickhouse redis rabbitmq s3 split attack

.PHONY: help up live test lint test-engines sim generate bench chaos beside clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: ## Build and start everything on the embedded log, with demo riders and drivers
	$(CARGO) build --profile quick --locked -p interstate --bin interstate
	$(CARGO_TARGET_DIR)/quick/interstate up --demo

live: ## The same in real time, without the demonstration
	$(CARGO) build --profile quick --locked -p interstate --bin interstate
	$(CARGO_TARGET_DIR)/quick/interstate up --data-dir .interstate-live

lint: ## Formatting, lints, generated files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --workspace --locked $(patsubst %,--test %,$(ON_ENGINES)) -- -D warnings

test: lint ## Everything that needs no server: unit, simulation and end-to-end tests
	$(CARGO) test --workspace --locked

test-engines: ## Each adapter's suite and whole rides on the real servers, which it starts itself
	dev/engines/kafka.sh install
	dev/engines/postgres.sh install
	dev/engines/mongo.sh install
	dev/engines/clickhouse.sh install
	dev/engines/rabbitmq.sh install
	dev/engines/redis.sh install
	dev/engines/s3.sh install
	dev/engines/openssl.sh install
	$(CARGO) test --workspace --locked $(patsubst %,--test %,$(ON_ENGINES)) -- --test-threads=2
	$(CARGO) test --workspace --locked --lib on_a_real_server -- --ignored --test-threads=2
	$(CARGO) test --package interstate-log --locked --features conformance,tls --test kafka_tls

sim: ## Many simulated worlds, of the engine's own trade or of the services: make sim SEEDS=100000 WORLD=rides
	$(CARGO) run --release --locked -p interstate-sim -- --world $(WORLD) --seeds $(SEEDS)

generate: ## Write what is generated from the code: docs/errors, schemas/json, asyncapi.yaml, diagrams, Rust of the proto files
	$(CARGO) run --locked -p interstate-proto --example generate
	$(CARGO) run --locked -p interstate -- generate

bench: ## Measure everything against its baselines, and print one table: make bench ARGS="--quick --only saga"
	bench/run.sh $(ARGS)

chaos: ## Attack a whole deployment, from a seed, and print one table: make chaos ARGS="--seed 7 --minutes 60"
	dev/engines/kafka.sh install
	dev/engines/postgres.sh install
	dev/engines/mongo.sh install
	dev/engines/clickhouse.sh install
	dev/engines/redis.sh install
	dev/engines/rabbitmq.sh install
	dev/engines/s3.sh install
	$(CARGO) build --release --locked -p interstate -p interstate-chaos --bins
	$(CARGO_TARGET_DIR)/release/interstate-chaos $(ARGS)

beside: ## Attack a deployment of two builds, this one and an earlier: make beside EARLIER=<commit> ARGS="--minutes 5"
	CACHE=$(CACHE) chaos/beside.sh $(EARLIER) $(ARGS)

clean: ## Remove build output and downloaded engines
	rm -rf $(CACHE)
