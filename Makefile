# The commands of this project. `make help` lists them.
.PHONY: help run cluster-up cluster-down test sim bugs bench fuzz lint format packages clean

SWIFT ?= swift
RUN_FLAGS ?=
# For `make cluster-up`, for instance CLUSTER_FLAGS="--nodes 5 --zones 3"; cluster/up --help lists them.
CLUSTER_FLAGS ?= --nodes 3 --nginx
FUZZ_FLAGS ?=
# A run of the tests that hangs is ended after this long; the last line that it printed names the test.
TEST_LIMIT ?= 30m
RUN_TESTS = timeout --kill-after=1m $(TEST_LIMIT) stdbuf -oL $(SWIFT) test --skip-build --no-parallel
# For `make sim`: how many lives, and the first seed (a number or "random").
SEEDS ?= 5000
FIRST ?= 1

help: ## lists the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: packages ## builds, starts one node on http://127.0.0.1:8080, loads the samples on the first start
	$(SWIFT) build -c release --product vtagd
	$(SWIFT) build -c release --product vtag
	@exec deploy/run-sample-node $(RUN_FLAGS)

cluster-up: packages ## builds, starts a cluster of three nodes with NGINX on http://127.0.0.1:8100
	@SWIFT="$(SWIFT)" exec cluster/up $(CLUSTER_FLAGS)

cluster-down: ## stops that cluster; its data stays in .cluster
	@exec cluster/down

test: packages ## builds, runs all tests, then those of the API through three nodes by turns, simulates, builds what is shipped
	$(SWIFT) build --build-tests
	$(RUN_TESTS)
	VTAG_TEST_NODES=3 $(RUN_TESTS) --filter 'LiveAPITests|LiveTagTests|LiveRuleTests|LiveGovernanceTests|LiveGraphTests'
	$(MAKE) --no-print-directory sim SEEDS=2000 FIRST=1
	$(MAKE) --no-print-directory sim SEEDS=500 FIRST=random
	$(SWIFT) build -c release --product vtagd
	$(SWIFT) build -c release --product vtag

sim: ## lives SEEDS lives of simulated clusters from seed FIRST on; stops at the first violation
	$(SWIFT) build -c release --product vtag-sim
	@exec "$$($(SWIFT) build -c release --show-bin-path)/vtag-sim" run --seeds $(SEEDS) --first $(FIRST)

bugs: ## plants each known bug in simulated clusters and says how soon it is caught
	VTAG_PLANTED_BUGS=1 $(SWIFT) build -c release --scratch-path .build-bugs --product vtag-sim
	@exec .build-bugs/release/vtag-sim bugs

bench: packages ## measures against baselines; one JSON object a line on standard output
	@$(SWIFT) build -c release --product vtagd >&2
	@$(SWIFT) build -c release --product vtag-bench >&2
	@exec loadtest/bench

fuzz: packages ## fuzzes the REST API by its own description; FUZZ_FLAGS go to schemathesis
	$(SWIFT) build -c release --product vtagd
	$(SWIFT) build -c release --product vtag
	@exec loadtest/fuzz $(FUZZ_FLAGS)

lint: packages ## checks the form of Swift, shell and YAML
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck -x .ci/run $(filter-out cluster/delay-packets,$(wildcard cluster/*)) deploy/install-packages deploy/run-sample-node deploy/token-keys \
		loadtest/bench loadtest/fuzz loadtest/etcd-comparison loadtest/lib.bash loadtest/postgres-faults loadtest/postgres-lag loadtest/postgres-outage \
		loadtest/regions
	yamllint --strict samples docs deploy loadtest/scenarios

format: ## brings the Swift sources into form
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

packages:
	@deploy/install-packages

clean: ## drops what was built, not the data
	$(SWIFT) package clean
	rm -rf .build-bugs .build-fuzz
