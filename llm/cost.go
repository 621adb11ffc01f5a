package llm

import "fmt"

// Cost is the cost of a usage in US dollars, by class of tokens. [Prices.Cost] computes it.
type Cost struct {
	Input      float64 // tokens that were neither read from nor written to the prompt cache
	CacheRead  float64
	CacheWrite float64
	Output     float64 // including reasoning
	// Certainty is the lower certainty of the input and the output. If it is CertaintyNone,
	// one of them is unknown, and the cost is too low.
	Certainty Certainty
}

// Total returns the sum in US dollars.
func (c Cost) Total() float64 { return c.Input + c.CacheRead + c.CacheWrite + c.Output }

// String returns the total: "$0.0125", "~$0.0125" for an estimate, or "unknown".
func (c Cost) String() string {
	switch c.Certainty {
	case CertaintyReported:
		return fmt.Sprintf("$%.6g", c.Total())
	case CertaintyEstimate:
		return fmt.Sprintf("~$%.6g", c.Total())
	}
	return "unknown"
}

// Cost returns the cost of a usage at these prices. Tokens of the prompt cache are part of
// the input and have separate prices. Counts below zero cost nothing.
func (p Prices) Cost(u Usage) Cost {
	read, written := max(u.CacheRead.N, 0), max(u.CacheWrite.N, 0)
	return Cost{
		Input:      price(max(u.Input.N, 0)-read-written, p.Input),
		CacheRead:  price(read, p.CacheRead),
		CacheWrite: price(written, p.CacheWrite),
		Output:     price(u.Output.N, p.Output),
		Certainty:  min(u.Input.Certainty, u.Output.Certainty),
	}
}

// price returns the price of n tokens in dollars.
func price(n int, perMillion float64) float64 { return float64(max(n, 0)) * perMillion / 1e6 }
