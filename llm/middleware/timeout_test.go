package middleware_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestTimeoutNamesTheLimitThatRanOut(t *testing.T) {
	all := &middleware.Timeout{FirstEvent: 10 * time.Second, Idle: 4 * time.Second, Total: 30 * time.Second}
	long := llmtest.Text(strings.Split(strings.Repeat("a ", 40), " ")...)
	for _, tt := range []struct {
		name   string
		reply  llmtest.Reply
		limits *middleware.Timeout
		names  string // empty if the answer arrives in time
		after  time.Duration
	}{
		{"first event", llmtest.Text("late").Wait(11 * time.Second), all, "time limit for the first content exceeded (FirstEvent is 10s)", 10 * time.Second},
		{"first event in time", llmtest.Text("in time").Wait(9 * time.Second), all, "", 9 * time.Second},
		{"a start is not content", llmtest.Text("late").Pace(11 * time.Second), all, "time limit for the first content exceeded (FirstEvent is 10s)", 10 * time.Second},
		{"idle", llmtest.Text("a", "b").Pace(5 * time.Second), all, "time limit for the next event exceeded (Idle is 4s)", 9 * time.Second},
		{"never idle for long", llmtest.Text("a", "b", "c").Pace(3 * time.Second), all, "", 12 * time.Second},
		{"total", long.Pace(time.Second), all, "time limit for the whole call exceeded (Total is 30s)", 30 * time.Second},
		{"no limit on that", long.Pace(time.Second), &middleware.Timeout{Idle: 2 * time.Second}, "", 41 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := ask(t, llmtest.Always(tt.reply).Model(use(t, tt.limits)))
				h.wantTook(t, tt.after, tt.after)
				if tt.names == "" {
					if h.err != nil {
						t.Errorf("the error is %v, want none", h.err)
					}
					return
				}
				if !errors.Is(h.err, llm.Timeout) || !strings.Contains(h.err.Error(), tt.names) {
					t.Errorf("the error is %v, want a timeout that names %q", h.err, tt.names)
				}
				if errors.Is(h.err, context.Canceled) {
					t.Errorf("the error %v looks like a cancellation by the caller", h.err)
				}
			})
		})
	}
}

func TestTimeoutDoesNotCountTheCallersOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := &middleware.Timeout{FirstEvent: 4 * time.Second, Idle: 4 * time.Second}
		model := llmtest.Always(llmtest.Text("a", "b", "c").Pace(3 * time.Second)).Model(use(t, limits))
		s := model.Stream(t.Context(), llm.Prompt("Hi"))
		for _, err := range s.Events() {
			if err != nil {
				t.Fatalf("the error is %v, want none", err)
			}
			time.Sleep(time.Minute)
		}
		equal(t, "the text", s.Response().Text(), "abc")
	})
}

func TestTimeoutCountsAllWaitsForTheFirstPiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		warning := llm.Warning{Code: llm.WarnOther, Message: "slow"}
		reply := llmtest.Text("late").Warn(warning).Pace(3 * time.Second)
		model := llmtest.Always(reply).Model(use(t, &middleware.Timeout{FirstEvent: 5 * time.Second}))
		s := model.Stream(t.Context(), llm.Prompt("Hi"))
		var last error
		for _, err := range s.Events() {
			time.Sleep(time.Minute) // time of the caller
			last = err
		}
		if !errors.Is(last, llm.Timeout) {
			t.Errorf("the error is %v, want a timeout: two waits of 3s are more than 5s", last)
		}
	})
}

func TestTimeoutLeavesTheCallersOwnEndAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		model := llmtest.Always(llmtest.Text("late").Wait(time.Minute)).Model(use(t, &middleware.Timeout{Total: 30 * time.Second}))
		h := stream(ctx, model, llm.Prompt("Hi"))
		h.want(t, "", llm.Canceled)
		h.wantTook(t, time.Second, time.Second)
		if !errors.Is(h.err, context.Canceled) {
			t.Errorf("the error is %v, want context.Canceled", h.err)
		}
	})
}

func TestTimeoutKeepsWhatHadArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := conformance.OpenAI()
		wire := d.Stream(llmtest.Text("Hel", "lo"))
		srv := llmtest.NewServer(t, wire.Stall(len(wire.Frames()[0])+len(wire.Frames()[1])))
		h := ask(t, overHTTP(t, srv, use(t, &middleware.Timeout{Idle: time.Second})))
		h.want(t, "start text", llm.Timeout)
		e, ok := errors.AsType[*llm.Error](h.err)
		if !ok || e.Partial.Text() != "Hel" || e.Provider != "openai" {
			t.Errorf("the error %v does not hold the provider's name and the text that had arrived", h.err)
		}
	})
}
