package llm_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// received returns the request that reaches the provider for req and these defaults.
func received(t *testing.T, defaults llm.Request, req *llm.Request) *llm.Request {
	t.Helper()
	var got *llm.Request
	model := llm.New(fake(func(_ context.Context, call *llm.Call) llm.Events {
		got = call.Request
		return script(done())
	}), "tiny", llm.WithDefaults(defaults))
	if _, err := model.Generate(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return got
}

// fullRequest has a non-zero value in each field.
func fullRequest() llm.Request {
	return llm.Request{
		Messages:          []llm.Message{llm.System("Be brief."), llm.Assistant("", llm.ToolCall{ID: "c", Name: "f"}), llm.ToolResults(llm.ToolResult{CallID: "c"})},
		Tools:             []llm.Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{}`), Strict: new(true)}},
		ToolChoice:        llm.ToolChoice{Mode: llm.ToolAuto},
		ParallelToolCalls: new(true),
		MaxTokens:         100,
		Temperature:       new(0.5),
		TopP:              new(0.9),
		TopK:              new(40),
		Seed:              new(int64(7)),
		PresencePenalty:   new(0.1),
		FrequencyPenalty:  new(0.2),
		Stop:              []string{"END"},
		Format:            &llm.Format{Name: "n", Schema: json.RawMessage(`{}`)},
		ReasoningEffort:   llm.EffortLow,
		Logprobs:          true,
		TopLogprobs:       3,
		Options:           []llm.Options{fakeOptions("a")},
		NonStreaming:      true,
		FailOnUnsupported: true,
		KeepRaw:           true,
	}
}

// Fields are tested one by one, to find a new field of Request that is missing in the defaults.
func TestEveryRequestFieldHasADefault(t *testing.T) {
	full := reflect.ValueOf(fullRequest())
	for i := range full.NumField() {
		field := full.Type().Field(i)
		t.Run(field.Name, func(t *testing.T) {
			value := full.Field(i)
			if value.IsZero() {
				t.Fatalf("Request.%s is new: give it a value in fullRequest, and a line in Request.withDefaults", field.Name)
			}
			var defaults llm.Request
			reflect.ValueOf(&defaults).Elem().Field(i).Set(value)
			got := reflect.ValueOf(received(t, defaults, llm.Prompt("?"))).Elem().Field(i).Interface()
			want := value.Interface()
			if field.Name == "Messages" {
				want = append(slices.Clone(want.([]llm.Message)), llm.User("?"))
			}
			check(t, "default that reached the provider", want, got)
		})
	}
}

func TestRequestWinsOverDefaults(t *testing.T) {
	req := &llm.Request{
		Messages:          []llm.Message{llm.User("?")},
		Tools:             []llm.Tool{}, // none, explicitly
		ToolChoice:        llm.ToolChoice{Mode: llm.ToolNone},
		ParallelToolCalls: new(false),
		MaxTokens:         1,
		Temperature:       new(0.0),
		TopP:              new(0.0),
		TopK:              new(0),
		Seed:              new(int64(0)),
		PresencePenalty:   new(0.0),
		FrequencyPenalty:  new(0.0),
		Stop:              []string{}, // none, explicitly
		Format:            &llm.Format{},
		ReasoningEffort:   llm.EffortNone,
		Logprobs:          true,
		TopLogprobs:       1,
		Options:           []llm.Options{fakeOptions("b")},
		NonStreaming:      true,
		FailOnUnsupported: true,
		KeepRaw:           true,
	}
	defaults := fullRequest()
	want := *req
	want.Messages = append(slices.Clone(defaults.Messages), llm.User("?"))
	want.Options = []llm.Options{fakeOptions("b"), fakeOptions("a")}
	check(t, "request at the provider", &want, received(t, defaults, req))
}

func TestDefaultOptionsAreMergedByProvider(t *testing.T) {
	type options = []llm.Options
	for _, test := range []struct {
		name                string
		defaults, req, want options
	}{
		{"none", nil, nil, nil},
		{"of defaults", options{fakeOptions("a"), fakeOptions("b")}, nil, options{fakeOptions("a"), fakeOptions("b")}},
		{"of the request", nil, options{fakeOptions("a")}, options{fakeOptions("a")}},
		{"the request's own win", options{namedOptions{"a", 1}, namedOptions{"b", 1}}, options{namedOptions{"a", 2}},
			options{namedOptions{"a", 2}, namedOptions{"b", 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := llm.Prompt("?")
			req.Options = test.req
			check(t, "options", test.want, received(t, llm.Request{Options: test.defaults}, req).Options)
		})
	}
}

type namedOptions struct {
	Provider string
	N        int
}

func (o namedOptions) ProviderName() string { return o.Provider }

func TestCallsDoNotModifyTheirRequest(t *testing.T) {
	// All slices have spare capacity, so that an append would write into them.
	roomy := func() *llm.Request {
		req := fullRequest()
		req.Messages = append(make([]llm.Message, 0, 8), llm.User("?"))
		req.Tools = append(make([]llm.Tool, 0, 8), req.Tools...)
		req.Stop = append(make([]string, 0, 8), req.Stop...)
		req.Options = append(make([]llm.Options, 0, 8), fakeOptions("own"))
		return &req
	}
	// whole returns req with its slices extended to their capacity.
	whole := func(req *llm.Request) *llm.Request {
		c := *req
		c.Messages, c.Tools = c.Messages[:cap(c.Messages)], c.Tools[:cap(c.Tools)]
		c.Stop, c.Options = c.Stop[:cap(c.Stop)], c.Options[:cap(c.Options)]
		return &c
	}
	defaults := roomy()
	defaults.Options[0] = fakeOptions("default")
	defaultsBefore := roomy()
	defaultsBefore.Options[0] = fakeOptions("default")
	for name, options := range map[string][]llm.ModelOption{
		"plain":         nil,
		"with defaults": {llm.WithDefaults(*defaults)},
		"with middleware that changes a clone": {llm.WithDefaults(*defaults), llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				changed := call.Clone()
				changed.Request.Messages = append(slices.Clip(changed.Request.Messages), llm.User("and?"))
				changed.Request.MaxTokens = 1
				changed.Request.Temperature = nil
				changed.Request.Options = nil
				return next(ctx, changed)
			}
		}))},
	} {
		t.Run(name, func(t *testing.T) {
			model := answering(script(
				llm.Event{Type: llm.EventResult, Detail: &llm.TokenCount{Tokens: 1}}, text("a"), done()), options...)
			req := roomy()
			for range 2 {
				if _, err := model.Generate(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				if _, err := model.CountTokens(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				if _, err := read(model.Stream(t.Context(), req).Events()); err != nil {
					t.Fatal(err)
				}
			}
			check(t, "request after the calls", whole(roomy()), whole(req))
			check(t, "defaults after the calls", whole(defaultsBefore), whole(defaults))
		})
	}
}

func TestCallClone(t *testing.T) {
	call := &llm.Call{
		Op: llm.OpChat, Provider: "p", Model: "m", Buffered: true,
		Request: llm.Prompt("?"), Embed: &llm.EmbedRequest{Inputs: []string{"a"}},
	}
	clone := call.Clone()
	check(t, "clone", call, clone)
	clone.Model, clone.Request.MaxTokens, clone.Embed.Dimensions = "n", 1, 2
	check(t, "original, after the clone was changed", &llm.Call{
		Op: llm.OpChat, Provider: "p", Model: "m", Buffered: true,
		Request: llm.Prompt("?"), Embed: &llm.EmbedRequest{Inputs: []string{"a"}},
	}, call)
	check(t, "clone of a call without requests", &llm.Call{Op: llm.OpListModels}, (&llm.Call{Op: llm.OpListModels}).Clone())
}

// Model.Do adds the default options to a call for embeddings, as Model.Embed does.
func TestDoAddsDefaultOptionsToEmbeddings(t *testing.T) {
	var got *llm.Call
	provider := fake(func(_ context.Context, call *llm.Call) llm.Events {
		got = call
		return script()
	})
	m := llm.New(provider, "m", llm.WithDefaults(llm.Request{Options: []llm.Options{embedOptions{}}}))
	for range m.Do(t.Context(), &llm.Call{Op: llm.OpEmbed, Embed: &llm.EmbedRequest{Inputs: []string{"a"}}}) {
	}
	check(t, "options", 1, len(got.Embed.Options))
}

// embedOptions are options of the provider "fake".
type embedOptions struct{}

func (embedOptions) ProviderName() string { return "fake" }
