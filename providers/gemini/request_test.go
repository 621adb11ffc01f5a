package gemini_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

// own returns the options of this provider, for requests in one line.
func own(o gemini.Options) func(*llm.Request) {
	return func(r *llm.Request) { r.Options = options(o) }
}

func TestSettings(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer"}}}`)
	for name, tt := range map[string]struct {
		model  string // empty is a model before Gemini 3
		change func(*llm.Request)
		want   string // beyond the contents
	}{
		"nothing": {"", func(*llm.Request) {}, `{}`},
		"explicit zeros": {"", func(r *llm.Request) {
			r.Temperature, r.TopP, r.TopK, r.Seed, r.PresencePenalty, r.FrequencyPenalty = new(0.0), new(0.0), new(0), new(int64(0)), new(0.0), new(0.0)
		}, `{"generationConfig":{"temperature":0,"topP":0,"topK":0,"seed":0,"presencePenalty":0,"frequencyPenalty":0}}`},
		"exact numbers": {"", func(r *llm.Request) {
			r.Temperature, r.TopP, r.TopK, r.Seed, r.MaxTokens = new(0.7), new(0.1), new(40), new(int64(1<<53)), 100
		}, `{"generationConfig":{"temperature":0.7,"topP":0.1,"topK":40,"seed":9007199254740992,"maxOutputTokens":100}}`},
		"stop and logprobs": {"", func(r *llm.Request) { r.Stop, r.Logprobs, r.TopLogprobs = []string{"END"}, true, 3 },
			`{"generationConfig":{"stopSequences":["END"],"responseLogprobs":true,"logprobs":3}}`},
		"JSON":                 {"", func(r *llm.Request) { r.Format = &llm.Format{} }, `{"generationConfig":{"responseMimeType":"application/json"}}`},
		"a JSON schema":        {"", func(r *llm.Request) { r.Format = &llm.Format{Schema: schema} }, `{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":` + string(schema) + `}}`},
		"effort, by budget":    {"", func(r *llm.Request) { r.ReasoningEffort = llm.EffortMedium }, `{"generationConfig":{"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}`},
		"no effort, by budget": {"models/gemini-2.5-flash", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, `{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`},
		"no effort, by a budget that cannot be 0": {"gemini-2.5-pro", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, `{"generationConfig":{"thinkingConfig":{"thinkingBudget":128}}}`},
		"no effort, by the least level":           {"gemini-3.8-flash", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}`},
		"little effort, where LOW is the least":   {"gemini-3.1-pro-preview", func(r *llm.Request) { r.ReasoningEffort = llm.EffortMinimal }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW","includeThoughts":true}}}`},
		"little effort, where MINIMAL is":         {"gemini-3.5-flash", func(r *llm.Request) { r.ReasoningEffort = llm.EffortMinimal }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL","includeThoughts":true}}}`},
		"no effort, of a small model":             {"gemini-3.7-flash-lite", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}}`},
		"effort, by level":                        {"gemini-3-pro", func(r *llm.Request) { r.ReasoningEffort = llm.EffortHigh }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":true}}}`},
		"an effort of its own":                    {"gemini-4", func(r *llm.Request) { r.ReasoningEffort = "ultra" }, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"ULTRA","includeThoughts":true}}}`},
		"a budget outranks effort": {"", func(r *llm.Request) {
			r.ReasoningEffort, r.Options = llm.EffortHigh, options(gemini.Options{ThinkingBudget: new(-1), IncludeThoughts: new(false)})
		}, `{"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}`},
		"safety, sorted": {"", own(gemini.Options{SafetySettings: map[string]string{"HARM_CATEGORY_HATE_SPEECH": "OFF", "HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}}),
			`{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"},{"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"OFF"}]}`},
		"the server's own tools": {"", own(gemini.Options{GoogleSearch: true, URLContext: true, CodeExecution: true}),
			`{"tools":[{"googleSearch":{}},{"urlContext":{}},{"codeExecution":{}}]}`},
		"cache, modalities, tier, labels": {"", own(gemini.Options{
			CachedContent: "abc", ResponseModalities: []string{"TEXT", "IMAGE"}, MediaResolution: "MEDIA_RESOLUTION_LOW", ServiceTier: "flex", Labels: map[string]string{"team": "x"},
		}), `{"cachedContent":"cachedContents/abc","serviceTier":"flex","labels":{"team":"x"},"generationConfig":{"responseModalities":["TEXT","IMAGE"],"mediaResolution":"MEDIA_RESOLUTION_LOW"}}`},
		"extra members, merged": {"", func(r *llm.Request) {
			r.Temperature, r.Options = new(0.5), options(gemini.Options{Extra: map[string]any{"generationConfig": map[string]any{"novel": true, "temperature": 1}, "top": 1}})
		}, `{"generationConfig":{"temperature":1,"novel":true},"top":1}`},
		"extra members that take away": {"", func(r *llm.Request) {
			r.Temperature, r.MaxTokens, r.Options = new(0.5), 9, options(gemini.Options{Extra: map[string]any{"generationConfig": map[string]any{"temperature": nil}}})
		}, `{"generationConfig":{"maxOutputTokens":9}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.model == "" {
				tt.model = model
			}
			got := sentChat(t, tt.model, with(tt.change)).(map[string]any)
			equal(t, "the contents", got["contents"], fromJSON(t, `[{"role":"user","parts":[{"text":"hi"}]}]`))
			delete(got, "contents")
			equal(t, "the rest of the body", any(got), fromJSON(t, tt.want))
		})
	}
}

func TestTools(t *testing.T) {
	tools := []llm.Tool{{Name: "look", Description: "looks", Parameters: json.RawMessage(`{"type":"object","properties":{"at":{"type":"integer","enum":[9007199254740993]}}}`)}, {Name: "now"}}
	const declared = `"tools":[{"functionDeclarations":[{"name":"look","description":"looks","parametersJsonSchema":{"type":"object","properties":{"at":{"type":"integer","enum":[9007199254740993]}}}},{"name":"now"}]}]`
	for name, tt := range map[string]struct {
		choice llm.ToolChoice
		strict bool
		want   string
	}{
		"by default":       {want: `{` + declared + `}`},
		"auto":             {choice: llm.ToolChoice{Mode: llm.ToolAuto}, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}`},
		"none":             {choice: llm.ToolChoice{Mode: llm.ToolNone}, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}`},
		"required":         {choice: llm.ToolChoice{Mode: llm.ToolRequired}, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}`},
		"named":            {choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "now"}, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["now"]}}}`},
		"strict":           {strict: true, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}`},
		"strict and named": {strict: true, choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "now"}, want: `{` + declared + `,"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["now"]}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			req := with(func(r *llm.Request) { r.Tools, r.ToolChoice = append([]llm.Tool{}, tools...), tt.choice })
			if tt.strict {
				req.Tools[0].Strict = new(true)
			}
			body := sent(t, gemini.Config{}, chats(model, req)).Body
			got := fromJSON(t, body).(map[string]any)
			delete(got, "contents")
			equal(t, "the tools", any(got), fromJSON(t, tt.want))
			if !strings.Contains(body, `"enum":[9007199254740993]}`) {
				t.Errorf("a number beyond float64 in a schema was changed: %s", body)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	sig := opaque(`{"signature":"c2ln+/=="}`)
	foreign := &llm.ProviderData{Provider: "openai", Data: []byte(`{"signature":"no"}`)}
	for name, tt := range map[string]struct {
		messages []llm.Message
		want     string // the body
	}{
		"system messages are one instruction": {
			[]llm.Message{llm.System("a"), llm.System("b"), llm.User("hi")},
			`{"systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		},
		"empty texts": {
			[]llm.Message{llm.System(""), llm.User("go"), llm.Assistant(""), {Role: llm.RoleAssistant}, llm.User(""), llm.Assistant("", llm.Text{}, llm.ToolCall{ID: "c1", Name: "now"}, llm.Refusal{}),
				llm.ToolResults(llm.ToolResult{CallID: "c1", Content: ""})},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"now","args":{}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"now","response":{"output":""}}}]}]}`,
		},
		"a result that has a reference": {
			[]llm.Message{llm.User("go"), llm.Assistant("", llm.ToolCall{ID: "c1", Name: "schema"}), llm.ToolResults(llm.ToolResult{CallID: "c1", Content: `{"a":{"$ref":"#/b"}}`})},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"schema","args":{}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"schema","response":{"output":"{\"a\":{\"$ref\":\"#/b\"}}"}}}]}]}`,
		},
		"media by value and by reference": {
			[]llm.Message{llm.User("see",
				llm.Image{Data: []byte("\x89PNG\r\n\x1a\n")}, llm.Image{URL: "https://x/y.JPG?z=1"}, llm.Audio{MediaType: "audio/wav", Data: []byte("hi")},
				llm.Audio{URL: "gs://b/a.mp3"}, llm.File{Name: "r.pdf", Data: []byte("%PDF-1")}, llm.File{ID: "files/abc"}, llm.File{ID: "abc", MediaType: "video/mp4"},
				llm.File{URL: "https://youtu.be/9hE5"})},
			`{"contents":[{"role":"user","parts":[{"text":"see"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x/y.JPG?z=1"}},` +
				`{"inlineData":{"mimeType":"audio/wav","data":"aGk="}},{"fileData":{"mimeType":"audio/mpeg","fileUri":"gs://b/a.mp3"}},{"inlineData":{"mimeType":"application/pdf","data":"JVBERi0x"}},` +
				`{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},{"fileData":{"mimeType":"video/mp4","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},` +
				`{"fileData":{"fileUri":"https://youtu.be/9hE5"}}]}]}`,
		},
		"a data URL": {
			[]llm.Message{llm.User("see", llm.Image{URL: "data:image/webp;base64,aGk="})},
			`{"contents":[{"role":"user","parts":[{"text":"see"},{"inlineData":{"mimeType":"image/webp","data":"aGk="}}]}]}`,
		},
		"a data URL that does not say what it is": {
			[]llm.Message{llm.User("see", llm.Image{MediaType: "image/webp", URL: "data:;base64,aGk="}, llm.Image{URL: "data:;base64,iVBORw0KGgo="})},
			`{"contents":[{"role":"user","parts":[{"text":"see"},{"inlineData":{"mimeType":"image/webp","data":"aGk="}},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}]}`,
		},
		"a file whose name says what it is, and whose address does not": {
			[]llm.Message{llm.User("see", llm.File{Name: "report.pdf", URL: "https://x/get?id=7"}, llm.File{Name: "report", URL: "https://x/y.csv"})},
			`{"contents":[{"role":"user","parts":[{"text":"see"},{"fileData":{"mimeType":"application/pdf","fileUri":"https://x/get?id=7"}},{"fileData":{"mimeType":"text/csv","fileUri":"https://x/y.csv"}}]}]}`,
		},
		"results in the order of their calls, which have no ids": {
			[]llm.Message{
				llm.User("go"),
				llm.Assistant("", llm.ToolCall{ID: "parley_r_0", Name: "get"}, llm.ToolCall{ID: "parley_r_1", Name: "get"}, llm.ToolCall{ID: "parley_r_2", Name: "now"}),
				llm.ToolResults(llm.ToolResult{CallID: "parley_r_2", Content: "noon"}, llm.ToolResult{CallID: "parley_r_1", Content: "two"}),
				llm.ToolResults(llm.ToolResult{CallID: "parley_r_0", Content: "one"}),
			},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"functionCall":{"name":"get","args":{}}},{"functionCall":{"name":"get","args":{}}},{"functionCall":{"name":"now","args":{}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"name":"get","response":{"output":"one"}}},{"functionResponse":{"name":"get","response":{"output":"two"}}},{"functionResponse":{"name":"now","response":{"output":"noon"}}}]}]}`,
		},
		"calls and results, in one message however they come": {
			[]llm.Message{
				llm.User("go"),
				llm.Assistant("So:", llm.ToolCall{ID: "c1", Name: "add", Arguments: ` {"a":9007199254740993} `, ProviderData: sig}, llm.ToolCall{ID: "parley_r_1", Name: "now"}),
				llm.ToolResults(llm.ToolResult{CallID: "c1", Content: `{"sum":9007199254740994}`}),
				llm.ToolResults(llm.ToolResult{CallID: "parley_r_1", Content: "noon"}),
			},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"text":"So:"},{"functionCall":{"id":"c1","name":"add","args":{"a":9007199254740993}},"thoughtSignature":"c2ln+/=="},` +
				`{"functionCall":{"name":"now","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"add","response":{"sum":9007199254740994}}},{"functionResponse":{"name":"now","response":{"output":"noon"}}}]}]}`,
		},
		"a tool that failed": {
			[]llm.Message{llm.User("go"), llm.Assistant("", llm.ToolCall{Name: "add"}), llm.ToolResults(llm.ToolResult{Name: "add", Content: `{"no":1}`, IsError: true})},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"functionCall":{"name":"add","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"add","response":{"error":"{\"no\":1}"}}}]}]}`,
		},
		"signatures on whatever part they came": {
			[]llm.Message{llm.User("go"), {Role: llm.RoleAssistant, Parts: []llm.Part{
				llm.Reasoning{Text: "hm"}, llm.Reasoning{Text: "so", ProviderData: sig}, llm.Text{Text: "a", ProviderData: opaque(`{}`)}, llm.Text{Text: "", ProviderData: sig},
				llm.Image{MediaType: "image/png", Data: []byte("hi"), ProviderData: sig}, llm.Code{Language: "PYTHON", Source: "x", ProviderData: opaque(`{"id":"i","signature":"c2ln+/=="}`)},
				llm.Code{Output: "y", Outcome: "OUTCOME_OK", ProviderData: opaque(`{"id":"i"}`)},
				llm.Opaque{ProviderData: opaque(`{"hologram":{"depth":9007199254740993}}`)},
			}}},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"text":"so","thought":true,"thoughtSignature":"c2ln+/=="},{"text":"a"},{"text":"","thoughtSignature":"c2ln+/=="},` +
				`{"inlineData":{"mimeType":"image/png","data":"aGk="},"thoughtSignature":"c2ln+/=="},{"executableCode":{"id":"i","language":"PYTHON","code":"x"},"thoughtSignature":"c2ln+/=="},` +
				`{"codeExecutionResult":{"id":"i","outcome":"OUTCOME_OK","output":"y"}},{"hologram":{"depth":9007199254740993}}]}]}`,
		},
		"what belongs to the thinking": {
			[]llm.Message{llm.User("go"), {Role: llm.RoleAssistant, Parts: []llm.Part{
				llm.Image{MediaType: "image/png", Data: []byte("hi"), ProviderData: opaque(`{"thought":true}`)}, llm.Code{Source: "x", ProviderData: opaque(`{"signature":"c2ln","thought":true}`)},
			}}},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"thought":true,"inlineData":{"mimeType":"image/png","data":"aGk="}},` +
				`{"thought":true,"thoughtSignature":"c2ln","executableCode":{"code":"x"}}]}]}`,
		},
		"nothing of another provider's": {
			[]llm.Message{llm.User("go"), {Role: llm.RoleAssistant, Parts: []llm.Part{
				llm.Reasoning{Text: "so", ProviderData: foreign}, llm.Text{Text: "a", ProviderData: foreign}, llm.Code{Source: "x", ProviderData: foreign},
				llm.Opaque{ProviderData: &llm.ProviderData{Provider: "vertex", Format: "gemini", Data: []byte(`{}`)}}, llm.ToolCall{ID: "call_9", Name: "f", Arguments: "{}", ProviderData: foreign}, llm.Refusal{Text: "no"},
			}}},
			`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"text":"a"},{"functionCall":{"id":"call_9","name":"f","args":{}}},{"text":"no"}]}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "the body", sentChat(t, model, &llm.Request{Messages: tt.messages}), fromJSON(t, tt.want))
		})
	}
}

// TestForeignSignatures checks the signatures that are sent to models that reject tool
// calls without a thought signature, and to other models.
func TestForeignSignatures(t *testing.T) {
	const skip = "skip_thought_signature_validator"
	for name, tt := range map[string]struct {
		model string
		calls []llm.Part
		want  []string // the signatures sent
	}{
		"another provider's": {"gemini-3-flash", []llm.Part{
			llm.Text{Text: "So:"}, llm.ToolCall{ID: "a", Name: "f", ProviderData: &llm.ProviderData{Provider: "openai", Data: []byte(`{"signature":"no"}`)}}, llm.ToolCall{ID: "b", Name: "f"},
		}, []string{"", skip, ""}},
		"written by hand":   {"models/gemini-flash-latest", []llm.Part{llm.ToolCall{Name: "f"}}, []string{skip}},
		"the model's own":   {"gemini-3-flash", []llm.Part{llm.ToolCall{ID: "a", Name: "f", ProviderData: opaque(`{"signature":"c2ln"}`)}, llm.ToolCall{ID: "b", Name: "f"}}, []string{"c2ln", ""}},
		"no calls":          {"gemini-3-flash", []llm.Part{llm.Text{Text: "x"}}, []string{""}},
		"an earlier Gemini": {"gemini-2.5-flash", []llm.Part{llm.ToolCall{Name: "f"}}, []string{""}},
		"another model":     {"gemma-3-27b-it", []llm.Part{llm.ToolCall{Name: "f"}}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			body := sentChat(t, tt.model, &llm.Request{Messages: llm.CloseCalls([]llm.Message{llm.User("go"), {Role: llm.RoleAssistant, Parts: tt.calls}, llm.User("go on")}, "x")})
			var got []string
			for _, part := range at[[]any](at[[]any](body, "contents")[1], "parts") {
				got = append(got, at[string](part, "thoughtSignature"))
			}
			equal(t, "the signatures", got, tt.want)
		})
	}
}

func TestImageQuality(t *testing.T) {
	req := &llm.Request{Messages: []llm.Message{llm.User("", llm.Image{URL: "gs://b/a.png", Quality: "high"})}}
	const image = `{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/a.png"}`
	equal(t, "the body", sentChat(t, "gemini-3-pro", req), fromJSON(t, image+`,"mediaResolution":{"level":"MEDIA_RESOLUTION_HIGH"}}]}]}`))
	equal(t, "the body for a model that cannot", sentChat(t, model, req), fromJSON(t, image+`}]}]}`))
}

func TestUnsupportedSettingsAreWarnings(t *testing.T) {
	for name, tt := range map[string]struct {
		model   string
		change  func(*llm.Request)
		setting string
	}{
		"one call at a time": {model, func(r *llm.Request) { r.Tools, r.ParallelToolCalls = []llm.Tool{{Name: "f"}}, new(false) }, "ParallelToolCalls"},
		"names":              {model, func(r *llm.Request) { r.Messages[0].Name = "Ann" }, "Messages"},
		"a late instruction": {model, func(r *llm.Request) { r.Messages = append(r.Messages, llm.System("x")) }, "Messages"},
		"wrong arguments": {model, func(r *llm.Request) {
			r.Messages = append(r.Messages, llm.Assistant("", llm.ToolCall{Name: "f", Arguments: "{"}), llm.ToolResults(llm.ToolResult{Name: "f"}))
		}, "Messages"},
		"a schema's description":     {model, func(r *llm.Request) { r.Format = &llm.Format{Schema: []byte("{}"), Description: "x"} }, "Format"},
		"no budget, where it must":   {"gemini-2.5-pro", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, "ReasoningEffort"},
		"no thinking, where it must": {"gemini-3-pro", func(r *llm.Request) { r.ReasoningEffort = llm.EffortNone }, "ReasoningEffort"},
		"an effort without a budget": {model, func(r *llm.Request) { r.ReasoningEffort = "ultra" }, "ReasoningEffort"},
		"another's code": {model, func(r *llm.Request) {
			r.Messages = append(r.Messages, llm.Assistant("x", llm.Code{Source: "1", ProviderData: &llm.ProviderData{Provider: "p"}}), llm.User("y"))
		}, "Messages"},
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, streams(stopped))
			resp, err := llm.New(p, tt.model).Generate(t.Context(), with(tt.change))
			if err != nil {
				t.Fatal(err)
			}
			if len(resp.Warnings) != 1 || resp.Warnings[0].Setting != tt.setting {
				t.Errorf("the warnings are %v, want one about %s", resp.Warnings, tt.setting)
			}
			strict := with(tt.change)
			strict.FailOnUnsupported = true
			_, err = llm.New(p, tt.model).Generate(t.Context(), strict)
			wantError(t, err, llm.Unsupported, tt.setting)
		})
	}
}

func TestInvalidRequests(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*llm.Request)
		kind   llm.Kind
		says   string
	}{
		"an instruction alone": {func(r *llm.Request) { r.Messages = []llm.Message{llm.System("x")} }, llm.InvalidRequest, "only system messages: add a user message"},
		"an image for the system": {func(r *llm.Request) {
			r.Messages = append(r.Messages, llm.Message{Role: llm.RoleSystem, Parts: []llm.Part{llm.Image{URL: "gs://x"}}})
		}, llm.Unsupported, "message 1"},
		"a data URL": {func(r *llm.Request) {
			r.Messages = []llm.Message{llm.User("", llm.Image{URL: "data:image/png,AA=="})}
		}, llm.Unsupported, "base64"},
		"two candidates, hook":  {own(gemini.Options{Hook: func(c *genai.GenerateContentConfig) { c.CandidateCount = 2 }}), llm.Unsupported, "more than one candidate"},
		"two candidates, extra": {own(gemini.Options{Extra: map[string]any{"generationConfig": map[string]any{"candidateCount": 2}}}), llm.Unsupported, "more than one candidate"},
		"HTTP options":          {own(gemini.Options{Hook: func(c *genai.GenerateContentConfig) { c.HTTPOptions = &genai.HTTPOptions{} }}), llm.Unsupported, "HTTPOptions"},
		"arguments in pieces": {own(gemini.Options{Hook: func(c *genai.GenerateContentConfig) {
			c.ToolConfig = &genai.ToolConfig{FunctionCallingConfig: &genai.FunctionCallingConfig{StreamFunctionCallArguments: new(true)}}
		}}), llm.Unsupported, "StreamFunctionCallArguments"},
		"what JSON cannot hold": {own(gemini.Options{Extra: map[string]any{"x": func() {}}}), llm.InvalidRequest, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, provider(t, gemini.Config{APIKey: key}), with(tt.change))
			wantError(t, err, tt.kind, tt.says)
		})
	}
	for _, name := range []string{"../x", "a//b", "a?b", "a#b", "a/../b", "."} {
		_, err := llm.New(provider(t, gemini.Config{APIKey: key}), name).Generate(t.Context(), llm.Prompt("hi"))
		wantError(t, err, llm.InvalidRequest, "cannot be part of a URL")
	}
	_, err := ask(t, provider(t, gemini.Config{Server: gemini.Vertex, APIKey: key}), &llm.Request{Messages: []llm.Message{llm.User("", llm.File{ID: "files/abc"})}})
	wantError(t, err, llm.Unsupported, "gs://bucket/file")
}

func TestHook(t *testing.T) {
	system := "Be brief."
	req := &llm.Request{
		Messages: []llm.Message{llm.System(system), llm.User("hi")}, Temperature: new(0.7), TopP: new(0.9), Seed: new(int64(1 << 40)), Stop: []string{"END"},
		Options: options(gemini.Options{
			Labels: map[string]string{"a": "b"}, ResponseModalities: []string{"TEXT"},
			Hook: func(c *genai.GenerateContentConfig) {
				*c.Temperature = 0.3
				c.TopK = genai.Ptr[float32](5)
				c.SystemInstruction.Parts[0].Text += " Rhyme."
				c.StopSequences[0], c.Labels["a"], c.ResponseModalities[0] = "STOP", "c", "AUDIO"
				c.SpeechConfig = &genai.SpeechConfig{LanguageCode: "de-DE"}
				c.ImageConfig = &genai.ImageConfig{AspectRatio: "1:1", OutputMIMEType: "image/png"}
				c.Store = new(true)
			},
		}),
	}
	equal(t, "the body", sentChat(t, model, req), fromJSON(t, `{
		"systemInstruction":{"parts":[{"text":"Be brief. Rhyme."}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}],"labels":{"a":"c"},"store":true,
		"generationConfig":{"temperature":0.3,"topP":0.9,"topK":5,"seed":1099511627776,"stopSequences":["STOP"],"responseModalities":["AUDIO"],
			"speechConfig":{"languageCode":"de-DE"},"imageConfig":{"aspectRatio":"1:1","imageOutputOptions":{"mimeType":"image/png"}}}}`))
	equal(t, "what the hook could have reached", []any{*req.Temperature, req.Stop[0], req.Options[0].(gemini.Options).Labels["a"], req.Messages[0].Text()},
		[]any{0.7, "END", "b", system})
}
