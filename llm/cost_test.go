package llm_test

import (
	"context"
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

func TestPricesOfAServiceTier(t *testing.T) {
	prices := llm.Prices{Input: 2, Output: 8, CacheRead: 0.5, CacheWrite: 4, FlexFactor: 0.5, PriorityFactor: 2}
	half := llm.Prices{Input: 1, Output: 4, CacheRead: 0.25, CacheWrite: 2, FlexFactor: 0.5, PriorityFactor: 2}
	double := llm.Prices{Input: 4, Output: 16, CacheRead: 1, CacheWrite: 8, FlexFactor: 0.5, PriorityFactor: 2}
	for tier, want := range map[string]llm.Prices{
		"": prices, "default": prices, "standard": prices, "on_demand": prices, "auto": prices, "SERVICE_TIER_STANDARD": prices,
		"flex": half, "FLEX": half, "priority": double,
	} {
		if got, ok := prices.ForTier(tier); got != want || !ok {
			t.Errorf("the prices of the tier %q are %v, %v, want %v", tier, got, ok, want)
		}
	}
	for _, tier := range []string{"scale", "batch"} {
		if _, ok := prices.ForTier(tier); ok {
			t.Errorf("the tier %q has prices", tier)
		}
	}
	if _, ok := (llm.Prices{Input: 2}).ForTier("flex"); ok {
		t.Error("a tier without a factor has prices")
	}
}

func TestCostsAddUp(t *testing.T) {
	one := llm.Cost{Input: 1, CacheRead: 2, CacheWrite: 3, Output: 4, Certainty: llm.CertaintyReported}
	if got, want := one.Add(one), (llm.Cost{Input: 2, CacheRead: 4, CacheWrite: 6, Output: 8, Certainty: llm.CertaintyReported}); got != want {
		t.Errorf("the sum is %+v, want %+v", got, want)
	}
	if got := one.Add(llm.Cost{}); got.String() != "unknown" {
		t.Errorf("the sum with an unknown cost is %v", got)
	}
}

// ending is a provider that answers with one done event.
type ending struct{ done *llm.Done }

func (ending) Name() string { return "ending" }

func (p ending) Do(context.Context, *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) { yield(llm.Event{Type: llm.EventDone, Detail: p.done}, nil) }
}

func TestCostOfAnAnswer(t *testing.T) {
	prices := llm.Prices{Input: 1, Output: 2, FlexFactor: 0.5}
	million := llm.Usage{Input: llm.Known(1e6), Output: llm.Known(1e6)}
	pass := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler { return next })
	for _, tt := range []struct {
		name    string
		done    llm.Done
		options []llm.ModelOption
		want    string
	}{
		{"standard", llm.Done{Usage: million}, []llm.ModelOption{llm.WithPrices(prices)}, "$3"},
		{"with middleware", llm.Done{Usage: million}, []llm.ModelOption{llm.WithPrices(prices), llm.WithMiddleware(pass)}, "$3"},
		{"flex", llm.Done{Usage: million, ServiceTier: "flex"}, []llm.ModelOption{llm.WithPrices(prices)}, "$1.5"},
		{"an estimate", llm.Done{Usage: llm.Usage{Input: llm.Estimated(1e6), Output: llm.Known(0)}}, []llm.ModelOption{llm.WithPrices(prices)}, "~$1"},
		{"a tier of unknown prices", llm.Done{Usage: million, ServiceTier: "priority"}, []llm.ModelOption{llm.WithPrices(prices)}, "unknown"},
		{"no prices", llm.Done{Usage: million}, nil, "unknown"},
		{"no usage", llm.Done{}, []llm.ModelOption{llm.WithPrices(prices)}, "unknown"},
		{"set by the provider", llm.Done{Usage: million, Cost: llm.Cost{Output: 9, Certainty: llm.CertaintyReported}}, []llm.ModelOption{llm.WithPrices(prices)}, "$9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := tt.done
			resp, err := llm.New(ending{&given}, "m", tt.options...).Generate(t.Context(), llm.Prompt("hi"))
			if err != nil {
				t.Fatal(err)
			}
			if resp.Cost.String() != tt.want || resp.ServiceTier != tt.done.ServiceTier {
				t.Errorf("the cost is %v under %q, want %v under %q", resp.Cost, resp.ServiceTier, tt.want, tt.done.ServiceTier)
			}
			if given.Cost != tt.done.Cost {
				t.Error("the provider's event was changed")
			}
		})
	}
}

// The answer of another model has the cost of that model, or an unknown cost.
func TestCostIsThatOfTheModelThatAnswered(t *testing.T) {
	million := &llm.Done{Usage: llm.Usage{Input: llm.Known(1e6), Output: llm.Known(0)}}
	for name, tt := range map[string]struct {
		options []llm.ModelOption
		want    string
	}{
		"with prices":    {[]llm.ModelOption{llm.WithPrices(llm.Prices{Input: 7})}, "$7"},
		"without prices": {nil, "unknown"},
	} {
		other := llm.New(ending{million}, "other", tt.options...)
		elsewhere := llm.MiddlewareFunc(func(llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events { return other.Do(ctx, call) }
		})
		model := llm.New(ending{million}, "m", llm.WithPrices(llm.Prices{Input: 1}), llm.WithMiddleware(elsewhere))
		resp, err := model.Generate(t.Context(), llm.Prompt("hi"))
		if err != nil || resp.Cost.String() != tt.want {
			t.Errorf("%s: the cost is %v, %v, want %s", name, resp.Cost, err, tt.want)
		}
	}
}

func TestImagesAndAudioOfAnAnswer(t *testing.T) {
	resp := &llm.Response{Messages: []llm.Message{
		{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Image{URL: "https://x.example/earlier.png"}}},
		{Role: llm.RoleAssistant, Parts: []llm.Part{
			llm.Text{Text: "a"}, llm.Image{URL: "https://x.example/1.png"}, llm.Audio{Transcript: "b"}, llm.Image{URL: "https://x.example/2.png"},
		}},
	}}
	if got := resp.Images(); len(got) != 2 || got[0].URL != "https://x.example/1.png" || got[1].URL != "https://x.example/2.png" {
		t.Errorf("the images are %v", got)
	}
	if got := resp.Audio(); len(got) != 1 || got[0].Transcript != "b" {
		t.Errorf("the audio is %v", got)
	}
	var none *llm.Response
	if none.Images() != nil || none.Audio() != nil {
		t.Error("no response has media")
	}
}
