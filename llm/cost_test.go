package llm_test

import (
	"math"
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestCost(t *testing.T) {
	prices := llm.Prices{Input: 1.25, Output: 2.5, CacheRead: 0.2, CacheWrite: 1.5}
	for name, tt := range map[string]struct {
		usage llm.Usage
		total float64
		text  string
	}{
		// The reply of xAI in https://github.com/Wei-Shaw/sub2api/issues/5771 has the bill.
		"billed by xAI":                   {llm.Usage{Input: llm.Known(10120), Output: llm.Known(4308), CacheRead: llm.Known(128), Reasoning: llm.Known(2809)}, 0.0232856, "$0.0232856"},
		"cache writes":                    {llm.Usage{Input: llm.Known(1_000_000), Output: llm.Known(0), CacheRead: llm.Known(400_000), CacheWrite: llm.Known(500_000)}, 0.125 + 0.08 + 0.75, "$0.955"},
		"an estimate":                     {llm.Usage{Input: llm.Known(1_000_000), Output: llm.Estimated(1_000_000)}, 3.75, "~$3.75"},
		"unknown":                         {llm.Usage{}, 0, "unknown"},
		"output unknown":                  {llm.Usage{Input: llm.Known(1_000_000)}, 1.25, "unknown"},
		"more cached than there is input": {llm.Usage{Input: llm.Known(10), Output: llm.Known(0), CacheRead: llm.Known(1_000_000)}, 0.2, "$0.2"},
		"counts below zero":               {llm.Usage{Input: llm.Known(-5), Output: llm.Known(-5), CacheRead: llm.Known(-5)}, 0, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			cost := prices.Cost(tt.usage)
			if math.Abs(cost.Total()-tt.total) > 1e-9 || cost.String() != tt.text {
				t.Errorf("the cost of %v is %v (%+v), want %v as %q", tt.usage, cost.Total(), cost, tt.total, tt.text)
			}
		})
	}
}
