// Package cost measures what a chunk of a stream costs, and what a short or an
// unstreamed call does, beside a floor: a bare net/http loop with the least
// hand-written scanner that reads the same replies correctly. The server runs
// in a process of its own; what is compared is processor time, in interleaved pairs.
//
//	go test ./internal/cost -v                    # allocations are checked
//	PARLEY_COST=1 go test ./internal/cost -v      # times as well, from 31 pairs
//	PARLEY_COST=6 go test ./internal/cost -v      # from six times as many
package cost
