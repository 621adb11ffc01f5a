package anthropic_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

var searching = []llm.Options{anthropic.Options{ServerTools: []map[string]any{{"type": "web_search_20250305", "name": "web_search"}}}}

// pausing is a reply that pauses after a server's tool.
var pausing = events(
	begin, start(textBlock), delta(textDelta("Let me search. ")), stopAt(0),
	startAt(1, `{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}`), deltaAt(1, inputDelta(`{"query":"a"}`)), stopAt(1),
	`{"type":"message_delta","delta":{"stop_reason":"pause_turn","container":{"id":"container_1"}},"usage":{"output_tokens":5}}`, stop)

func TestPausedTurnContinues(t *testing.T) {
	var bodies []map[string]any
	p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, fromJSON(t, string(data)).(map[string]any))
		if len(bodies) == 1 {
			says(200, eventType, pausing)(w, r)
			return
		}
		says(200, eventType, events(append([]string{begin, start(textBlock), delta(textDelta("Found.")), stopAt(0)}, end("end_turn")...)...))(w, r)
	})
	req := &llm.Request{Messages: []llm.Message{llm.User("hi")}, Options: searching}
	resp, err := ask(t, p, req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the answer", []any{resp.Text(), resp.FinishReason, resp.Usage}, []any{"Let me search. Found.", llm.FinishStop,
		llm.Usage{Input: llm.Known(24), Output: llm.Known(12)}})
	if len(bodies) != 2 {
		t.Fatalf("there were %d requests, want 2", len(bodies))
	}
	equal(t, "the second request", bodies[1]["messages"], fromJSON(t, `[`+hi+`,{"role":"assistant","content":[{"type":"text","text":"Let me search. "},`+
		`{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"a"}}]}]`))
	equal(t, "the tools and the container", []any{bodies[1]["tools"], bodies[1]["container"]}, []any{bodies[0]["tools"], "container_1"})
	equal(t, "the messages of the caller", len(req.Messages), 1)
}

func TestTurnThatPausesForeverEnds(t *testing.T) {
	n := 0
	p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		says(200, eventType, pausing)(w, r)
	})
	resp, err := ask(t, p, &llm.Request{Messages: []llm.Message{llm.User("hi")}, Options: searching})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the end", fmt.Sprint(n, " ", resp.RawFinishReason, " ", resp.FinishReason, " ", len(resp.Warnings)), "21 pause_turn other 1")
}

func TestErrorAfterAPauseHasThePartialAnswer(t *testing.T) {
	n := 0
	p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			says(200, eventType, pausing)(w, r)
			return
		}
		says(529, jsonType, `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`)(w, r)
	})
	_, err := ask(t, p, &llm.Request{Messages: []llm.Message{llm.User("hi")}, Options: searching})
	e := wantError(t, err, llm.Overloaded)
	equal(t, "the partial answer", e.Partial.Text(), "Let me search. ")
}
