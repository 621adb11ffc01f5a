package llm

import (
	"fmt"
	"strings"
)

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

// Add returns the cost of two answers together. The certainty is the lower one, so the sum
// with an unknown cost is unknown.
func (c Cost) Add(d Cost) Cost {
	return Cost{
		Input: c.Input + d.Input, CacheRead: c.CacheRead + d.CacheRead, CacheWrite: c.CacheWrite + d.CacheWrite,
		Output: c.Output + d.Output, Certainty: min(c.Certainty, d.Certainty),
	}
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

// ForTier returns the prices for a service tier, as servers name it: "", "default", "standard"
// and "on_demand" are the standard rate, "flex" and "priority" have a factor. ok is false if
// the factor is unknown.
func (p Prices) ForTier(tier string) (prices Prices, ok bool) {
	factor := 0.0
	switch strings.ToLower(strings.TrimPrefix(tier, "SERVICE_TIER_")) {
	case "", "auto", "default", "standard", "on_demand", "unspecified":
		factor = 1
	case "flex":
		factor = p.FlexFactor
	case "priority":
		factor = p.PriorityFactor
	}
	p.Input, p.Output, p.CacheRead, p.CacheWrite = p.Input*factor, p.Output*factor, p.CacheRead*factor, p.CacheWrite*factor
	return p, factor > 0
}

// doneCost returns the cost of an answer that ended, or the zero Cost if it is unknown.
func (p *Prices) doneCost(done *Done) Cost {
	if prices, ok := p.ForTier(done.ServiceTier); ok {
		return prices.Cost(done.Usage)
	}
	return Cost{}
}

// price returns the price of n tokens in dollars.
func price(n int, perMillion float64) float64 { return float64(max(n, 0)) * perMillion / 1e6 }
