package openai_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"

	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// sendNothing makes a call that must fail before anything is sent, and returns
// its error.
func sendNothing(t testing.TB, config openai.Config, req *llm.Request) error {
	t.Helper()
	m := model(t, config, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	resp, err := m.Generate(t.Context(), req)
	if err == nil {
		t.Fatalf("the call succeeded: %v", resp)
	}
	return err
}

func hooked(req llm.Request, hook func(*vendor.ChatCompletionRequest)) llm.Request {
	req.Options = []llm.Options{openai.Options{Hook: hook}}
	return req
}

func TestHookChangesTheRequest(t *testing.T) {
	pdf := llm.File{Data: []byte("%PDF-"), Name: "a.pdf", MediaType: "application/pdf"}
	const sentPDF = `{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}`
	runRequestTests(t, []requestTest{
		{
			name: "a setting", req: hooked(llm.Request{}, func(r *vendor.ChatCompletionRequest) { r.User = "u"; r.MaxCompletionTokens = 4 }),
			want: `"user":"u","max_completion_tokens":4`,
		},
		{
			name: "sampling that the request had not", req: hooked(llm.Request{}, func(r *vendor.ChatCompletionRequest) { r.Temperature, r.TopP = 0.7, 0.95 }),
			want: `"temperature":0.7,"top_p":0.95`,
		},
		{
			name: "sampling that the request had",
			req: hooked(llm.Request{Temperature: new(0.3), PresencePenalty: new(1.0)}, func(r *vendor.ChatCompletionRequest) {
				r.Temperature += 0.25
				r.PresencePenalty = 0
			}),
			want: `"temperature":0.55,"presence_penalty":0`,
		},
		{
			name: "exact numbers that it leaves alone", req: hooked(llm.Request{Temperature: new(0.1234567890123), TopP: new(0.0)}, func(*vendor.ChatCompletionRequest) {}),
			want: `"temperature":0.1234567890123,"top_p":0`,
		},
		{
			name: "zeros that the request had not, as the vendor's type has them",
			req: hooked(llm.Request{}, func(r *vendor.ChatCompletionRequest) {
				r.Temperature, r.FrequencyPenalty = math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat32
			}),
			want: `"temperature":0,"frequency_penalty":0`,
		},
		{
			name: "stored", req: hooked(llm.Request{}, func(r *vendor.ChatCompletionRequest) { r.Store = true }),
			want: `"store":true`,
		},
		{
			name: "a message more",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User(""), llm.User("look", pdf)}}, func(r *vendor.ChatCompletionRequest) {
				first := vendor.ChatCompletionMessage{Role: "developer", Content: "be brief"}
				r.Messages = append([]vendor.ChatCompletionMessage{first}, r.Messages...)
			}),
			want: `"messages":[{"role":"developer","content":"be brief"},{"role":"user","content":""},
				{"role":"user","content":[{"type":"text","text":"look"},` + sentPDF + `]}]`,
		},
		{
			name: "a message less",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("a"), llm.User("b", pdf), llm.User("c")}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages = r.Messages[1:]
			}),
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"b"},` + sentPDF + `]},{"role":"user","content":"c"}]`,
		},
		{
			name: "one less of two messages that look the same to the hook",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("b", llm.File{ID: "file-1"}), llm.User("b", pdf)}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages = r.Messages[1:]
			}),
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"b"},` + sentPDF + `]}]`,
		},
		{
			name: "one message changed, another with a file left alone",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("a"), llm.User("b", pdf)}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0].Content = "changed"
			}),
			want: `"messages":[{"role":"user","content":"changed"},{"role":"user","content":[{"type":"text","text":"b"},` + sentPDF + `]}]`,
		},
		{
			name: "a part changed in its place",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("a", llm.Image{URL: "https://x.test/a"})}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0].MultiContent[0].Text = "changed"
				r.Messages[0].MultiContent[1].ImageURL.Detail = "low"
			}),
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"changed"},{"type":"image_url","image_url":{"url":"https://x.test/a","detail":"low"}}]}]`,
		},
		{
			name: "a tool call changed in its place",
			req: hooked(llm.Request{Messages: assistant(llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"})[:2]}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[1].ToolCalls[0].Function.Arguments = `{"a":1}`
			}),
			want: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}]`,
		},
		{
			name: "the model, the format, the tool choice",
			req: hooked(llm.Request{Tools: []llm.Tool{{Name: "f"}}}, func(r *vendor.ChatCompletionRequest) {
				r.Model = "other"
				r.ResponseFormat = &vendor.ChatCompletionResponseFormat{Type: "json_object"}
				r.ToolChoice = "none"
			}),
			want: `"model":"other","response_format":{"type":"json_object"},"tool_choice":"none","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]`,
		},
	})
}

func TestHookSeesTheRequestAsItIsSoFar(t *testing.T) {
	var seen vendor.ChatCompletionRequest
	req := hooked(llm.Request{
		Messages: []llm.Message{
			llm.System("s"), llm.User("u", llm.Image{URL: "https://x.test/a"}),
			{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Text{Text: "a"}, llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}}},
			llm.ToolResults(llm.ToolResult{CallID: "c", Content: "r"}),
		},
		Tools: []llm.Tool{{Name: "f", Description: "d"}}, Temperature: new(0.5), TopP: new(0.25), Stop: []string{"x"}, MaxTokens: 3,
	}, func(r *vendor.ChatCompletionRequest) { seen = *r })
	capture(t, openai.Config{}, "m", &req)
	equal(t, "what the hook sees", fmt.Sprintf("%+v", []any{seen.Model, seen.Stream, seen.Temperature, seen.TopP, seen.Stop, seen.MaxCompletionTokens}),
		"[m true 0.5 0.25 [x] 3]")
	equal(t, "messages", seen.Messages, []vendor.ChatCompletionMessage{
		{Role: "system", Content: "s"},
		{Role: "user", MultiContent: []vendor.ChatMessagePart{
			{Type: "text", Text: "u"}, {Type: "image_url", ImageURL: &vendor.ChatMessageImageURL{URL: "https://x.test/a"}},
		}},
		{Role: "assistant", Content: "a", ToolCalls: []vendor.ToolCall{{ID: "c", Type: "function", Function: vendor.FunctionCall{Name: "f", Arguments: "{}"}}}},
		{Role: "tool", ToolCallID: "c", Content: "r"},
	})
	equal(t, "tool", []string{seen.Tools[0].Function.Name, seen.Tools[0].Function.Description}, []string{"f", "d"})
}

func TestHookDoesNotReachTheCallersRequest(t *testing.T) {
	options := openai.Options{
		Metadata: map[string]string{"k": "v"}, LogitBias: map[string]int{"1": 1}, ChatTemplateKwargs: map[string]any{"a": 1},
		Hook: func(r *vendor.ChatCompletionRequest) {
			r.Stop[0] = "changed"
			r.Metadata["k"] = "changed"
			r.LogitBias["1"] = 2
			r.ChatTemplateKwargs["a"] = 2
			r.Messages[0].MultiContent[1].ImageURL.URL = "changed"
		},
	}
	req := llm.Request{
		Messages: []llm.Message{llm.User("a", llm.Image{URL: "https://x.test/a"})}, Stop: []string{"x"}, Options: []llm.Options{options},
	}
	got := fromJSON(t, capture(t, openai.Config{}, "m", &req).Body).(map[string]any)
	equal(t, "what was sent", []any{got["stop"], got["metadata"], got["logit_bias"], got["chat_template_kwargs"]}, []any{
		[]any{"changed"}, map[string]any{"k": "changed"}, fromJSON(t, `{"1":2}`), fromJSON(t, `{"a":2}`),
	})
	equal(t, "the caller's", []any{req.Stop, options.Metadata, options.LogitBias, options.ChatTemplateKwargs}, []any{
		[]string{"x"}, map[string]string{"k": "v"}, map[string]int{"1": 1}, map[string]any{"a": 1},
	})
}

func TestHookCannotAskForWhatTheReplyCouldNotHold(t *testing.T) {
	for name, tt := range map[string]struct {
		hook func(*vendor.ChatCompletionRequest)
		want string
	}{
		"several candidates": {func(r *vendor.ChatCompletionRequest) { r.N = 2 }, "several calls"},
		"stream":             {func(r *vendor.ChatCompletionRequest) { r.Stream = false }, "Request.NonStreaming"},
		"a tool more": {func(r *vendor.ChatCompletionRequest) {
			r.Tools = append(r.Tools, vendor.Tool{Type: "web_search"})
		}, "Request.Tools"},
		"a tool changed in its place": {func(r *vendor.ChatCompletionRequest) { r.Tools[0].Function.Description = "changed" }, "Request.Tools"},
	} {
		t.Run(name, func(t *testing.T) {
			req := hooked(llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "f"}}}, tt.hook)
			wantError(t, sendNothing(t, openai.Config{}, &req), llm.Unsupported, "the hook", tt.want)
		})
	}
}

func TestPrecedenceIsFieldsThenOptionsThenHookThenExtra(t *testing.T) {
	var saw string
	options := openai.Options{
		User: "options", ServiceTier: "options", Verbosity: "options",
		Hook: func(r *vendor.ChatCompletionRequest) {
			saw = r.User + " " + string(r.ServiceTier) + " " + r.Verbosity
			r.ServiceTier, r.Verbosity, r.Temperature = "hook", "hook", 1
		},
		Extra: map[string]any{"verbosity": "extra", "top_p": 0.5},
	}
	req := llm.Request{Messages: hi, Temperature: new(0.5), TopP: new(0.25), Options: []llm.Options{options}}
	got := fromJSON(t, capture(t, openai.Config{}, "m", &req).Body)
	equal(t, "what the hook saw", saw, "options options options")
	equal(t, "body", got, body(t, `"temperature":1,"top_p":0.5,"user":"options","service_tier":"hook","verbosity":"extra"`))
}

// vetoed are settings that the vendor's own client refuses for models of
// these names.
func TestNoModelNameIsRefused(t *testing.T) {
	req := llm.Request{
		Messages: hi, MaxTokens: 5, Temperature: new(0.2), TopP: new(0.3), PresencePenalty: new(0.1), FrequencyPenalty: new(0.1),
		Logprobs: true, TopLogprobs: 2,
	}
	for _, name := range []string{"gpt-5", "gpt-5-mini", "gpt-5-chat-latest", "o1", "o1-mini", "o1-preview", "o3", "o3-mini", "o4-mini", "code-davinci-002"} {
		for where, config := range map[string]openai.Config{
			"OpenAI":                  {},
			"an old setting":          {Quirks: &openai.Quirks{MaxTokensField: openai.MaxTokens}},
			"an Azure deployment":     {Server: openai.Azure, AzureAPIVersion: "2024-10-21"},
			"an Azure deployment, v1": {Server: openai.Azure},
		} {
			t.Run(name+" at "+where, func(t *testing.T) {
				hooked := req
				hooked.Options = []llm.Options{openai.Options{Hook: func(r *vendor.ChatCompletionRequest) { r.User = "u" }}}
				got := fromJSON(t, capture(t, config, name, &hooked).Body).(map[string]any)
				equal(t, "model, temperature, user", []any{got["model"], got["temperature"], got["user"]}, []any{name, fromJSON(t, "0.2"), "u"})
			})
		}
	}
}

// TestHookThatDoesNothingChangesNothing compares bodies byte by byte.
func TestHookThatDoesNothingChangesNothing(t *testing.T) {
	req := llm.Request{
		Messages: []llm.Message{
			llm.System("s"), {Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{
				llm.Text{Text: "u"}, llm.Text{}, llm.Image{Data: png}, llm.Audio{Data: []byte{1}, MediaType: "audio/wav"}, llm.File{ID: "file-1"},
			}},
			llm.Assistant("a", llm.ToolCall{ID: "c", Name: "f"}), llm.ToolResults(llm.ToolResult{CallID: "c"}),
		},
		Tools: []llm.Tool{{Name: "f", Parameters: []byte(`{"type":"object"}`), Strict: new(false)}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"},
		ParallelToolCalls: new(false), Format: &llm.Format{Schema: []byte(`{"const":9007199254740993}`)}, MaxTokens: 1, Temperature: new(0.1234567890123),
		TopP: new(0.0), PresencePenalty: new(1e-60), Seed: new(int64(1<<62 + 1)), Stop: []string{"x"}, TopLogprobs: 1, ReasoningEffort: llm.EffortLow,
	}
	options := openai.Options{
		User: "u", Store: new(false), Metadata: map[string]string{"k": "v"}, LogitBias: map[string]int{"1": 1}, Prediction: "p",
		ChatTemplateKwargs: map[string]any{"a": 1.5},
	}
	req.Options = []llm.Options{options}
	want := capture(t, openai.Config{}, "m", &req).Body
	options.Hook = func(*vendor.ChatCompletionRequest) {}
	req.Options = []llm.Options{options}
	equal(t, "the body", capture(t, openai.Config{}, "m", &req).Body, want)
}

func TestHookRemovesAndReorders(t *testing.T) {
	pdf := llm.File{Data: []byte("%PDF-"), Name: "a.pdf", MediaType: "application/pdf"}
	runRequestTests(t, []requestTest{
		{
			name: "settings that it removes",
			req: hooked(llm.Request{
				Stop: []string{"x"}, Seed: new(int64(1)), Format: &llm.Format{}, MaxTokens: 3, ReasoningEffort: llm.EffortLow, Temperature: new(0.5),
			}, func(r *vendor.ChatCompletionRequest) {
				r.Stop, r.Seed, r.ResponseFormat, r.StreamOptions = nil, nil, nil, nil
				r.MaxCompletionTokens, r.ReasoningEffort = 0, ""
			}),
			want: `"temperature":0.5,"stream_options":null`,
		},
		{
			name: "messages that it reorders in place",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("a", pdf), llm.User("b")}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0], r.Messages[1] = r.Messages[1], r.Messages[0]
			}),
			want: `"messages":[{"role":"user","content":"b"},{"role":"user","content":[{"type":"text","text":"a"},
				{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]`,
		},
		{
			name: "members that only go-openai's type has",
			req:  hooked(llm.Request{}, func(r *vendor.ChatCompletionRequest) { r.GuidedChoice = []string{"yes", "no"}; r.N = 1 }),
			want: `"guided_choice":["yes","no"],"n":1`,
		},
	})
}

func TestHookThatMakesARequestInvalidIsAnError(t *testing.T) {
	req := hooked(llm.Request{Messages: hi}, func(r *vendor.ChatCompletionRequest) {
		r.Messages[0].MultiContent = []vendor.ChatMessagePart{{Type: "text", Text: "and"}}
	})
	wantError(t, sendNothing(t, openai.Config{}, &req), llm.InvalidRequest, "cannot be encoded as JSON", "Content and MultiContent")
}

// spoken is a message with parts that go-openai's type does not have.
var spoken = llm.Message{Role: llm.RoleUser, Parts: []llm.Part{
	llm.Text{Text: "u"}, llm.Audio{Data: []byte{1}, MediaType: "audio/wav"}, llm.File{ID: "file-1"},
}}

func TestHookKeepsAudioAndFilesOfAMessageThatItChanges(t *testing.T) {
	const media = `{"type":"input_audio","input_audio":{"data":"AQ==","format":"wav"}},{"type":"file","file":{"file_id":"file-1"}}`
	runRequestTests(t, []requestTest{
		{
			name: "another name",
			req: hooked(llm.Request{Messages: []llm.Message{llm.User("a"), spoken}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[1].Name = "ann"
			}),
			want: `"messages":[{"role":"user","content":"a"},{"role":"user","name":"ann","content":[{"type":"text","text":"u"},` + media + `]}]`,
		},
		{
			name: "another text, and another place",
			req: hooked(llm.Request{Messages: []llm.Message{spoken, llm.User("a")}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0].MultiContent[0].Text = "v"
				r.Messages[0], r.Messages[1] = r.Messages[1], r.Messages[0]
			}),
			want: `"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"v"},` + media + `]}]`,
		},
		{
			name: "a new list of the same parts",
			req: hooked(llm.Request{Messages: []llm.Message{spoken}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0].MultiContent = append([]vendor.ChatMessagePart{}, r.Messages[0].MultiContent...)
			}),
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"u"},` + media + `]}]`,
		},
		{
			name: "only the text kept",
			req: hooked(llm.Request{Messages: []llm.Message{spoken}}, func(r *vendor.ChatCompletionRequest) {
				r.Messages[0].MultiContent = r.Messages[0].MultiContent[:1]
			}),
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"u"}]}]`,
		},
	})
}

func TestHookCannotMoveAudioAndFiles(t *testing.T) {
	for name, hook := range map[string]func(*vendor.ChatCompletionRequest){
		"a part less": func(r *vendor.ChatCompletionRequest) { r.Messages[0].MultiContent = r.Messages[0].MultiContent[1:] },
		"other places": func(r *vendor.ChatCompletionRequest) {
			parts := r.Messages[0].MultiContent
			parts[1], parts[2] = parts[2], parts[1]
		},
		"a second message with them": func(r *vendor.ChatCompletionRequest) { r.Messages = append(r.Messages, r.Messages[0]) },
		"a new part of such a type": func(r *vendor.ChatCompletionRequest) {
			r.Messages = append(r.Messages, vendor.ChatCompletionMessage{Role: "user", MultiContent: []vendor.ChatMessagePart{{Type: "file"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := hooked(llm.Request{Messages: []llm.Message{spoken}}, hook)
			wantError(t, sendNothing(t, openai.Config{}, &req), llm.Unsupported, "audio or files", "Request.Messages")
		})
	}
}
