package all_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/structured"
	"github.com/parley-llm/parley/llm/tool"
	"github.com/parley-llm/parley/providers/anthropic"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/llamacpp"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
)

// toolDialects are the providers with tools, at the address of a server.
var toolDialects = map[string]struct {
	dialect conformance.Dialect
	open    func(url string) (llm.Provider, error)
}{
	"openai": {conformance.OpenAI(), func(url string) (llm.Provider, error) { return openai.New(openai.Config{BaseURL: url, APIKey: "k"}) }},
	"anthropic": {conformance.Anthropic(), func(url string) (llm.Provider, error) {
		return anthropic.New(anthropic.Config{BaseURL: url, APIKey: "k"})
	}},
	"gemini":    {conformance.Gemini(), func(url string) (llm.Provider, error) { return gemini.New(gemini.Config{BaseURL: url, APIKey: "k"}) }},
	"ollama":    {conformance.Ollama(), func(url string) (llm.Provider, error) { return ollama.New(ollama.Config{BaseURL: url}) }},
	"llama.cpp": {conformance.OpenAI(), func(url string) (llm.Provider, error) { return llamacpp.New(llamacpp.Config{BaseURL: url}) }},
}

// modelAt returns a model whose server sends the replies, one after another.
func modelAt(t *testing.T, name string, replies ...llmtest.Reply) *llm.Model {
	t.Helper()
	d := toolDialects[name]
	srv := llmtest.NewLoopbackServer(t)
	srv.Handle(func(r *llmtest.Request) llmtest.HTTPReply {
		if len(replies) == 0 {
			t.Errorf("unexpected request: %s %s", r.Method, r.Path)
			return llmtest.Empty(500)
		}
		reply := replies[0]
		replies = replies[1:]
		return d.dialect.Stream(reply)
	})
	p, err := d.open(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return llm.New(p, "m")
}

type lookup struct {
	City string `json:"city"`
}

// The same conversation, with two tools, parallel calls, an error, an image in a result and
// three steps, has the same events and the same history with every dialect.
func TestToolLoopIsTheSameWithEveryDialect(t *testing.T) {
	weather := tool.Must(tool.New("weather", "The weather in a city.", func(_ context.Context, in lookup) (string, error) {
		if in.City == "Atlantis" {
			return "", tool.Error("There is no such city.")
		}
		return "rain in " + in.City, nil
	}))
	photo := tool.Must(tool.New("photo", "A photo of a city.", func(_ context.Context, in lookup) ([]llm.Part, error) {
		return []llm.Part{llm.Text{Text: "photo of " + in.City}, llm.Image{MediaType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")}}, nil
	}))
	type outcome struct {
		Events  []string
		History []string
		Usage   string
	}
	var want outcome
	for _, name := range []string{"openai", "anthropic", "gemini", "ollama", "llama.cpp"} {
		t.Run(name, func(t *testing.T) {
			model := modelAt(t, name,
				llmtest.Text("Looking.").ToolCall("weather", `{"city":"Oslo"}`).ToolCall("weather", `{"city":"Atlantis"}`).Usage(10, 1),
				llmtest.ToolCall("photo", `{"city":"Oslo"}`).Usage(20, 2),
				llmtest.Text("It rains.").Usage(30, 3))
			loop := &tool.Loop{Tools: []*tool.Tool{weather, photo}, MaxParallel: 1}
			s := model.With(llm.WithOuterMiddleware(loop)).Stream(t.Context(), llm.Prompt("Oslo?"))
			var got outcome
			for ev, err := range s.Events() {
				if err != nil {
					t.Fatal(err)
				}
				switch ev.Type {
				case llm.EventToolCallDelta, llm.EventToolCallEnd, llm.EventStart, llm.EventWarning: // their number or place differs
				default:
					got.Events = append(got.Events, ev.Type.String())
				}
			}
			resp := s.Response()
			for _, m := range resp.Messages {
				for _, part := range m.Parts {
					switch p := part.(type) {
					case llm.Text:
						got.History = append(got.History, fmt.Sprint(m.Role, " ", p.Text))
					case llm.ToolCall:
						got.History = append(got.History, fmt.Sprint(m.Role, " ", p.Name, strings.ReplaceAll(p.Arguments, " ", "")))
					case llm.ToolResult:
						got.History = append(got.History, fmt.Sprint(m.Role, " ", p.Name, " ", p.Content, " ", p.IsError, " ", len(p.Parts)))
					}
				}
			}
			got.Usage = resp.Usage.String()
			if want.Events == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("differs from openai (-openai +%s):\n%s", name, diff)
			}
			req := &llm.Request{Messages: append([]llm.Message{llm.User("Oslo?")}, append(resp.Messages, llm.User("Thanks."))...)}
			if err := req.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
	if len(want.History) != 8 {
		t.Errorf("the history is %q", want.History)
	}
}

type answer struct {
	Title string            `json:"title"`
	Note  *string           `json:"note"`
	Sizes map[string]int    `json:"sizes"`
	Next  []answerLine      `json:"next"`
	Extra map[string]string `json:"extra,omitempty"`
}

type answerLine struct {
	Kind string `json:"kind" enum:"a,b"`
	N    int    `json:"n" min:"1"`
}

// A typed answer with optional members and maps comes back in its own form with every dialect,
// also where the server writes it in another.
func TestTypedAnswerIsTheSameWithEveryDialect(t *testing.T) {
	const own = `{"title":"x","sizes":{"s":1},"next":[{"kind":"a","n":2}]}`
	translated := map[string]string{
		"openai":    `{"title":"x","note":null,"sizes":[{"key":"s","value":1}],"next":[{"kind":"a","n":2}],"extra":null}`,
		"anthropic": `{"title":"x","sizes":[{"key":"s","value":1}],"next":[{"kind":"a","n":2}]}`,
	}
	want := answer{Title: "x", Sizes: map[string]int{"s": 1}, Next: []answerLine{{"a", 2}}}
	for name := range toolDialects {
		t.Run(name, func(t *testing.T) {
			text := own
			if other := translated[name]; other != "" {
				text = other
			}
			var pieces []string
			for rest := text; rest != ""; {
				n := min(7, len(rest))
				pieces = append(pieces, rest[:n])
				rest = rest[n:]
			}
			var last answer
			stream := structured.Stream[answer](t.Context(), modelAt(t, name, llmtest.Text(pieces...)), llm.Prompt("x"))
			parts := 0
			for part, err := range stream.Values() {
				if err != nil {
					t.Fatal(err)
				}
				last = part
				parts++
			}
			if diff := cmp.Diff(want, last, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if parts < 5 {
				t.Errorf("the answer came in %d parts", parts)
			}
			if got := stream.Response().Text(); got != own {
				t.Errorf("the text is %s", got)
			}
		})
	}
}
