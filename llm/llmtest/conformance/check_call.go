package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// callChecks check the handling of the call: the time and the number of requests, and that the
// call is not modified.
func callChecks(s *Suite) []check {
	return []check{
		{"call/nothing is sent before the range", "", checkLazy},
		{"call/each range sends anew", "", checkTwice},
		{"call/is not modified", "", checkUnmodified},
		{"call/is not modified/embedding", s.NoEmbeddings, checkInputsUnmodified},
		{"call/many at once", "", checkConcurrent},
		{"call/many left at once", "", checkConcurrentBreak},
		{"call/connections are used again", "", checkReuse},
	}
}

func checkLazy(t testing.TB, s *Suite) {
	e := s.setup(t)
	e.provider.Do(context.Background(), e.chat())
	if n := e.srv.Opened(); n > 0 {
		t.Errorf("Do was called and its events were not ranged over, and there are %d connections", n)
	}
}

func checkTwice(t testing.TB, s *Suite) {
	reply := llmtest.Text("Hello", " world").Usage(12, 34)
	e := s.setup(t, s.Dialect.Stream(reply), s.Dialect.Stream(reply))
	events := e.provider.Do(context.Background(), e.chat())
	for range 2 {
		resp, err := llm.Collect(events)
		if err != nil {
			t.Fatalf("a range over the events fails: %v", err)
		}
		e.compare(resp, reply)
	}
	if n := len(e.srv.Requests()); n != 2 {
		t.Errorf("two ranges over the events of one Do make %d requests, want 2", n)
	}
}

// everything returns a request with most settings set. Its slices have spare capacity, so that
// an append by the provider writes into the caller's memory.
func everything() *llm.Request {
	req := &llm.Request{
		Messages: []llm.Message{
			llm.System("Be brief."),
			llm.User("What is this?", llm.Image{MediaType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")}),
			llm.Assistant("Let me see.", llm.ToolCall{ID: "call_1", Name: "look", Arguments: `{"at":"it"}`}),
			llm.ToolResults(llm.ToolResult{CallID: "call_1", Name: "look", Content: "a llama"}),
			llm.User("Sure?"),
		},
		Tools: []llm.Tool{
			{Name: "look", Description: "looks", Parameters: json.RawMessage(`{"type":"object","properties":{"at":{"type":"string"}}}`)},
			{Name: "listen"},
		},
		ToolChoice:  llm.ToolChoice{Mode: llm.ToolAuto},
		MaxTokens:   100,
		Temperature: new(0.0),
		TopP:        new(0.5),
		TopK:        new(3),
		Seed:        new(int64(7)),
		Stop:        []string{"END"},
	}
	const room = 8
	req.Messages, req.Tools, req.Stop = slices.Grow(req.Messages, room), slices.Grow(req.Tools, room), slices.Grow(req.Stop, room)
	for i := range req.Messages {
		req.Messages[i].Parts = slices.Grow(req.Messages[i].Parts, room)
	}
	return req
}

func checkUnmodified(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Stream(llmtest.Text("Yes")))
	call, before := e.chat(), e.chat()
	call.Request, before.Request = everything(), everything()
	e.ask(call) // the provider need not support all settings
	if !reflect.DeepEqual(call, before) {
		t.Errorf("the provider has modified the call\nbefore: %+v\n   now: %+v\nrequest before: %+v\n   request now: %+v",
			before, call, before.Request, call.Request)
	}
	wantRoomLeft(t, "Messages", call.Request.Messages)
	wantRoomLeft(t, "Tools", call.Request.Tools)
	wantRoomLeft(t, "Stop", call.Request.Stop)
	for i, m := range call.Request.Messages {
		wantRoomLeft(t, fmt.Sprintf("Messages[%d].Parts", i), m.Parts)
	}
}

// wantRoomLeft checks that nothing was written behind the end of a slice.
func wantRoomLeft[E any](t testing.TB, name string, list []E) {
	t.Helper()
	for _, behind := range list[len(list):cap(list)] {
		if !reflect.ValueOf(&behind).Elem().IsZero() {
			t.Errorf("the provider has appended to the request's %s in place, where another call may do the same: %+v", name, behind)
			return
		}
	}
}

func checkInputsUnmodified(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Whole(llmtest.Embedding([]float32{1}, []float32{2}).Usage(3, 0)))
	call := e.embed("one", "two")
	call.Embed.Inputs = slices.Grow(call.Embed.Inputs, 8)
	e.ask(call)
	if want := e.embed("one", "two"); !reflect.DeepEqual(call, want) {
		t.Errorf("the provider has modified the call\nbefore: %+v\n   now: %+v", want.Embed, call.Embed)
	}
	wantRoomLeft(t, "Inputs", call.Embed.Inputs)
}

var marker = regexp.MustCompile(`say \d+`)

// checkConcurrent makes many calls at the same time, each with a different answer.
func checkConcurrent(t testing.TB, s *Suite) {
	e := s.setup(t)
	e.srv.Handle(func(r *llmtest.Request) llmtest.HTTPReply {
		return s.Dialect.Stream(llmtest.Text("I ", string(marker.Find(r.Body))))
	})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range 8 {
				word := fmt.Sprintf("say %d", 100*i+j)
				call := e.chat()
				call.Request = llm.Prompt(word)
				resp, err := llm.Collect(e.provider.Do(context.Background(), call))
				if err != nil {
					t.Errorf("one of many calls at once fails: %v", err)
				} else if got := resp.Text(); got != "I "+word {
					t.Errorf("one of many calls at once gets the answer %q, want %q", got, "I "+word)
				}
			}
		})
	}
	group.Wait()
}

// checkConcurrentBreak stops reading many streams of the same call.
func checkConcurrentBreak(t testing.TB, s *Suite) {
	e := s.setup(t)
	wire := s.Dialect.Stream(llmtest.Text("a", "b", "c", "d", "e", "f"))
	e.srv.Handle(func(*llmtest.Request) llmtest.HTTPReply { return wire.Stall(len(wire.Body)) })
	call := e.chat()
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			left := 1 + i%6
			for _, err := range e.provider.Do(context.Background(), call) {
				if err != nil {
					t.Errorf("one of many calls at once fails: %v", err)
				}
				if left--; left == 0 {
					break
				}
			}
		})
	}
	group.Wait()
	e.wantClosed("after many streams were left at once")
}

func checkReuse(t testing.TB, s *Suite) {
	reply := llmtest.Text("Hello", " world").Usage(12, 34)
	e := s.setup(t)
	const calls = 5
	for range calls {
		e.srv.Add(s.Dialect.Stream(reply))
		e.mustAnswer(e.chat(), reply)
	}
	if n := e.srv.Opened(); n != 1 {
		t.Errorf("%d calls, one after another, each answered to its end, take %d connections, want 1: after the done event, read the rest of the body for a moment (llmutil.DrainAndClose)", calls, n)
	}
}
