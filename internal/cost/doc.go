// Package cost measures the processor time of a stream's chunk, of a short call, and of a
// call without streaming. It compares the library with a floor: a bare net/http loop and
// a minimal handwritten scanner that reads the same replies correctly. The server runs in
// a separate process. Library and floor are measured in interleaved pairs.
//
//	go test ./internal/cost -v                    # checks allocations
//	PARLEY_COST=1 go test ./internal/cost -v      # also checks times, from 31 pairs
//	PARLEY_COST=6 go test ./internal/cost -v      # the same, from six times as many pairs
package cost
