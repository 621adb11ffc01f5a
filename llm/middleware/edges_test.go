package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers/openai"
)

// A function cannot be compared, so calls that differ in one must not share an answer, wherever
// in the options it is.
func TestCacheComparesNoFunctionInsideOptions(t *testing.T) {
	hook := func() {}
	for name, value := range map[string]any{
		"in a map":           map[string]any{"a": hook},
		"in a map in a list": []any{map[string]any{"a": map[string]any{"b": hook}}},
		"in a list":          []any{1, hook},
		"a channel":          map[string]any{"a": make(chan int)},
	} {
		p := llmtest.New(llmtest.Text("one"), llmtest.Text("two"))
		model := p.Model(use(t, &middleware.Cache{Sampled: true}))
		var texts []string
		for range 2 {
			req := llm.Prompt("x")
			req.Options = []llm.Options{openai.Options{Extra: map[string]any{"x": value}}}
			got, err := llm.Collect(model.Do(t.Context(), &llm.Call{Op: llm.OpChat, Buffered: true, Request: req}))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			texts = append(texts, got.Text())
		}
		equal(t, name+": the answers", texts, []string{"one", "two"})
	}
}

// The burst of a limit below six a minute is one request, not none.
func TestBurstOfSmallLimits(t *testing.T) {
	for limit := 1; limit <= 13; limit++ {
		synctest.Test(t, func(t *testing.T) {
			model := llmtest.Always(llmtest.Text("hi")).Model(use(t, &middleware.RateLimit{Requests: limit}))
			atOnce := 0
			for begin := time.Now(); ; atOnce++ {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := model.Generate(ctx, llm.Prompt("x"))
				cancel()
				if err != nil || time.Since(begin) > 0 {
					break
				}
			}
			if want := max(1, limit/6); atOnce != want {
				t.Errorf("a limit of %d a minute let %d requests pass at once, want %d", limit, atOnce, want)
			}
		})
	}
}
