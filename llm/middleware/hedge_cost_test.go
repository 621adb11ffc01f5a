package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// TestLoserOfAHedgeCosts checks that a Budget charges the input of the request that lost, if
// its server had begun to answer.
func TestLoserOfAHedgeCosts(t *testing.T) {
	for _, c := range []struct {
		name  string
		loser llmtest.Reply
		want  float64
	}{
		{"begun", llmtest.Text("slow").Pace(time.Minute), 3},
		{"silent", llmtest.Text("slow").Wait(time.Minute), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := &middleware.Budget{
					PerProcess: 100,
					Prices:     func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 1000, Output: 1000}, true },
					Count:      func(context.Context, *llm.Call) (int, error) { return 1000, nil },
				}
				p := llmtest.New(c.loser, llmtest.Text("fast").Usage(1000, 1000))
				m := p.Model(use(t, budget), use(t, &middleware.Hedge{Initial: time.Second, MaxShare: 1}))
				resp, err := m.Generate(t.Context(), llm.Prompt("x"))
				if err != nil {
					t.Fatal(err)
				}
				if len(resp.Attempts) != 2 {
					t.Fatalf("the attempts are %+v, want the one that lost and the answer", resp.Attempts)
				}
				if spent, err := budget.Process(t.Context()); err != nil || spent != c.want {
					t.Errorf("$%v are charged (%v), want $%v", spent, err, c.want)
				}
			})
		})
	}
}
