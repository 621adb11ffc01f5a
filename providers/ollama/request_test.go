package ollama_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

var weather = llm.Tool{
	Name: "get_weather", Description: "Weather in a city",
	Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
}

const weatherJSON = `{"type":"function","function":{"name":"get_weather","description":"Weather in a city",` +
	`"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`

func options(o ollama.Options) []llm.Options { return []llm.Options{o} }

// with returns a request with one message and what change adds to it.
func with(change func(*llm.Request)) *llm.Request {
	req := llm.Prompt("hi")
	change(req)
	return req
}

// body returns the body of the request that with makes, with these members.
func body(members string) string {
	return `{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"truncate":false` + members + `}`
}

func TestSettingsAreSentAsOllamaNamesThem(t *testing.T) {
	for name, test := range map[string]struct {
		req  *llm.Request
		want string
	}{
		"nothing set": {llm.Prompt("hi"), body("")},
		"sampling": {
			with(func(r *llm.Request) {
				r.MaxTokens, r.Temperature, r.TopP, r.TopK = 7, new(0.7), new(0.9), new(40)
				r.Seed, r.PresencePenalty, r.FrequencyPenalty = new(int64(42)), new(0.5), new(-0.5)
				r.Stop = []string{"END", "\n"}
			}),
			body(`,"options":{"num_predict":7,"temperature":0.7,"top_p":0.9,"top_k":40,"seed":42,
				"presence_penalty":0.5,"frequency_penalty":-0.5,"stop":["END","\n"]}`),
		},
		"explicit zeros": {
			with(func(r *llm.Request) {
				r.Temperature, r.TopP, r.TopK, r.Seed = new(0.0), new(0.0), new(0), new(int64(0))
				r.PresencePenalty, r.FrequencyPenalty = new(0.0), new(0.0)
			}),
			body(`,"options":{"temperature":0,"top_p":0,"top_k":0,"seed":0,"presence_penalty":0,"frequency_penalty":0}`),
		},
		"not streamed": {
			with(func(r *llm.Request) { r.NonStreaming = true }),
			`{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":false,"truncate":false}`,
		},
		"any JSON": {
			with(func(r *llm.Request) { r.Format = &llm.Format{} }),
			body(`,"format":"json"`),
		},
		"a JSON schema": {
			with(func(r *llm.Request) {
				r.Format = &llm.Format{Name: "n", Schema: json.RawMessage(`{"type":"object"}`), Strict: new(true)}
			}),
			body(`,"format":{"type":"object"}`),
		},
		"log probabilities":           {with(func(r *llm.Request) { r.Logprobs = true }), body(`,"logprobs":true`)},
		"likeliest tokens":            {with(func(r *llm.Request) { r.TopLogprobs = 3 }), body(`,"logprobs":true,"top_logprobs":3`)},
		"no reasoning":                {with(func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }), body(`,"think":false`)},
		"low effort":                  {with(func(r *llm.Request) { r.ReasoningEffort = llm.EffortLow }), body(`,"think":"low"`)},
		"high effort":                 {with(func(r *llm.Request) { r.ReasoningEffort = llm.EffortHigh }), body(`,"think":"high"`)},
		"an effort of Ollama's own":   {with(func(r *llm.Request) { r.ReasoningEffort = "max" }), body(`,"think":"max"`)},
		"thinking switched on":        {with(func(r *llm.Request) { r.Options = options(ollama.Options{Think: new(true)}) }), body(`,"think":true`)},
		"truncation by choice":        {with(func(r *llm.Request) { r.Options = options(ollama.Options{Truncate: new(true)}) }), `{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"truncate":true}`},
		"no context shift":            {with(func(r *llm.Request) { r.Options = options(ollama.Options{Shift: new(false)}) }), body(`,"shift":false`)},
		"context and threads":         {with(func(r *llm.Request) { r.Options = options(ollama.Options{NumCtx: 8192, NumThread: 2}) }), body(`,"options":{"num_ctx":8192,"num_thread":2}`)},
		"kept loaded for a time":      {with(func(r *llm.Request) { r.Options = options(ollama.Options{KeepAlive: "1h"}) }), body(`,"keep_alive":"1h"`)},
		"kept loaded for some second": {with(func(r *llm.Request) { r.Options = options(ollama.Options{KeepAlive: "300"}) }), body(`,"keep_alive":300`)},
		"kept loaded for ever":        {with(func(r *llm.Request) { r.Options = options(ollama.Options{KeepAlive: "-1"}) }), body(`,"keep_alive":-1`)},
		"unloaded at once":            {with(func(r *llm.Request) { r.Options = options(ollama.Options{KeepAlive: "0"}) }), body(`,"keep_alive":0`)},
		"thinking switched off against the effort": {
			with(func(r *llm.Request) {
				r.ReasoningEffort, r.Options = llm.EffortHigh, options(ollama.Options{Think: new(false)})
			}),
			body(`,"think":false`),
		},
		"raw options outrank settings": {
			with(func(r *llm.Request) {
				r.Temperature, r.Options = new(1.0), options(ollama.Options{
					NumCtx: 1, Raw: map[string]any{"temperature": 0.5, "num_ctx": 2, "min_p": 0.05, "use_mmap": false},
				})
			}),
			body(`,"options":{"temperature":0.5,"num_ctx":2,"min_p":0.05,"use_mmap":false}`),
		},
		"extra members outrank all": {
			with(func(r *llm.Request) {
				r.Options = options(ollama.Options{Extra: map[string]any{"truncate": nil, "_debug_render_only": true, "model": "other"}})
			}),
			`{"model":"other","messages":[{"role":"user","content":"hi"}],"stream":true,"_debug_render_only":true}`,
		},
		"options given by pointer": {
			with(func(r *llm.Request) { r.Options = []llm.Options{&ollama.Options{NumCtx: 64}} }),
			body(`,"options":{"num_ctx":64}`),
		},
		"tools": {
			with(func(r *llm.Request) {
				r.Tools = []llm.Tool{weather, {Name: "now"}}
				r.ToolChoice.Mode, r.ParallelToolCalls = llm.ToolAuto, new(true)
			}),
			body(`,"tools":[` + weatherJSON + `,{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}]`),
		},
		"tools that must not be called": {
			with(func(r *llm.Request) { r.Tools, r.ToolChoice.Mode = []llm.Tool{weather}, llm.ToolNone }),
			body(""),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.req.FailOnUnsupported = true // nothing of all this is lost
			equal(t, "the request's body", sentChat(t, test.req), fromJSON(t, test.want))
		})
	}
}

func TestConversationIsSentAsOllamaReadsIt(t *testing.T) {
	for name, test := range map[string]struct {
		messages []llm.Message
		want     string
	}{
		"texts of all roles": {
			[]llm.Message{llm.System("Be brief."), llm.User("one", llm.Text{Text: " two"}), llm.Assistant("three"), llm.User("")},
			`[{"role":"system","content":"Be brief."},{"role":"user","content":"one two"},{"role":"assistant","content":"three"},{"role":"user","content":""}]`,
		},
		"images by their bytes": {
			[]llm.Message{llm.User("What is it?", llm.Image{Data: []byte("\x89PNG"), Quality: "high"}, llm.Image{Data: []byte{0xff, 0xd8}})},
			`[{"role":"user","content":"What is it?","images":["iVBORw==","/9g="]}]`,
		},
		"reasoning and a refusal": {
			[]llm.Message{
				llm.User("a"),
				{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "Let me "}, llm.Reasoning{Text: "see."}, llm.Refusal{Text: "No."}}},
				llm.User("b"),
			},
			`[{"role":"user","content":"a"},{"role":"assistant","content":"No.","thinking":"Let me see."},{"role":"user","content":"b"}]`,
		},
		"tool calls with ids": {
			[]llm.Message{
				llm.User("weather?"),
				llm.Assistant("Let me look.",
					llm.ToolCall{ID: "call_1", Name: "get_weather", Arguments: `{"city": "Paris", "n": 12345678901234567890}`},
					llm.ToolCall{ID: "call_2", Name: "now", Arguments: ""}),
				llm.ToolResults(
					llm.ToolResult{CallID: "call_2", Content: "noon"},
					llm.ToolResult{CallID: "call_1", Name: "get_weather", Content: "sunny", IsError: true}),
			},
			`[{"role":"user","content":"weather?"},
			  {"role":"assistant","content":"Let me look.","tool_calls":[
				{"id":"call_1","function":{"name":"get_weather","arguments":{"city":"Paris","n":12345678901234567890}}},
				{"id":"call_2","function":{"name":"now","arguments":{}}}]},
			  {"role":"tool","content":"noon","tool_name":"now","tool_call_id":"call_2"},
			  {"role":"tool","content":"sunny","tool_name":"get_weather","tool_call_id":"call_1"}]`,
		},
		"tool calls without ids": {
			[]llm.Message{
				llm.User("weather?"),
				llm.Assistant("", llm.ToolCall{Name: "get_weather", Arguments: `{"city":"Paris"}`}),
				llm.ToolResults(llm.ToolResult{Name: "get_weather", Content: "sunny"}),
			},
			`[{"role":"user","content":"weather?"},
			  {"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]},
			  {"role":"tool","content":"sunny","tool_name":"get_weather"}]`,
		},
		"hints that Ollama does not have": { // Request.FailOnUnsupported exempts them
			[]llm.Message{
				llm.User("weather?", llm.Image{MediaType: "image/png", Data: []byte("png"), Quality: "high"}),
				llm.Assistant("", llm.ToolCall{Name: "get_weather", Arguments: `{"city":"Paris"}`}),
				llm.ToolResults(llm.ToolResult{Name: "get_weather", Content: "no network", IsError: true}),
			},
			`[{"role":"user","content":"weather?","images":["cG5n"]},
			  {"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]},
			  {"role":"tool","content":"no network","tool_name":"get_weather"}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sent := sentChat(t, &llm.Request{Messages: test.messages, FailOnUnsupported: true}).(map[string]any)
			equal(t, "the messages sent", sent["messages"], fromJSON(t, test.want))
		})
	}
}

func TestWhatOllamaLacksIsAWarningAndStrictlyAnError(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*llm.Request)
		want   llm.Warning // its text apart
		sent   string
	}{
		"a call required": {
			func(r *llm.Request) { r.Tools, r.ToolChoice.Mode = []llm.Tool{weather}, llm.ToolRequired },
			llm.Warning{Code: llm.WarnUnsupported, Setting: "ToolChoice"}, body(`,"tools":[` + weatherJSON + `]`),
		},
		"a tool named": {
			func(r *llm.Request) {
				r.Tools, r.ToolChoice = []llm.Tool{weather}, llm.ToolChoice{Mode: llm.ToolNamed, Name: "get_weather"}
			},
			llm.Warning{Code: llm.WarnUnsupported, Setting: "ToolChoice"}, body(`,"tools":[` + weatherJSON + `]`),
		},
		"one call at a time": {
			func(r *llm.Request) { r.Tools, r.ParallelToolCalls = []llm.Tool{weather}, new(false) },
			llm.Warning{Code: llm.WarnUnsupported, Setting: "ParallelToolCalls"}, body(`,"tools":[` + weatherJSON + `]`),
		},
		"a strict tool": {
			func(r *llm.Request) { r.Tools = []llm.Tool{weather}; r.Tools[0].Strict = new(true) },
			llm.Warning{Code: llm.WarnUnsupported, Setting: "Tools"}, body(`,"tools":[` + weatherJSON + `]`),
		},
		"a schema's description": {
			func(r *llm.Request) {
				r.Format = &llm.Format{Schema: json.RawMessage(`{"type":"object"}`), Description: "a person"}
			},
			llm.Warning{Code: llm.WarnUnsupported, Setting: "Format"}, body(`,"format":{"type":"object"}`),
		},
		"minimal effort": {
			func(r *llm.Request) { r.ReasoningEffort = llm.EffortMinimal },
			llm.Warning{Code: llm.WarnChanged, Setting: "ReasoningEffort"}, body(`,"think":"low"`),
		},
		"a participant's name": {
			func(r *llm.Request) { r.Messages[0].Name = "Ada" },
			llm.Warning{Code: llm.WarnUnsupported, Setting: "Messages"}, body(""),
		},
		"a part of another provider's": {
			func(r *llm.Request) {
				r.Messages[0].Parts = append(r.Messages[0].Parts, llm.Unknown{Type: "x", Raw: json.RawMessage(`{"type":"x"}`)})
			},
			llm.Warning{Code: llm.WarnUnsupported, Setting: "Messages"}, body(""),
		},
		"arguments that are no object": {
			func(r *llm.Request) {
				r.Messages = []llm.Message{llm.Assistant("", llm.ToolCall{Name: "get_weather", Arguments: `{"city":`})}
			},
			llm.Warning{Code: llm.WarnChanged, Setting: "Messages"},
			`{"model":"m","messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{}}}]}],"stream":true,"truncate":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := with(test.change)
			equal(t, "the request's body", sentChat(t, req), fromJSON(t, test.sent))
			resp := mustAsk(t, serve(t, streams(done)), req)
			if len(resp.Warnings) != 1 {
				t.Fatalf("there are %d warnings, %v, want one", len(resp.Warnings), resp.Warnings)
			}
			got := resp.Warnings[0]
			if got.Message == "" {
				t.Error("the warning has no text")
			}
			got.Message = ""
			equal(t, "the warning", got, test.want)

			req.FailOnUnsupported = true
			_, err := ask(t, unreachable(t), req)
			wantError(t, err, llm.Unsupported, test.want.Setting)
		})
	}
}

func TestWhatCannotBeSentIsRefusedBefore(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*llm.Request)
		kind   llm.Kind
		says   string
	}{
		"an image by URL": {
			func(r *llm.Request) { r.Messages[0] = llm.User("", llm.Image{URL: "https://example.com/a.png"}) },
			llm.Unsupported, "message 0: an image by URL is not supported: set Image.Data",
		},
		"sound": {
			func(r *llm.Request) { r.Messages[0] = llm.User("", llm.Audio{Data: []byte("RIFF")}) },
			llm.Unsupported, "llm.Audio",
		},
		"a file": {
			func(r *llm.Request) { r.Messages[0] = llm.User("", llm.File{Data: []byte("%PDF")}) },
			llm.Unsupported, "llm.File",
		},
		"a time that is none": {
			func(r *llm.Request) { r.Options = options(ollama.Options{KeepAlive: "soon"}) },
			llm.InvalidRequest, `KeepAlive is "soon"`,
		},
		"raw options that JSON does not have": {
			func(r *llm.Request) { r.Options = options(ollama.Options{Raw: map[string]any{"f": func() {}}}) },
			llm.InvalidRequest, "cannot be encoded as JSON",
		},
		"extra members that JSON does not have": {
			func(r *llm.Request) { r.Options = options(ollama.Options{Extra: map[string]any{"f": func() {}}}) },
			llm.InvalidRequest, "cannot be encoded as JSON",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, unreachable(t), with(test.change))
			wantError(t, err, test.kind, "ollama/m", test.says)
		})
	}
}

func TestRequestIsNotModified(t *testing.T) {
	req := with(func(r *llm.Request) {
		r.Tools, r.Temperature = []llm.Tool{{Name: "now"}}, new(0.0)
		r.Options = options(ollama.Options{NumCtx: 2, Raw: map[string]any{"min_p": 0.1}, Extra: map[string]any{"x": 1}})
	})
	before, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	sentChat(t, req)
	after, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the request after the call", string(after), string(before))
}

func TestOptionsRoundTripThroughJSON(t *testing.T) {
	want := ollama.Options{
		NumCtx: 4096, NumThread: 2, KeepAlive: "1h", Truncate: new(true), Shift: new(false), Think: new(false),
		Raw: map[string]any{"min_p": 0.05}, Extra: map[string]any{"_debug_render_only": true},
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got ollama.Options
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	equal(t, "the options read back from "+string(data), got, want)
}

func TestEmbeddingRequests(t *testing.T) {
	for name, test := range map[string]struct {
		req  llm.EmbedRequest
		want string
	}{
		"texts": {
			llm.EmbedRequest{Inputs: []string{"one", ""}},
			`{"model":"m","input":["one",""],"truncate":false}`,
		},
		"everything": {
			llm.EmbedRequest{Inputs: []string{"one"}, Dimensions: 64, Options: options(ollama.Options{
				NumCtx: 512, NumThread: 1, KeepAlive: "5m", Truncate: new(true),
				Raw: map[string]any{"num_gpu": 0}, Extra: map[string]any{"x": "y"},
			})},
			`{"model":"m","input":["one"],"truncate":true,"dimensions":64,"keep_alive":"5m","x":"y","options":{"num_ctx":512,"num_thread":1,"num_gpu":0}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, body, _ := sent(t, ollama.Config{}, func(ctx context.Context, p *ollama.Provider) error {
				_, err := llm.New(p, "m").Embed(ctx, &test.req)
				return err
			})
			equal(t, "the path", path, "POST /api/embed")
			equal(t, "the request's body", body, fromJSON(t, test.want))
		})
	}
}
