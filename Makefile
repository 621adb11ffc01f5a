# make run     talk to a model
# make test    the tests: Go is enough
# make check   formatting, vet, staticcheck, tests, prose: before each commit, no root needed
# make gate    everything else that must hold before a change lands: race detector, recorded
#              replies, real servers, cost, a newer Go
# make fuzz    every fuzz target for FUZZTIME (default 1m) each
# make bench   the benchmarks, and cost and speed beside other programs
# make bench-llama  speed of LLaMA in the process beside libllama: minutes, 4 GB of memory, npm
# make mutate  change MUTANTS (default 20) operators in each of some packages: do the tests notice?
# make prose   count words in comments and texts that make a sentence hard to read

.PHONY: run test check gate fuzz bench bench-llama mutate prose figures

run:
	go run ./examples/chat

test:
	go test ./...

check:
	bash .ci/check

gate:
	bash .ci/gate

fuzz:
	bash .ci/fuzz

bench:
	go test -run '^$$' -bench . -benchmem ./...
	PARLEY_COST=6 go test -count=1 -v -run Floor ./internal/cost

MUTANTS ?= 20

mutate:
	cd internal/tools && go run ./mutate -n $(MUTANTS) ../.. ./llm ./llm/llmutil ./llm/middleware ./internal/provider ./internal/stream ./internal/httpcall

bench-llama:
	cd internal/interop && PARLEY_SPEED=1 go test -count=1 -timeout=1h -run Speed -v ./llamaoracle

prose:
	cd internal/tools && go run ./prose ../..

figures:
	cd internal/tools && go run ./figures ../..
