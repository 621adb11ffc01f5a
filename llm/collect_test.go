package llm_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// sealed returns the event with provider data, which ends its part.
func sealed(ev llm.Event, data string) llm.Event {
	ev.Detail = provider(data)
	return ev
}

func provider(data string) *llm.ProviderData {
	return &llm.ProviderData{Provider: "fake", Data: []byte(data)}
}

func TestCollectMakesMessagesOfEvents(t *testing.T) {
	image := llm.Image{MediaType: "image/png", Data: []byte{1, 2}}
	step := func(n int, typ llm.EventType, messages ...llm.Message) llm.Event {
		return llm.Event{Type: typ, Detail: &llm.Step{N: n, Messages: messages}}
	}
	round := []llm.Message{
		llm.Assistant("", llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}),
		llm.ToolResults(llm.ToolResult{CallID: "c", Content: "42"}),
	}
	for _, test := range []struct {
		name       string
		events     []llm.Event
		want       []llm.Message
		incomplete []llm.ToolCall
	}{
		{name: "nothing"},
		{
			name:   "text in pieces is one part",
			events: []llm.Event{text("a"), text(""), text("b"), text("🦙")},
			want:   answer(llm.Text{Text: "ab🦙"}),
		},
		{
			name:   "empty deltas make no part",
			events: []llm.Event{reasoning(""), text(""), refusal("")},
		},
		{
			name:   "a change of type begins a part",
			events: []llm.Event{reasoning("r1"), reasoning("r2"), text("t1"), reasoning("r3"), text("t2"), refusal("no"), text("t3")},
			want: answer(llm.Reasoning{Text: "r1r2"}, llm.Text{Text: "t1"}, llm.Reasoning{Text: "r3"},
				llm.Text{Text: "t2"}, llm.Refusal{Text: "no"}, llm.Text{Text: "t3"}),
		},
		{
			name:   "provider data seals its part",
			events: []llm.Event{reasoning("a"), sealed(reasoning("b"), "1"), reasoning("c"), sealed(text("d"), "2"), text("e")},
			want: answer(llm.Reasoning{Text: "ab", ProviderData: provider("1")}, llm.Reasoning{Text: "c"},
				llm.Text{Text: "d", ProviderData: provider("2")}, llm.Text{Text: "e"}),
		},
		{
			name:   "provider data alone makes a part without text",
			events: []llm.Event{sealed(reasoning(""), "1"), text("a"), sealed(text(""), "2"), sealed(text(""), "3")},
			want: answer(llm.Reasoning{ProviderData: provider("1")}, llm.Text{Text: "a", ProviderData: provider("2")},
				llm.Text{ProviderData: provider("3")}),
		},
		{
			name: "interleaved tool calls",
			events: []llm.Event{text("Let me see."), callStart(0, "a", "f"), callStart(1, "b", "g"),
				callDelta(0, `{"x"`), callDelta(1, `{`), callDelta(0, `:1}`), callDelta(1, `}`),
				callEnd(0, "a", "f", `{"x":1}`), callEnd(1, "b", "g", `{}`)},
			want: answer(llm.Text{Text: "Let me see."}, llm.ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`},
				llm.ToolCall{ID: "b", Name: "g", Arguments: `{}`}),
		},
		{
			name: "an index used again for the next call",
			events: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callEnd(0, "a", "f", "1"),
				callStart(0, "b", "f"), callDelta(0, "2"), callEnd(0, "b", "f", "2")},
			want: answer(llm.ToolCall{ID: "a", Name: "f", Arguments: "1"}, llm.ToolCall{ID: "b", Name: "f", Arguments: "2"}),
		},
		{
			name:   "a tool call that comes whole",
			events: []llm.Event{text("a"), callEnd(0, "a", "f", `{}`), text("b")},
			want:   answer(llm.Text{Text: "a"}, llm.ToolCall{ID: "a", Name: "f", Arguments: "{}"}, llm.Text{Text: "b"}),
		},
		{
			name: "calls that were cut are apart",
			events: []llm.Event{callStart(0, "a", "f"), callDelta(0, `{}`), callEnd(0, "a", "f", "{}"),
				callStart(1, "b", "g"), callDelta(1, `{"x`), callDelta(1, `":`), callStart(2, "c", "h")},
			want: answer(llm.ToolCall{ID: "a", Name: "f", Arguments: "{}"}),
			incomplete: []llm.ToolCall{
				{ID: "b", Name: "g", Arguments: `{"x":`},
				{ID: "c", Name: "h"},
			},
		},
		{
			name: "media",
			events: []llm.Event{text("Here: "), {Type: llm.EventMedia, Detail: &llm.Media{Part: image}},
				text("and "), text("done")},
			want: answer(llm.Text{Text: "Here: "}, image, llm.Text{Text: "and done"}),
		},
		{
			name: "the last step is the answer, and earlier steps say what they added",
			events: []llm.Event{step(0, llm.EventStepStart), callStart(0, "c", "f"), callDelta(0, "{}"), callEnd(0, "c", "f", "{}"),
				step(0, llm.EventStepEnd, round...), step(1, llm.EventStepStart), text("It is "), text("42.")},
			want: []llm.Message{round[0], round[1], answer(llm.Text{Text: "It is 42."})[0]},
		},
		{
			name: "a reset takes back all content",
			events: []llm.Event{step(0, llm.EventStepStart), step(0, llm.EventStepEnd, round...), text("wr"), callStart(0, "c", "f"),
				callDelta(0, "{"), sealed(reasoning("ong"), "1"), text("!"), reset(), text("right")},
			want: answer(llm.Text{Text: "right"}),
		},
		{
			name:   "tool events out of place are no harm",
			events: []llm.Event{callDelta(3, "{"), {Type: llm.EventToolCallStart}, {Type: llm.EventToolCallEnd}, text("a")},
			want:   answer(llm.Text{Text: "a"}),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, err := llm.Collect(script(append(test.events, done())...))
			if err != nil {
				t.Fatal(err)
			}
			check(t, "messages", test.want, providertest.WithoutDigests(t, resp.Messages))
			check(t, "incomplete calls", test.incomplete, resp.IncompleteCalls)
		})
	}
}

func TestCollectKeepsAllElse(t *testing.T) {
	limits := &llm.RateLimits{RequestLimit: 10, RequestsLeft: 9, TokenLimit: -1, TokensLeft: -1}
	source := func(url string) llm.Event {
		return llm.Event{Type: llm.EventSource, Detail: &llm.Source{URL: url, End: 3}}
	}
	logprob := func(token llm.TokenLogprob) llm.Event {
		return llm.Event{Type: llm.EventLogprob, Detail: &token}
	}
	result := func(d llm.Detail) llm.Event { return llm.Event{Type: llm.EventResult, Detail: d} }
	a := llm.TokenLogprob{Token: "a", Logprob: -0.5, Bytes: []byte("a"), Top: []llm.TokenLogprob{{Token: "b", Logprob: -2}}}
	b := llm.TokenLogprob{Token: "b", Logprob: -1}
	events := []llm.Event{
		attempt("first"),
		{Type: llm.EventStart, Detail: &llm.Start{
			ID: "id", Model: "tiny-2", RequestID: "req", RateLimits: limits, Header: http.Header{"X-A": {"1"}},
		}},
		warning("one"), source("u1"), logprob(a), text("Hi"), logprob(a), logprob(b), source("u2"), warning("two"), attempt("second"),
		result(&llm.EmbedResponse{Vectors: [][]float32{{1}}}),
		result(&llm.TokenCount{Tokens: 7}),
		result(&llm.ModelList{Models: []llm.ModelInfo{{Name: "m1"}}}),
		result(&llm.ModelList{Models: []llm.ModelInfo{{Name: "m2"}}}),
		{Type: llm.EventDone, Detail: &llm.Done{
			FinishReason: llm.FinishLength, RawFinishReason: "max_tokens",
			Usage: llm.Usage{Input: llm.Known(1)}, Raw: []byte("raw"),
		}},
	}
	want := &llm.Response{
		ID: "id", Model: "tiny-2", RequestID: "req", RateLimits: limits, Header: http.Header{"X-A": {"1"}},
		Messages:     answer(llm.Text{Text: "Hi"}),
		FinishReason: llm.FinishLength, RawFinishReason: "max_tokens",
		Usage: llm.Usage{Input: llm.Known(1)}, Raw: []byte("raw"),
		Warnings: []llm.Warning{{Code: llm.WarnOther, Message: "one"}, {Code: llm.WarnOther, Message: "two"}},
		Sources:  []llm.Source{{URL: "u1", End: 3}, {URL: "u2", End: 3}},
		Logprobs: []llm.TokenLogprob{a, a, b},
		Attempts: []llm.Attempt{{Provider: "fake", Model: "first"}, {Provider: "fake", Model: "second"}},
		Embed:    &llm.EmbedResponse{Vectors: [][]float32{{1}}},
		Count:    &llm.TokenCount{Tokens: 7},
		Models:   []llm.ModelInfo{{Name: "m1"}, {Name: "m2"}},
	}
	got, err := llm.Collect(script(events...))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "response", want, got)

	got, err = llm.Collect(script(append(events[:len(events)-1:len(events)-1], reset(), text("Ho"), done())...))
	if err != nil {
		t.Fatal(err)
	}
	want.Messages = answer(llm.Text{Text: "Ho"})
	want.Sources, want.Logprobs = nil, nil // they belong to the discarded content
	want.FinishReason, want.RawFinishReason, want.Raw = llm.FinishStop, "stop", nil
	want.Usage = llm.Usage{Input: llm.Known(5), Output: llm.Known(2)}
	check(t, "response after a reset", want, got)
}

func TestCollectOfUnfinishedEvents(t *testing.T) {
	boom := errors.New("boom")
	for _, test := range []struct {
		name   string
		events llm.Events
		want   error
	}{
		{"error", failing(boom, text("Half")), boom},
		{"error after the end", failing(boom, text("Half"), done()), boom},
		{"no end", script(text("Half")), llm.Incomplete},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, err := llm.Collect(test.events)
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want one that matches %v", err, test.want)
			}
			check(t, "messages", answer(llm.Text{Text: "Half"}), resp.Messages)
		})
	}
}

func TestStreamResponsesAreIndependent(t *testing.T) {
	source := func(url string) llm.Event {
		return llm.Event{Type: llm.EventSource, Detail: &llm.Source{URL: url}}
	}
	stepEnd := func(said string) llm.Event {
		return llm.Event{Type: llm.EventStepEnd, Detail: &llm.Step{Messages: []llm.Message{llm.Assistant(said)}}}
	}
	logprob := llm.Event{Type: llm.EventLogprob, Detail: &llm.TokenLogprob{}}
	models := llm.Event{Type: llm.EventResult, Detail: &llm.ModelList{Models: make([]llm.ModelInfo, 1)}}
	events := []llm.Event{
		// After three appends a slice has spare capacity for the fourth.
		attempt("1"), attempt("2"), attempt("3"), attempt("4"), warning("1"), warning("2"), warning("3"), warning("4"),
		source("1"), source("2"), source("3"), source("4"), logprob, logprob, logprob, logprob, models, models, models, models,
		stepEnd("1"), stepEnd("2"), stepEnd("3"), stepEnd("4"),
		reasoning("r"), text("a"), callStart(0, "c", "f"), callDelta(0, "{"), callDelta(0, "}"), callEnd(0, "c", "f", "{}"),
		text("b"), text("c"), reset(), text("d"), done(),
	}
	// amend adds to a response. The response belongs to its caller.
	amend := func(resp *llm.Response) *llm.Response {
		for i, m := range resp.Messages {
			resp.Messages[i].Parts = append(m.Parts, llm.Text{Text: "mine"})
		}
		resp.Messages = append(resp.Messages, llm.User("mine"))
		resp.Warnings = append(resp.Warnings, llm.Warning{Message: "mine"})
		resp.Sources = append(resp.Sources, llm.Source{URL: "mine"})
		resp.Logprobs = append(resp.Logprobs, llm.TokenLogprob{Token: "mine"})
		resp.Attempts = append(resp.Attempts, llm.Attempt{Model: "mine"})
		resp.Models = append(resp.Models, llm.ModelInfo{Name: "mine"})
		return resp
	}
	s := answering(script(events...)).Stream(t.Context(), llm.Prompt("?"))
	var plain, amended []*llm.Response
	for _, err := range s.Events() {
		if err != nil {
			t.Fatal(err)
		}
		plain = append(plain, s.Response())
		amended = append(amended, amend(s.Response()))
	}
	for i := range events {
		want, _ := llm.Collect(script(events[:i+1]...))
		want.Provider = "fake"
		want.Attempts = append(want.Attempts, llm.Attempt{Provider: "fake", Model: "tiny", Usage: want.Usage})
		if d := diff(want, plain[i]); d != "" {
			t.Fatalf("the response after event %d (%s) changed later (-want +got):\n%s", i, events[i].Type, d)
		}
		if d := diff(amend(want), amended[i]); d != "" {
			t.Fatalf("what its caller added to the response after event %d (%s) changed later (-want +got):\n%s", i, events[i].Type, d)
		}
	}
}

func TestResponseAccessors(t *testing.T) {
	call := llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}
	full := &llm.Response{Messages: []llm.Message{
		llm.Assistant("earlier"),
		llm.ToolResults(llm.ToolResult{Content: "x"}),
		{Role: llm.RoleAssistant, Parts: []llm.Part{
			llm.Reasoning{Text: "r1"}, llm.Text{Text: "a"}, llm.Reasoning{Text: "r2"}, llm.Text{Text: "b"},
			llm.Refusal{Text: "no"}, llm.Refusal{Text: "!"}, call,
		}},
		llm.ToolResults(llm.ToolResult{Content: "y"}),
	}}
	for _, test := range []struct {
		name                     string
		resp                     *llm.Response
		text, reasoning, refusal string
		calls                    []llm.ToolCall
	}{
		{"last assistant message", full, "ab", "r1r2", "no!", []llm.ToolCall{call}},
		{"empty", &llm.Response{}, "", "", "", nil},
		{"nil, as in an error without a partial", nil, "", "", "", nil},
		{"no assistant message", &llm.Response{Messages: []llm.Message{llm.User("a")}}, "", "", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, "Text", test.text, test.resp.Text())
			check(t, "Reasoning", test.reasoning, test.resp.Reasoning())
			check(t, "Refusal", test.refusal, test.resp.Refusal())
			check(t, "ToolCalls", test.calls, test.resp.ToolCalls())
		})
	}
}

func TestWarningString(t *testing.T) {
	check(t, "warning about a setting", "TopK: left out", llm.Warning{Setting: "TopK", Message: "left out"}.String())
	check(t, "warning about none", "no usage", llm.Warning{Message: "no usage"}.String())
}
