package anthropic_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

// A row has a request and members of the body that it must become. A nil member must be
// absent.
type row struct {
	model    string // the default is modelName
	req      llm.Request
	want     map[string]string // JSON by member; "" means absent
	warnings []string          // the settings of the warnings
}

func check(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, test := range rows {
		t.Run(name, func(t *testing.T) {
			if test.model == "" {
				test.model = modelName
			}
			if test.req.Messages == nil {
				test.req.Messages = []llm.Message{llm.User("hi")}
			}
			body, warnings := sent(t, test.model, &test.req)
			for member, want := range test.want {
				got, ok := body[member]
				switch {
				case want == "" && ok:
					t.Errorf("the body has the member %s: %v", member, got)
				case want != "":
					equal(t, "the member "+member, got, fromJSON(t, want))
				}
			}
			var settings []string
			for _, w := range warnings {
				settings = append(settings, w.Setting)
			}
			equal(t, "the settings of the warnings", settings, test.warnings)
			if len(test.warnings) > 0 && test.warnings[0] != "" && warnings[0].Code != llm.WarnStateOmitted {
				test.req.FailOnUnsupported = true
				_, err := llm.New(provider(t, anthropic.Config{}), test.model).Generate(t.Context(), &test.req)
				wantError(t, err, llm.Unsupported, test.warnings[0])
			}
		})
	}
}

func messages(parts ...string) map[string]string {
	return map[string]string{"messages": "[" + strings.Join(parts, ",") + "]"}
}

var png = []byte("\x89PNG\r\n\x1a\n")

const (
	hi  = `{"role":"user","content":[{"type":"text","text":"hi"}]}`
	yes = `{"role":"assistant","content":[{"type":"text","text":"yes"}]}`
)

func TestMessages(t *testing.T) {
	call := func(id string) llm.ToolCall { return llm.ToolCall{ID: id, Name: "f", Arguments: `{"a":1}`} }
	result := func(id, content string) llm.ToolResult { return llm.ToolResult{CallID: id, Content: content} }
	const use = `{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}`
	check(t, map[string]row{
		"plain": {want: map[string]string{
			"model": `"claude-sonnet-5"`, "max_tokens": `64000`, "stream": `true`, "messages": "[" + hi + "]", "system": "", "temperature": "", "thinking": "",
		}},
		"system messages": {
			req: llm.Request{Messages: []llm.Message{llm.System("Be brief."), llm.System(" "), llm.User("hi"), llm.System("In French.")}},
			want: map[string]string{
				"system": `[{"type":"text","text":"Be brief."},{"type":"text","text":"In French."}]`, "messages": "[" + hi + "]",
			},
			warnings: []string{"Messages"},
		},
		"a late system message of a model that accepts it": {
			model: "claude-opus-4-8", req: llm.Request{Messages: []llm.Message{llm.System("Be brief."), llm.User("hi"), llm.System("In French."), llm.Assistant("yes"), llm.User("hi"), llm.System(" ")}},
			want: map[string]string{
				"system":   `[{"type":"text","text":"Be brief."}]`,
				"messages": "[" + hi + `,{"role":"system","content":[{"type":"text","text":"In French."}]},` + yes + "," + hi + "]",
			},
		},
		"a late system message at another place": {
			model: "claude-opus-4-8", req: llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("yes"), llm.System("In French."), llm.User("hi")}},
			want:     map[string]string{"system": `[{"type":"text","text":"In French."}]`, "messages": "[" + hi + "," + yes + "," + hi + "]"},
			warnings: []string{"Messages"},
		},
		"results that the caller made": {
			req:  llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("", call("c1")), llm.User("", anthropic.Block([]byte(`{"type":"tool_result","tool_use_id":"c1","content":[]}`)))}},
			want: messages(hi, `{"role":"assistant","content":[`+use+`]}`, `{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[]}]}`),
		},
		"turns of one role are joined": {
			req:  llm.Request{Messages: []llm.Message{llm.User("a"), llm.User("b")}},
			want: messages(`{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`),
		},
		"blank texts are omitted": {
			req:  llm.Request{Messages: []llm.Message{llm.User("hi", llm.Text{Text: " \n"}), llm.Assistant(""), llm.User("")}},
			want: messages(hi),
		},
		"images": {
			req: llm.Request{Messages: []llm.Message{llm.User("", llm.Image{Data: png}, llm.Image{URL: "https://x.example/a.png"}, llm.Image{URL: "data:image/gif;base64,R0lG"})}},
			want: messages(`{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},` +
				`{"type":"image","source":{"type":"url","url":"https://x.example/a.png"}},{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"R0lG"}}]}`),
		},
		"documents": {
			req: llm.Request{Messages: []llm.Message{llm.User("", llm.File{Name: "a.pdf", Data: []byte("%PDF-1.7")}, llm.File{Name: "n.txt", Data: []byte("né")}, llm.File{URL: "https://x.example/a.pdf"})}},
			want: messages(`{"role":"user","content":[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjc="}},` +
				`{"type":"document","title":"n.txt","source":{"type":"text","media_type":"text/plain","data":"né"}},` +
				`{"type":"document","source":{"type":"url","url":"https://x.example/a.pdf"}}]}`),
		},
		"documents with citations": {
			req:  llm.Request{Messages: []llm.Message{llm.User("", llm.File{Data: []byte("text")})}, Options: []llm.Options{anthropic.Options{Citations: true}}},
			want: messages(`{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"text"},"citations":{"enabled":true}}]}`),
		},
		"blocks of the caller": {
			req:  llm.Request{Messages: []llm.Message{llm.User("", anthropic.Block([]byte(`{"type":"search_result","title":"t"}`)))}},
			want: messages(`{"role":"user","content":[{"type":"search_result","title":"t"}]}`),
		},
		"ids of other servers": {
			req: llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("", call("functions.f:3"), call("functions_f_3"), call("")),
				llm.ToolResults(result("functions.f:3", "a"), result("functions_f_3", "b"), llm.ToolResult{Name: "f", Content: "c"})}},
			want: messages(hi, `{"role":"assistant","content":[`+strings.ReplaceAll(use, "c1", "functions_f_3")+`,`+
				strings.ReplaceAll(use, "c1", "functions_f_3_2")+`,`+strings.ReplaceAll(use, "c1", "call_1_2")+`]}`,
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"functions_f_3","content":"a"},`+
					`{"type":"tool_result","tool_use_id":"functions_f_3_2","content":"b"},{"type":"tool_result","tool_use_id":"call_1_2","content":"c"}]}`),
		},
		"arguments that are no object": {
			req: llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("", llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":`}), llm.ToolResults(result("c1", "x"))}},
			want: messages(hi, `{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]}`,
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"x"}]}`),
			warnings: []string{"Messages"},
		},
		"reasoning of another provider": {
			req: llm.Request{Messages: []llm.Message{llm.User("hi"), {Role: llm.RoleAssistant, Parts: []llm.Part{
				llm.Reasoning{Text: "Hm", ProviderData: &llm.ProviderData{Provider: "gemini", Data: []byte(`{"signature":"x"}`)}}, llm.Text{Text: "yes"}}}}},
			want:     messages(hi, yes),
			warnings: []string{"Messages"},
		},
		"parts of other providers": {
			req:      llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("yes", llm.Code{Source: "1"}, llm.Unknown{Type: "gemini.part", Raw: json.RawMessage(`{"type":"gemini.part"}`)}, llm.Refusal{Text: "no"})}},
			want:     messages(hi, `{"role":"assistant","content":[{"type":"text","text":"yes"},{"type":"text","text":"no"}]}`),
			warnings: []string{"Messages", "Messages"},
		},
	})
}

func TestUploadedFilesNeedABeta(t *testing.T) {
	got := received(t, anthropic.Config{}, func(ctx context.Context, p *anthropic.Provider) error {
		_, err := llm.New(p, modelName).Generate(ctx, &llm.Request{
			Messages: []llm.Message{llm.User("", llm.File{ID: "file_1"})}, Options: []llm.Options{anthropic.Options{Betas: []string{"b-1"}}},
		})
		return err
	})
	equal(t, "the betas", got.header["Anthropic-Beta"], []string{"b-1,files-api-2025-04-14"})
	equal(t, "the messages", got.body["messages"], fromJSON(t, `[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]}]`))
}

func TestPartsThatCannotBeSentAreErrors(t *testing.T) {
	for name, test := range map[string]struct {
		part llm.Part
		kind llm.Kind
		says string
	}{
		"audio":               {llm.Audio{Data: []byte("a")}, llm.Unsupported, "llm.Audio"},
		"a word document":     {llm.File{Name: "a.bin", Data: []byte("\x00\x01")}, llm.Unsupported, "PDF or text"},
		"an odd data URL":     {llm.Image{URL: "data:image/png,abc"}, llm.Unsupported, "base64"},
		"a block not of JSON": {anthropic.Block([]byte(`{`)), llm.InvalidRequest, "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, provider(t, anthropic.Config{}), &llm.Request{Messages: []llm.Message{llm.User("hi", test.part)}})
			wantError(t, err, test.kind, "message 0", test.says)
		})
	}
	_, err := ask(t, provider(t, anthropic.Config{}), &llm.Request{Messages: []llm.Message{llm.System("hi")}})
	wantError(t, err, llm.InvalidRequest, "add a user message")
	_, err = ask(t, provider(t, anthropic.Config{}), &llm.Request{Messages: []llm.Message{{Role: llm.RoleSystem, Parts: []llm.Part{llm.Image{Data: png}}}}})
	wantError(t, err, llm.Unsupported, "system message")
}

func TestSettings(t *testing.T) {
	const old = "claude-haiku-4-5-20251001"
	check(t, map[string]row{
		"limits":                    {req: llm.Request{MaxTokens: 9, Stop: []string{"END"}}, want: map[string]string{"max_tokens": `9`, "stop_sequences": `["END"]`}},
		"not streamed":              {req: llm.Request{NonStreaming: true}, want: map[string]string{"max_tokens": `21333`, "stream": ""}},
		"not streamed, but long":    {req: llm.Request{NonStreaming: true, MaxTokens: 30000}, want: map[string]string{"max_tokens": `30000`, "stream": `true`}},
		"an older model":            {model: "claude-opus-4-1-20250805", want: map[string]string{"max_tokens": `8192`}},
		"a model of another vendor": {model: "deepseek-v4", want: map[string]string{"max_tokens": `4096`}},
		"sampling of an older model": {
			model: old, req: llm.Request{Temperature: new(0.0), TopK: new(5)}, want: map[string]string{"temperature": `0`, "top_k": `5`, "top_p": ""},
		},
		"top_p of an older model": {model: old, req: llm.Request{TopP: new(0.0)}, want: map[string]string{"top_p": `0`}},
		"temperature beside top_p": {
			model: old, req: llm.Request{Temperature: new(0.5), TopP: new(0.9)}, want: map[string]string{"temperature": `0.5`, "top_p": ""}, warnings: []string{"TopP"},
		},
		"sampling of a newer model": {
			req: llm.Request{Temperature: new(0.5), TopP: new(0.9), TopK: new(1)}, want: map[string]string{"temperature": "", "top_p": "", "top_k": ""},
			warnings: []string{"Temperature", "TopP", "TopK"},
		},
		"sampling of a model of another host": {
			model: "us.anthropic.claude-opus-4-7-v1", req: llm.Request{TopK: new(1)}, want: map[string]string{"top_k": ""}, warnings: []string{"TopK"},
		},
		"settings that the API does not have": {
			req:      llm.Request{Seed: new(int64(1)), PresencePenalty: new(0.1), FrequencyPenalty: new(0.1), TopLogprobs: 2, Logprobs: true},
			warnings: []string{"Seed", "PresencePenalty", "FrequencyPenalty", "Logprobs", "TopLogprobs"},
		},
		"options": {
			req: llm.Request{Options: []llm.Options{anthropic.Options{
				UserID: "u1", ServiceTier: "standard_only", Container: "c1", ServerTools: []map[string]any{{"type": "web_search_20250305", "name": "web_search"}},
				Extra: map[string]any{"speed": "fast", "max_tokens": 7},
			}}},
			want: map[string]string{
				"metadata": `{"user_id":"u1"}`, "service_tier": `"standard_only"`, "container": `"c1"`, "speed": `"fast"`, "max_tokens": `7`,
				"tools": `[{"type":"web_search_20250305","name":"web_search"}]`,
			},
		},
	})
}

func TestNewerVersionsRejectSampling(t *testing.T) {
	got := received(t, anthropic.Config{Version: "2026-10-21"}, func(ctx context.Context, p *anthropic.Provider) error {
		_, err := llm.New(p, "claude-haiku-4-5").Generate(ctx, &llm.Request{Messages: []llm.Message{llm.User("hi")}, Temperature: new(1.0)})
		return err
	})
	equal(t, "the request", []any{got.header.Get("Anthropic-Version"), got.body["temperature"]}, []any{"2026-10-21", nil})
}

func TestTools(t *testing.T) {
	tools := []llm.Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`), Strict: new(true)}, {Name: "g"}}
	const sentTools = `[{"name":"f","description":"d","input_schema":{"type":"object","properties":{},"additionalProperties":false},"strict":true},{"name":"g","input_schema":{"type":"object","properties":{}}}]`
	choice := func(mode llm.ToolMode, name string) llm.Request {
		return llm.Request{Tools: tools, ToolChoice: llm.ToolChoice{Mode: mode, Name: name}}
	}
	one := choice("", "")
	one.ParallelToolCalls = new(false)
	none := choice(llm.ToolNone, "")
	none.ParallelToolCalls = new(false)
	thinking := choice(llm.ToolRequired, "")
	thinking.ReasoningEffort = llm.EffortHigh
	check(t, map[string]row{
		"default":          {req: choice("", ""), want: map[string]string{"tools": sentTools, "tool_choice": ""}},
		"auto":             {req: choice(llm.ToolAuto, ""), want: map[string]string{"tool_choice": `{"type":"auto"}`}},
		"none":             {req: none, want: map[string]string{"tools": sentTools, "tool_choice": `{"type":"none"}`}},
		"required":         {req: choice(llm.ToolRequired, ""), want: map[string]string{"tool_choice": `{"type":"any"}`}},
		"named":            {req: choice(llm.ToolNamed, "g"), want: map[string]string{"tool_choice": `{"type":"tool","name":"g"}`}},
		"one at a time":    {req: one, want: map[string]string{"tool_choice": `{"type":"auto","disable_parallel_tool_use":true}`}},
		"forced, adaptive": {req: thinking, want: map[string]string{"tool_choice": `{"type":"any"}`}},
		"forced, by budget": {
			model: "claude-sonnet-4-5", req: thinking, want: map[string]string{"tool_choice": `{"type":"auto"}`}, warnings: []string{"ToolChoice"},
		},
		"forced, refused": {
			model: "claude-fable-5-1", req: choice(llm.ToolNamed, "g"), want: map[string]string{"tool_choice": `{"type":"auto"}`}, warnings: []string{"ToolChoice"},
		},
		"forced, Opus 5.5": {
			model: "claude-opus-5-5", req: choice(llm.ToolRequired, ""), want: map[string]string{"tool_choice": `{"type":"auto"}`}, warnings: []string{"ToolChoice"},
		},
	})
}

func TestFormat(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`)
	check(t, map[string]row{
		"native": {
			req:  llm.Request{Format: &llm.Format{Schema: schema}, ReasoningEffort: llm.EffortLow},
			want: map[string]string{"output_config": `{"effort":"low","format":{"type":"json_schema","schema":` + string(schema) + `}}`, "tools": ""},
		},
		"with a description": {
			req: llm.Request{Format: &llm.Format{Schema: schema, Description: "d"}}, warnings: []string{"Format"},
		},
		"by tool": {
			model: "claude-opus-4-1", req: llm.Request{Format: &llm.Format{Schema: schema, Name: "city", Description: "A city."}},
			want: map[string]string{
				"output_config": "", "tools": `[{"name":"city","description":"A city.","input_schema":` + string(schema) + `}]`, "tool_choice": `{"type":"tool","name":"city"}`,
			},
		},
		"by tool, beside tools": {
			model: "claude-opus-4-1", req: llm.Request{Format: &llm.Format{Schema: schema}, Tools: []llm.Tool{{Name: "answer"}}},
			want: map[string]string{"tool_choice": `{"type":"any"}`, "tools": `[{"name":"answer","input_schema":{"type":"object","properties":{}}},` +
				`{"name":"answer_format","description":"Call this tool with the final answer.","input_schema":` + string(schema) + `}]`},
		},
		"any object": {
			req: llm.Request{Format: &llm.Format{}},
			want: map[string]string{"tools": `[{"name":"answer","description":"Call this tool with the final answer.","input_schema":{"type":"object"}}]`,
				"tool_choice": `{"type":"tool","name":"answer"}`},
		},
	})
}

func TestAnswerByToolIsText(t *testing.T) {
	for name, stream := range map[string]string{
		"streamed": events(append([]string{begin, start(`{"type":"tool_use","id":"t","name":"answer","input":{}}`),
			delta(inputDelta(`{"city":`)), delta(inputDelta(`"Rome"}`)), stopAt(0)}, end("tool_use")...)...),
		"at once": events(append([]string{begin, start(`{"type":"tool_use","id":"t","name":"answer","input":{"city":"Rome"}}`), stopAt(0)}, end("tool_use")...)...),
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := ask(t, handledBy(t, says(200, eventType, stream)), &llm.Request{Messages: []llm.Message{llm.User("hi")}, Format: &llm.Format{}})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the answer", []any{resp.Text(), len(resp.ToolCalls()), resp.FinishReason}, []any{`{"city":"Rome"}`, 0, llm.FinishStop})
		})
	}
}

func TestThinkingByModel(t *testing.T) {
	effort := func(e llm.ReasoningEffort) llm.Request { return llm.Request{ReasoningEffort: e} }
	const adaptive = `{"type":"adaptive","display":"summarized"}`
	config := func(e string) string { return `{"effort":"` + e + `"}` }
	small := effort(llm.EffortHigh)
	small.MaxTokens = 4000
	tiny := effort(llm.EffortHigh)
	tiny.MaxTokens = 1000
	cool := effort(llm.EffortLow)
	cool.Temperature, cool.TopP, cool.TopK = new(0.2), new(0.96), new(3)
	warm := effort(llm.EffortLow)
	warm.Temperature = new(1.0)
	check(t, map[string]row{
		"adaptive":                  {req: effort(llm.EffortHigh), want: map[string]string{"thinking": adaptive, "output_config": config("high")}},
		"adaptive, xhigh":           {model: "claude-opus-4-8", req: effort("xhigh"), want: map[string]string{"thinking": adaptive, "output_config": config("xhigh")}},
		"adaptive, minimal":         {req: effort(llm.EffortMinimal), want: map[string]string{"thinking": adaptive, "output_config": config("low")}, warnings: []string{"ReasoningEffort"}},
		"a model newer than this":   {model: "claude-opus-9", req: effort(llm.EffortLow), want: map[string]string{"thinking": adaptive, "output_config": config("low")}},
		"off":                       {req: effort(llm.EffortNone), want: map[string]string{"thinking": `{"type":"disabled"}`, "output_config": ""}},
		"off by default":            {model: "claude-opus-4-8", req: effort(llm.EffortNone), want: map[string]string{"thinking": "", "output_config": ""}},
		"off between tools":         {model: "claude-sonnet-5-5", req: effort(llm.EffortNone), want: map[string]string{"thinking": `{"type":"between_tools"}`}},
		"cannot be off":             {model: "claude-fable-5", req: effort(llm.EffortNone), want: map[string]string{"thinking": "", "output_config": config("low")}, warnings: []string{"ReasoningEffort"}},
		"cannot be off, Opus 5.5":   {model: "claude-opus-5-5", req: effort(llm.EffortNone), want: map[string]string{"thinking": ""}, warnings: []string{"ReasoningEffort"}},
		"budget":                    {model: "claude-sonnet-4-5", req: effort(llm.EffortMedium), want: map[string]string{"thinking": `{"type":"enabled","budget_tokens":8192}`, "output_config": "", "max_tokens": `64000`}},
		"budget, off":               {model: "claude-sonnet-4-5", req: effort(llm.EffortNone), want: map[string]string{"thinking": ""}},
		"budget beyond the default": {model: "claude-3-7-sonnet", req: effort(llm.EffortHigh), want: map[string]string{"thinking": `{"type":"enabled","budget_tokens":24576}`, "max_tokens": `28672`}},
		"budget beyond the limit":   {model: "claude-sonnet-4-5", req: small, want: map[string]string{"thinking": `{"type":"enabled","budget_tokens":2000}`, "max_tokens": `4000`}, warnings: []string{"ReasoningEffort"}},
		"no room for a budget":      {model: "claude-sonnet-4-5", req: tiny, want: map[string]string{"thinking": ""}, warnings: []string{"ReasoningEffort"}},
		"unknown effort":            {model: "claude-sonnet-4-5", req: effort("extreme"), want: map[string]string{"thinking": ""}, warnings: []string{"ReasoningEffort"}},
		"no thinking":               {model: "claude-3-5-haiku-20241022", req: effort(llm.EffortLow), want: map[string]string{"thinking": ""}, warnings: []string{"ReasoningEffort"}},
		"no thinking, off":          {model: "claude-3-5-haiku-20241022", req: effort(llm.EffortNone), want: map[string]string{"thinking": ""}},
		"another vendor":            {model: "kimi-k3", req: effort(llm.EffortLow), want: map[string]string{"thinking": `{"type":"enabled","budget_tokens":2048}`}},
		"another vendor, off":       {model: "kimi-k3", req: effort(llm.EffortNone), want: map[string]string{"thinking": `{"type":"disabled"}`}},
		"sampling with a budget": {
			model: "claude-sonnet-4-5", req: cool, want: map[string]string{"temperature": "", "top_k": "", "top_p": `0.96`}, warnings: []string{"Temperature", "TopK"},
		},
		"temperature 1 with a budget": {model: "claude-sonnet-4-5", req: warm, want: map[string]string{"temperature": `1`}},
		"options": {
			model: "claude-opus-4-6", req: llm.Request{Options: []llm.Options{anthropic.Options{ThinkingBudget: 2000, ThinkingDisplay: "omitted"}}},
			want: map[string]string{"thinking": `{"type":"enabled","budget_tokens":2000,"display":"omitted"}`},
		},
		"display alone": {
			req: llm.Request{Options: []llm.Options{anthropic.Options{ThinkingDisplay: "summarized"}}}, want: map[string]string{"thinking": adaptive},
		},
	})
}

func TestCacheBreakpoints(t *testing.T) {
	const mark = `"cache_control":{"type":"ephemeral"}`
	cached := func(ttl string) []llm.Options { return []llm.Options{anthropic.Options{Cache: ttl}} }
	given := anthropic.Block([]byte(`{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}`))
	check(t, map[string]row{
		"tools, system and messages": {
			req: llm.Request{Messages: []llm.Message{llm.System("s"), llm.System("t"), llm.User("a"), llm.User("b")}, Tools: []llm.Tool{{Name: "f"}, {Name: "g"}}, Options: cached("5m")},
			want: map[string]string{
				"system":   `[{"type":"text","text":"s"},{"type":"text","text":"t",` + mark + `}]`,
				"messages": `[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b",` + mark + `}]}]`,
				"tools":    `[{"name":"f","input_schema":{"type":"object","properties":{}}},{"name":"g","input_schema":{"type":"object","properties":{}},` + mark + `}]`,
			},
		},
		"for an hour": {
			req:  llm.Request{Options: cached("1h")},
			want: map[string]string{"messages": `[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`},
		},
		"breakpoints of the caller count": {
			req: llm.Request{Messages: []llm.Message{llm.System("s"), llm.User("", given, given, given, llm.Text{Text: "b"})}, Options: cached("5m")},
			want: map[string]string{"system": `[{"type":"text","text":"s"}]`, "messages": `[{"role":"user","content":[` + strings.Repeat(`{"type":"text","text":"a",`+mark+`},`, 3) +
				`{"type":"text","text":"b",` + mark + `}]}]`},
		},
	})
}

func TestCredentialsAndHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		config anthropic.Config
		want   map[string]string
	}{
		"key":   {anthropic.Config{APIKey: key}, map[string]string{"X-Api-Key": key, "Authorization": "", "Anthropic-Version": "2023-06-01", "Anthropic-Beta": ""}},
		"token": {anthropic.Config{TokenSource: func(context.Context) (string, error) { return "t1", nil }}, map[string]string{"X-Api-Key": "", "Authorization": "Bearer t1"}},
		"none":  {anthropic.Config{Header: map[string][]string{"Anthropic-Beta": {"b-2"}, "X-Team": {"a"}}}, map[string]string{"X-Api-Key": "", "Authorization": "", "X-Team": "a", "Anthropic-Beta": "b-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := received(t, test.config, func(ctx context.Context, p *anthropic.Provider) error {
				_, err := llm.New(p, modelName).Generate(ctx, llm.Prompt("hi"))
				return err
			})
			for header, want := range test.want {
				equal(t, header, got.header.Get(header), want)
			}
		})
	}
}

func TestTokensAreCountedByTheServer(t *testing.T) {
	var count *llm.TokenCount
	got := received(t, anthropic.Config{BaseURL: "https://gateway.example/v1/"}, func(ctx context.Context, p *anthropic.Provider) (err error) {
		count, err = llm.New(p, "claude-haiku-4-5").CountTokens(ctx, &llm.Request{
			Messages: []llm.Message{llm.System("s"), llm.User("hi")}, Temperature: new(0.5), Stop: []string{"x"}, Tools: []llm.Tool{{Name: "f"}},
		})
		return err
	})
	equal(t, "the count", *count, llm.TokenCount{Tokens: 3, Source: "the server's count_tokens"})
	equal(t, "the path", got.path, "POST /v1/messages/count_tokens")
	equal(t, "the body", any(got.body), fromJSON(t, `{"model":"claude-haiku-4-5","system":[{"type":"text","text":"s"}],"messages":[`+hi+`],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}`))
}

func TestAnswersThatCanBeContinued(t *testing.T) {
	for model, want := range map[string]bool{"claude-haiku-4-5": true, "claude-3-haiku-20240307": true, modelName: false, "kimi-k3": false} {
		p := handledBy(t, says(200, eventType, events(append([]string{begin}, end("end_turn")...)...)))
		for ev, err := range llm.New(p, model).Stream(t.Context(), llm.Prompt("hi")).Events() {
			if err != nil {
				t.Fatal(err)
			}
			if start, ok := ev.Detail.(*llm.Start); ok {
				equal(t, model, start.CanContinue, want)
			}
		}
	}
}
