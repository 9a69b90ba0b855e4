# Everything a developer does here. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test e2e screenshots soak bench fuzz lint fmt cover clean page page-best

GO ?= go
LINT := bin/golangci-lint
# How long each fuzz target runs under `make fuzz`, how many at a time, and
# which: a pattern. Making an input smaller may take a minute by default, in
# which nothing is tried.
FUZZTIME ?= 30s
FUZZERS ?= 2
FUZZ ?= ^Fuzz
# What `make test` tests.
TESTED ?= ./app/... ./server/... ./shared/...
# How long `make soak` does harm, and the seed of its schedule; 0 chooses one.
SOAK ?= 10m
SEED ?= 0
# What `make run` passes on: make run ARGS='-addr 127.0.0.1:9000'
ARGS ?=
# What `make bench` passes on: make bench BENCH='-quick -json bench.json'
BENCH ?=
# The race detector needs a C compiler. A machine without one tests without it, and
# is told; CI has to have both.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race,$(if $(CI),$(error $(NO_RACE)),$(warning $(NO_RACE))))
NO_RACE := no C compiler (gcc, clang), and so no race detector
# Tests run with -race; -count=1 since they talk to sockets and browsers. From
# outside they mostly wait, so more of them run at a time than there are cores;
# attacks come by themselves, since nobody else should disturb who watches them.
TEST = $(GO) test $(RACE) -count=1 -timeout 30m

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: page ## build what changed and serve http://127.0.0.1:8000
	$(GO) build -trimpath -o bin/fanlight ./server
	exec bin/fanlight -log-format text $(ARGS)

build: page-best ## leave one self-contained program in bin/fanlight
	$(GO) build -trimpath -ldflags '-s -w' -o bin/fanlight ./server

test: ## run the unit tests, native, with the race detector
	$(TEST) $(TESTED)
	$(GO) -C .tools test ./...

e2e: page ## run the whole system from outside: relay, clients, headless Chromium
	@$(TEST) -v -run '^TestWhatIsTestedWithIsHere$$' ./e2e | grep -E 'SKIP|apt-get' || true
	$(TEST) -p 3 -parallel 3 $$($(GO) list ./e2e/... | grep -v /attacks)
	$(TEST) ./e2e/attacks

screenshots: page ## picture every page, wide and narrow, light and dark: e2e/screenshots
	FANLIGHT_SCREENSHOTS=screenshots $(GO) test -count=1 -timeout 5m -run '^TestScreenshots$$' ./e2e

soak: ## do harm at random for SOAK (10m), and check every promise
	$(GO) test $(RACE) -count=1 -timeout 0 -v -run '^TestSoak$$' ./e2e/faults -soak $(SOAK) -seed $(SEED)

bench: page-best ## measure the relay beside a bare floor, in one run
	$(GO) build -trimpath -ldflags '-s -w' -o bin/fanlight ./server
	$(GO) run ./e2e/bench $(BENCH)

fuzz: ## run each fuzz target for FUZZTIME (30s)
	@grep -rE --include='*_test.go' '^func Fuzz' app e2e server shared | \
	sed -E 's|^(.*)/[^/]*:func (\w+).*|./\1 \2|' | awk '$$2 ~ /$(FUZZ)/' | \
	xargs -n 2 -P $(FUZZERS) $(SHELL) -c '$(FUZZ_ONE)'

# One target. A machine that is too busy to end it in time has it fail without an
# input that did (https://go.dev/issue/48591): that is no finding.
define FUZZ_ONE
out=$$($(GO) test -run "^$$" -fuzz "^$$1$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s -parallel 1 "$$0" 2>&1); \
failed=$$?; echo "$$0 $$1"; tail -n 3 <<<"$$out"; \
if ((failed)) && { grep -q "Failing input\|panic" <<<"$$out" || ! grep -q "context deadline exceeded" <<<"$$out"; }; then echo "$$out"; exit 255; fi
endef

lint: $(LINT) ## check the code, native and for the browser
	$(LINT) fmt --diff
	$(LINT) run ./...
	GOOS=js GOARCH=wasm $(LINT) run ./app/... ./shared/...

fmt: $(LINT) ## format the code
	$(LINT) fmt

cover: page ## write bin/cover.html: what the tests reach, e2e included
	$(TEST) -coverpkg=./app/...,./server/...,./shared/... -coverprofile=bin/cover.out ./...
	$(GO) tool cover -func=bin/cover.out | tail -n 1
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html

clean: ## remove what was built
	rm -rf bin app/web/static/app.wasm*

# The page: WebAssembly, compressed ahead of time. Seconds when nothing
# changed; `page-best` takes half a minute more and saves a tenth of the transfer.
page: QUALITY := 9
page-best: QUALITY := 11
page page-best:
	$(GO) -C .tools run ./slim -out ../bin/slim
	GOOS=js GOARCH=wasm $(GO) build -overlay bin/slim/overlay.json -trimpath -buildvcs=false $(COLD:%=-gcflags=%=-l) -ldflags '-s -w' -o bin/app.wasm ./app
	$(GO) -C .tools run ./precompress -in ../bin/app.wasm -out ../app/web/static -quality $(QUALITY)

# What a page never runs, or not often enough for anyone to notice, is compiled
# without inlining: the transfer is 4 % smaller, and the program no larger.
# go-app brings net/http along and never calls it there: slim leaves it out.
COLD := fanlight/app/... github.com/maxence-charriere/go-app/... crypto/... fmt regexp/...

# The linter is a module of its own: who uses Fanlight does not download it.
$(LINT): .tools/lint/go.mod .tools/lint/go.sum
	$(GO) -C .tools/lint build -o ../../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
