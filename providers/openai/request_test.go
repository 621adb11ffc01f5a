package openai_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// hi is the messages of requests whose messages do not matter.
var hi = []llm.Message{llm.User("hi")}

// body makes the body that is wanted: what every streamed request has, and these
// members in place of or besides that. A null takes a member out.
func body(t testing.TB, members string) any {
	t.Helper()
	all := fromJSON(t, `{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}`).(map[string]any)
	for name, value := range fromJSON(t, "{"+members+"}").(map[string]any) {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

// requestTest says what a request's body and warnings are.
type requestTest struct {
	name     string
	config   openai.Config
	req      llm.Request
	want     string // members of the body, as the function body takes them
	warnings []llm.Warning
}

func runRequestTests(t *testing.T, tests []requestTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.Messages == nil {
				tt.req.Messages = hi
			}
			before := snapshot(t, &tt.req)
			got := capture(t, tt.config, "m", &tt.req)
			equal(t, "body", fromJSON(t, got.Body), body(t, tt.want))
			equal(t, "warnings", got.Warnings, tt.warnings)
			equal(t, "the request after the call", snapshot(t, &tt.req), before)
		})
	}
}

// snapshot is a request as JSON, to see whether a call modified it.
func snapshot(t testing.TB, req *llm.Request) string {
	t.Helper()
	data, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSettingsAsTheyAreSent(t *testing.T) {
	runRequestTests(t, []requestTest{
		{name: "nothing set", want: ``},
		{name: "unstreamed", req: llm.Request{NonStreaming: true}, want: `"stream":null,"stream_options":null`},
		{name: "the limit on the answer", req: llm.Request{MaxTokens: 100}, want: `"max_completion_tokens":100`},
		{name: "the limit under its old name", config: openai.Config{Server: openai.LlamaCpp}, req: llm.Request{MaxTokens: 100}, want: `"max_tokens":100`},
		{
			name: "sampling",
			req: llm.Request{
				Temperature: new(0.7), TopP: new(0.95), PresencePenalty: new(-1.5), FrequencyPenalty: new(2.0), Seed: new(int64(42)),
			},
			want: `"temperature":0.7,"top_p":0.95,"presence_penalty":-1.5,"frequency_penalty":2,"seed":42`,
		},
		{
			name: "explicit zeros",
			req: llm.Request{
				Temperature: new(0.0), TopP: new(0.0), PresencePenalty: new(0.0), FrequencyPenalty: new(0.0), Seed: new(int64(0)),
				ParallelToolCalls: new(false), Tools: []llm.Tool{{Name: "f"}},
			},
			want: `"temperature":0,"top_p":0,"presence_penalty":0,"frequency_penalty":0,"seed":0,
				"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]`,
		},
		{name: "a large seed", req: llm.Request{Seed: new(int64(1<<62 + 1))}, want: `"seed":4611686018427387905`},
		{name: "a negative seed", req: llm.Request{Seed: new(int64(-1))}, want: `"seed":-1`},
		{name: "stop sequences", req: llm.Request{Stop: []string{"\n", "<END>"}}, want: `"stop":["\n","<END>"]`},
		{name: "log probabilities", req: llm.Request{Logprobs: true}, want: `"logprobs":true`},
		{name: "top log probabilities", req: llm.Request{TopLogprobs: 3}, want: `"logprobs":true,"top_logprobs":3`},
		{name: "reasoning effort", req: llm.Request{ReasoningEffort: llm.EffortHigh}, want: `"reasoning_effort":"high"`},
		{name: "no reasoning", req: llm.Request{ReasoningEffort: llm.EffortNone}, want: `"reasoning_effort":"none"`},
		{name: "no reasoning of DeepSeek's", config: openai.Config{Server: openai.DeepSeek}, req: llm.Request{ReasoningEffort: llm.EffortNone}, want: `"thinking":{"type":"disabled"}`},
		{name: "no reasoning of Together's", config: openai.Config{Server: openai.Together}, req: llm.Request{ReasoningEffort: llm.EffortNone}, want: `"reasoning":{"enabled":false}`},
		{name: "minimal reasoning", req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `"reasoning_effort":"minimal"`},
		{name: "minimal reasoning of Cerebras's", config: openai.Config{Server: openai.Cerebras}, req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `"reasoning_effort":"low"`},
		{name: "minimal reasoning of Groq's", config: openai.Config{Server: openai.Groq}, req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `"reasoning_effort":"low"`},
		{name: "minimal reasoning of Together's", config: openai.Config{Server: openai.Together}, req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `"reasoning_effort":"low"`},
		{name: "an effort of DeepSeek's", config: openai.Config{Server: openai.DeepSeek}, req: llm.Request{ReasoningEffort: "max"}, want: `"reasoning_effort":"max"`},
		{name: "an effort of tomorrow", req: llm.Request{ReasoningEffort: "xhigh"}, want: `"reasoning_effort":"xhigh"`},
		{name: "any JSON object", req: llm.Request{Format: &llm.Format{}}, want: `"response_format":{"type":"json_object"}`},
		{
			name: "a schema",
			req:  llm.Request{Format: &llm.Format{Schema: json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer","maximum":9007199254740993}}}`)}},
			want: `"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":false,
				"schema":{"type":"object","properties":{"n":{"type":"integer","maximum":9007199254740993}}}}}`,
		},
		{
			name: "a schema with all its settings",
			req:  llm.Request{Format: &llm.Format{Schema: json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`), Name: "city", Description: "a <city>", Strict: new(true)}},
			want: `"response_format":{"type":"json_schema","json_schema":{"name":"city","description":"a <city>","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}`,
		},
		{
			name: "a strict schema that the server cannot express",
			req:  llm.Request{Format: &llm.Format{Schema: json.RawMessage(`{}`), Strict: new(true)}},
			want: `"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":false,"schema":{}}}`,
			warnings: []llm.Warning{{Code: llm.WarnChanged, Setting: "Format",
				Message: "the schema is not enforced: schema: schema accepts any value, which openai-strict cannot express: give it a type"}},
		},
		{
			name: "a strict schema with an optional member and a map",
			req: llm.Request{Format: &llm.Format{Strict: new(true), Schema: json.RawMessage(
				`{"type":"object","properties":{"a":{"type":"string"},"m":{"type":"object","additionalProperties":{"type":"integer"}}},"required":["m"],"additionalProperties":false}`)}},
			want: `"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":
				{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]},
				"m":{"type":"array","description":"a list of pairs of key and value","items":{"type":"object","properties":{"key":{"type":"string"},"value":{"type":"integer"}},"required":["key","value"],"additionalProperties":false}}},
				"required":["a","m"],"additionalProperties":false}}}`,
		},
		{name: "no top_k at OpenAI", req: llm.Request{TopK: new(40)}, want: ``, warnings: []llm.Warning{lacks("TopK", "openai")}},
		{name: "top_k where it is known", config: openai.Config{Server: openai.VLLM}, req: llm.Request{TopK: new(0)}, want: `"top_k":0`},
	})
}

// lacks is the warning about a setting that a server does not have.
func lacks(setting string, server openai.Server) llm.Warning {
	return llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: string(server) + " does not support this setting; it was omitted"}
}

func TestToolsAsTheyAreSent(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)
	weather := llm.Tool{Name: "weather", Description: "Weather & more", Parameters: schema}
	const sentWeather = `{"type":"function","function":{"name":"weather","description":"Weather & more",
		"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`
	with := func(choice llm.ToolChoice, parallel *bool) llm.Request {
		return llm.Request{Tools: []llm.Tool{weather}, ToolChoice: choice, ParallelToolCalls: parallel}
	}
	runRequestTests(t, []requestTest{
		{name: "a tool", req: with(llm.ToolChoice{}, nil), want: `"tools":[` + sentWeather + `]`},
		{
			name: "strict, not strict, and without parameters",
			req: llm.Request{Tools: []llm.Tool{
				{Name: "a", Parameters: json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`), Strict: new(true)},
				{Name: "b", Strict: new(false)},
				{Name: "c"},
			}},
			want: `"tools":[
				{"type":"function","function":{"name":"a","parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false},"strict":true}},
				{"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{}},"strict":false}},
				{"type":"function","function":{"name":"c","parameters":{"type":"object","properties":{}}}}]`,
		},
		{name: "choice: auto", req: with(llm.ToolChoice{Mode: llm.ToolAuto}, nil), want: `"tools":[` + sentWeather + `],"tool_choice":"auto"`},
		{name: "choice: none", req: with(llm.ToolChoice{Mode: llm.ToolNone}, nil), want: `"tools":[` + sentWeather + `],"tool_choice":"none"`},
		{name: "choice: required", req: with(llm.ToolChoice{Mode: llm.ToolRequired}, nil), want: `"tools":[` + sentWeather + `],"tool_choice":"required"`},
		{
			name: "choice: named", req: with(llm.ToolChoice{Mode: llm.ToolNamed, Name: "weather"}, nil),
			want: `"tools":[` + sentWeather + `],"tool_choice":{"type":"function","function":{"name":"weather"}}`,
		},
		{name: "several calls at once", req: with(llm.ToolChoice{}, new(true)), want: `"tools":[` + sentWeather + `],"parallel_tool_calls":true`},
		{name: "one call at a time", req: with(llm.ToolChoice{}, new(false)), want: `"tools":[` + sentWeather + `],"parallel_tool_calls":false`},
		{name: "the switch without tools", req: llm.Request{ParallelToolCalls: new(false)}, want: ``},
		{
			name: "choice: named, where a tool cannot be named", config: openai.Config{Server: openai.LMStudio},
			req:  with(llm.ToolChoice{Mode: llm.ToolNamed, Name: "weather"}, nil),
			want: `"tools":[` + sentWeather + `],"tool_choice":"required"`,
			warnings: []llm.Warning{{
				Code: llm.WarnChanged, Setting: "ToolChoice", Message: "this server does not support a tool choice by name; a call of any tool was required instead",
			}},
		},
	})
}

func TestOptionsAsTheyAreSent(t *testing.T) {
	all := openai.Options{
		SystemRole: "developer", User: "u1", SafetyIdentifier: "s1", ServiceTier: "flex", Verbosity: "low",
		Store: new(false), Metadata: map[string]string{"k": "v"}, LogitBias: map[string]int{"50256": -100},
		Prediction: "func main() {}", ChatTemplateKwargs: map[string]any{"enable_thinking": false},
		Extra: map[string]any{"web_search_options": map[string]any{}, "n": 1},
	}
	const sentAll = `"messages":[{"role":"developer","content":"be brief"},{"role":"user","content":"hi"}],
		"user":"u1","safety_identifier":"s1","service_tier":"flex","verbosity":"low","store":false,"metadata":{"k":"v"},
		"logit_bias":{"50256":-100},"prediction":{"type":"content","content":"func main() {}"},
		"chat_template_kwargs":{"enable_thinking":false},"web_search_options":{},"n":1`
	messages := []llm.Message{llm.System("be brief"), llm.User("hi")}
	runRequestTests(t, []requestTest{
		{name: "all", req: llm.Request{Messages: messages, Options: []llm.Options{all}}, want: sentAll},
		{name: "all, by pointer", req: llm.Request{Messages: messages, Options: []llm.Options{&all}}, want: sentAll},
		{name: "all, at another server", config: openai.Config{Server: openai.VLLM}, req: llm.Request{Messages: messages, Options: []llm.Options{all}}, want: sentAll},
		{name: "stored", req: llm.Request{Options: []llm.Options{openai.Options{Store: new(true)}}}, want: `"store":true`},
		{name: "another provider's", req: llm.Request{Options: []llm.Options{foreign{}}}, want: ``},
		{
			name: "extra members outrank all else",
			req: llm.Request{Temperature: new(0.5), MaxTokens: 5, Options: []llm.Options{openai.Options{
				User: "u", Extra: map[string]any{"temperature": 0.9, "user": "x", "model": "other", "max_completion_tokens": 6},
			}}},
			want: `"temperature":0.9,"user":"x","model":"other","max_completion_tokens":6`,
		},
	})
}

type foreign struct{}

func (foreign) ProviderName() string { return "gemini" }

func TestEveryPresetLeavesOutWhatItsServerRefuses(t *testing.T) {
	full := func() llm.Request {
		return llm.Request{
			Messages: []llm.Message{{Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{llm.Text{Text: "hi"}}}},
			Tools:    []llm.Tool{{Name: "f"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, ParallelToolCalls: new(true),
			MaxTokens: 9, Temperature: new(1.0), TopP: new(1.0), TopK: new(1), Seed: new(int64(1)), PresencePenalty: new(1.0),
			FrequencyPenalty: new(1.0), Stop: []string{"."}, ReasoningEffort: llm.EffortLow, Logprobs: true, TopLogprobs: 1,
			Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)},
		}
	}
	for server, left := range map[openai.Server][]string{
		openai.OpenAI:     {"TopK"},
		openai.Azure:      {"TopK"},
		openai.LlamaCpp:   {"ToolChoice"},
		openai.VLLM:       nil,
		openai.LMStudio:   {"Logprobs", "TopLogprobs", "ParallelToolCalls", "ToolChoice"},
		openai.Cerebras:   {"TopK"},
		openai.Groq:       {"Messages", "TopK", "Logprobs", "TopLogprobs", "PresencePenalty", "FrequencyPenalty"},
		openai.Together:   {"Logprobs", "TopLogprobs"},
		openai.OpenRouter: nil,
		openai.DeepSeek:   {"TopK", "Seed", "ParallelToolCalls", "Format", "ToolChoice"},
	} {
		t.Run(string(server), func(t *testing.T) {
			fields := map[string]string{
				"TopK": "top_k", "Logprobs": "logprobs", "TopLogprobs": "top_logprobs", "ParallelToolCalls": "parallel_tool_calls",
				"PresencePenalty": "presence_penalty", "FrequencyPenalty": "frequency_penalty", "Seed": "seed", "ReasoningEffort": "reasoning_effort",
			}
			req := full()
			got := capture(t, openai.Config{Server: server}, "m", &req)
			sentBody := fromJSON(t, got.Body).(map[string]any)
			var warned []string
			for _, w := range got.Warnings {
				warned = append(warned, w.Setting)
			}
			slices.Sort(warned)
			equal(t, "settings warned of", warned, slices.Sorted(slices.Values(left)))
			for setting, member := range fields {
				if _, isSent := sentBody[member]; isSent == slices.Contains(left, setting) {
					t.Errorf("%s is sent: %t, want %t", member, isSent, !isSent)
				}
			}
			first := sentBody["messages"].([]any)[0].(map[string]any)
			if _, named := first["name"]; named == slices.Contains(left, "Messages") {
				t.Errorf("the participant's name is sent: %t, want %t", named, !named)
			}

			strict := full()
			strict.FailOnUnsupported = true
			_, err := model(t, openai.Config{Server: server}, streams(events(text("ok"), finish("stop"), usage))).Generate(t.Context(), &strict)
			if left == nil {
				equal(t, "error in strict mode", err, error(nil))
			} else {
				e := wantError(t, err, llm.Unsupported)
				equal(t, "status of a request that was not sent", e.Status, 0)
			}
		})
	}
}

func TestDeepSeekForcesCallsOnlyWithoutReasoning(t *testing.T) {
	const tools = `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]`
	left := []llm.Warning{{
		Code: llm.WarnChanged, Setting: "ToolChoice",
		Message: "this server does not support forced tool calls while the model reasons, so the tool choice was omitted; set ReasoningEffort to none to force a call",
	}}
	for _, tt := range []struct {
		name     string
		choice   llm.ToolChoice
		effort   llm.ReasoningEffort
		want     string
		warnings []llm.Warning
	}{
		{"one tool, by default", llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, "", "", left},
		{"any tool, by default", llm.ToolChoice{Mode: llm.ToolRequired}, "", "", left},
		{"any tool, with reasoning", llm.ToolChoice{Mode: llm.ToolRequired}, llm.EffortHigh, `,"reasoning_effort":"high"`, left},
		{"any tool, without reasoning", llm.ToolChoice{Mode: llm.ToolRequired}, llm.EffortNone, `,"thinking":{"type":"disabled"},"tool_choice":"required"`, nil},
		{"no tool", llm.ToolChoice{Mode: llm.ToolNone}, "", `,"tool_choice":"none"`, nil},
		{"the model's choice", llm.ToolChoice{Mode: llm.ToolAuto}, "", `,"tool_choice":"auto"`, nil},
	} {
		runRequestTests(t, []requestTest{{
			name: tt.name, config: openai.Config{Server: openai.DeepSeek},
			req:  llm.Request{Tools: []llm.Tool{{Name: "f"}}, ToolChoice: tt.choice, ReasoningEffort: tt.effort},
			want: tools + tt.want, warnings: tt.warnings,
		}})
	}
}

func TestOldVersionsOfAzureAreAskedForWhatTheyKnow(t *testing.T) {
	for version, want := range map[string]string{
		"2024-06-01":         `"max_tokens":3,"stream_options":null`,
		"2024-08-01-preview": `"max_tokens":3,"stream_options":null`,
		"2024-09-01-preview": `"max_completion_tokens":3`,
		"2024-10-21":         `"max_completion_tokens":3`,
		"":                   `"max_completion_tokens":3`,
	} {
		runRequestTests(t, []requestTest{{
			name: version, config: openai.Config{Server: openai.Azure, AzureAPIVersion: version}, req: llm.Request{MaxTokens: 3}, want: want,
		}})
	}
	own := &openai.Quirks{MaxTokensField: openai.MaxTokens}
	runRequestTests(t, []requestTest{{
		name: "the user's own quirks", config: openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-06-01", Quirks: own},
		req: llm.Request{MaxTokens: 3}, want: `"max_tokens":3`,
	}})
}

func TestQuirksOfAnUnknownServer(t *testing.T) {
	quirks := &openai.Quirks{NoStreamOptions: true, NoJSONSchema: true, MaxTokensField: openai.MaxTokens, Unsupported: []openai.Setting{openai.SettingStop, openai.SettingTemperature}}
	runRequestTests(t, []requestTest{{
		name: "all at once", config: openai.Config{BaseURL: "http://server.test", Quirks: quirks},
		req: llm.Request{
			MaxTokens: 3, Stop: []string{"x"}, Temperature: new(0.0), Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)},
		},
		want: `"max_tokens":3,"stream_options":null,"response_format":{"type":"json_object"}`,
		warnings: []llm.Warning{
			lacks("Temperature", "openai"), lacks("Stop", "openai"),
			{Code: llm.WarnChanged, Setting: "Format", Message: "this server does not support JSON schemas; any JSON object was requested instead"},
		},
	}, {
		name: "no free JSON object", config: openai.Config{BaseURL: "http://server.test", Quirks: &openai.Quirks{NoJSONObject: true}},
		req:  llm.Request{Format: &llm.Format{}},
		want: `"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":false,"schema":{"type":"object"}}}`,
	}})
}

func TestRequestIsSentAsItIsWritten(t *testing.T) {
	const strange = "<b>&amp; \u2028 \x00 \"\\ 🦙 é \uFFFD"
	got := capture(t, openai.Config{}, "m", llm.Prompt(strange))
	decoded := fromJSON(t, got.Body).(map[string]any)
	content := decoded["messages"].([]any)[0].(map[string]any)["content"]
	if diff := cmp.Diff(any(strange), content); diff != "" {
		t.Errorf("the text after a round trip (-want +got):\n%s", diff)
	}
	equal(t, "content type", got.Header.Get("Content-Type"), "application/json")
}
