package tool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/tool"
	"go.uber.org/goleak"
)

// Row: a retry or fallback runs the tools again.
func TestNoToolRunsTwiceUnderMiddlewareThatRepeats(t *testing.T) {
	down := llm.Errorf(llm.Overloaded, "down")
	call := llmtest.ToolCall("count", `{"city":"x"}`)
	other := llmtest.New(call, llmtest.Text("done"), llmtest.Text("done")).Model()
	for name, test := range map[string]struct {
		chain   *middleware.Chain
		replies []llmtest.Reply
	}{
		"retry":    {&middleware.Chain{Retry: &middleware.Retry{MinBackoff: 1}}, []llmtest.Reply{llmtest.Error(down), call, llmtest.Error(down), llmtest.Text("done")}},
		"cut":      {&middleware.Chain{Retry: &middleware.Retry{MinBackoff: 1}}, []llmtest.Reply{call.CutAfter(1, down), call, llmtest.Text("d").CutAfter(1, down), llmtest.Text("done")}},
		"fallback": {&middleware.Chain{Fallback: &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}}, []llmtest.Reply{llmtest.Error(down), llmtest.Text("done")}},
		"hedge":    {&middleware.Chain{Hedge: &middleware.Hedge{Initial: time.Nanosecond, MaxShare: 1}}, []llmtest.Reply{call.Wait(5 * time.Millisecond), call.Wait(5 * time.Millisecond), llmtest.Text("done"), llmtest.Text("done")}},
		"cache":    {&middleware.Chain{Cache: &middleware.Cache{Sampled: true}}, []llmtest.Reply{call, llmtest.Text("done")}},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			test.chain.Loop = &tool.Loop{Tools: tools(counting("count", &n))}
			model := llmtest.New(test.replies...).Model(llm.WithMiddleware(test.chain))
			resp, err := model.Generate(t.Context(), llm.Prompt("go"))
			ok(t, err)
			equal(t, "text", resp.Text(), "done")
			equal(t, "calls of the tool", n.Load(), 1)
		})
	}
}

func TestLoopInsideMiddlewareThatRepeatsFailsAndNamesTheOrder(t *testing.T) {
	to := []middleware.FallbackTarget{{Model: llmtest.New().Model()}}
	for name, outer := range map[string]llm.Middleware{
		"middleware.Retry": &middleware.Retry{}, "middleware.Fallback": &middleware.Fallback{To: to}, "middleware.Hedge": &middleware.Hedge{},
		"middleware.Cache": &middleware.Cache{}, "middleware.Timeout": &middleware.Timeout{Total: time.Minute}, "middleware.Chain": &middleware.Chain{Retry: &middleware.Retry{}},
	} {
		var n atomic.Int64
		loop := &tool.Loop{Tools: tools(counting("count", &n))}
		for _, inner := range []llm.Middleware{loop, &middleware.Chain{Loop: loop}} {
			p := llmtest.New()
			_, err := p.Model(llm.WithMiddleware(outer, inner)).Generate(t.Context(), llm.Prompt("go"))
			if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "tool.Loop is inside "+name) || len(p.Calls()) > 0 {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	logged := llmtest.New(llmtest.Text("done")).Model(llm.WithMiddleware(&middleware.Log{}, &tool.Loop{}))
	_, err := logged.Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
}

// The start of a tool commits the call, also if a middleware of the program runs the tools
// inside Retry.
func TestToolStartCommitsTheCallOnGenerateToo(t *testing.T) {
	runs := 0
	effects := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				runs++
				if yield(llm.Event{Type: llm.EventToolStart, Detail: &llm.ToolCall{Name: "x"}}, nil) {
					yield(llm.Event{}, llm.Errorf(llm.Overloaded, "down"))
				}
			}
		}
	})
	_, err := llmtest.New().Model(llm.WithMiddleware(&middleware.Retry{MinBackoff: 1}, effects)).Generate(t.Context(), llm.Prompt("go"))
	if !errors.Is(err, llm.Overloaded) {
		t.Errorf("got %v", err)
	}
	equal(t, "runs", runs, 1)
}

// A thousand loops are cancelled at random points: by the context, or by leaving the range.
func TestCancelledLoopsLeaveNoGoroutineAndAValidHistory(t *testing.T) {
	defer goleak.VerifyNone(t)
	work := tool.Must(tool.New("work", "", func(ctx context.Context, in struct{ Micros int }) (string, error) {
		select {
		case <-time.After(time.Duration(in.Micros) * time.Microsecond):
			return "worked", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}))
	serial := tool.Must(tool.New("serial", "", func(ctx context.Context, in city) (string, error) { return in.City, ctx.Err() }, tool.Serial()))
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		reply := llmtest.Text("a", "b").ToolCall("work", `{"Mic`, `ros":50}`).ToolCall("serial", `{"city":"x"}`).ToolCall("work", `{"Micros":100}`).ToolCall("none", `{}`)
		p := llmtest.New(reply, reply, llmtest.Text("done"))
		ctx, cancel := context.WithCancel(t.Context())
		points, n := random.IntN(40), 0
		leave := random.IntN(2) == 0
		history := []llm.Message{llm.User("go")}
		s := with(p, &tool.Loop{Tools: tools(work, serial)}).Stream(ctx, llm.Prompt("go"))
		var failed error
		for _, err := range s.Events() {
			failed = err
			if n++; n == points {
				if leave {
					break
				}
				cancel()
			}
		}
		cancel()
		messages := s.Response().Messages
		if e, is := errors.AsType[*llm.Error](failed); is {
			messages = e.Partial.Messages
		} else if leave {
			messages = llm.CloseCalls(messages, "The program left.")
		}
		sendable(t, append(history, messages...))
		if t.Failed() {
			t.Fatalf("cancelled at %d, leave %v, error %v", points, leave, failed)
		}
	}
}

const (
	stepTime   = 25 * time.Microsecond
	stepAllocs = 160
)

// byHand is the loop that a program writes without this package.
func byHand(ctx context.Context, model *llm.Model, definition llm.Tool) error {
	req := llm.Prompt("go")
	req.Tools = []llm.Tool{definition}
	for {
		resp, err := model.Generate(ctx, req)
		if err != nil {
			return err
		}
		req.Messages = append(req.Messages, resp.Messages...)
		calls := resp.ToolCalls()
		if len(calls) == 0 {
			return nil
		}
		var results []llm.ToolResult
		for _, call := range calls {
			results = append(results, llm.ToolResult{CallID: call.ID, Name: call.Name, Content: "weather x"})
		}
		req.Messages = append(req.Messages, llm.ToolResults(results...))
	}
}

// scripted returns a model that makes a call in each step.
func scripted(steps int) *llm.Model {
	replies := make([]llmtest.Reply, 0, steps+1)
	for range steps {
		replies = append(replies, llmtest.ToolCall("weather", `{"city":"x"}`))
	}
	return llmtest.New(append(replies, llmtest.Text("done"))...).Model()
}

func TestStepCostsLittleMoreThanByHand(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("costs are measured without the race detector and -short")
	}
	const steps = 4
	loop := &tool.Loop{Tools: tools(echo("weather")), MaxRepeats: tool.Unlimited}
	definition := loop.Tools[0].Definition()
	hand := func() { ok(t, byHand(t.Context(), scripted(steps), definition)) }
	looped := func() {
		_, err := scripted(steps).With(llm.WithOuterMiddleware(loop)).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
	}
	const calls = 300
	took := (cputime.Least(t, calls, looped) - cputime.Least(t, calls, hand)) / steps
	allocs := (testing.AllocsPerRun(calls, looped) - testing.AllocsPerRun(calls, hand)) / steps
	t.Logf("a step costs %.0f ns and %.0f allocations more than by hand", took, allocs)
	if took > float64(stepTime.Nanoseconds()) || allocs > stepAllocs {
		t.Errorf("a step costs %.0f ns and %.0f allocations more than by hand; the limits are %v and %d", took, allocs, stepTime, stepAllocs)
	}
}

func TestChunksCostNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	loop := &tool.Loop{Tools: tools(echo("weather"))}
	cost := func(chunks int) float64 {
		events := make([]llm.Event, 0, chunks+1)
		for range chunks {
			events = append(events, llm.Event{Type: llm.EventText, Text: "word "})
		}
		p := llmtest.Always(llmtest.Events(append(events, llm.Event{Type: llm.EventDone, Detail: &llm.Done{}})...))
		model := with(p, loop)
		return testing.AllocsPerRun(20, func() {
			for _, err := range model.Stream(t.Context(), llm.Prompt("go")).Events() {
				ok(t, err)
			}
		})
	}
	if each := (cost(20_000) - cost(10_000)) / 10_000; each > 0.01 {
		t.Errorf("a chunk costs %.4f allocations", each)
	}
}
