package all_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/openai"
)

// hop is one turn of a conversation with one of several providers.
type hop struct {
	name  string
	open  func(url string) (llm.Provider, error)
	model string
	reply string // server-sent events, one a line
	// messages is the member with the messages, and want its value in the request.
	messages, want string
	warnings       []string // the beginnings of the warnings
	results        []llm.ToolResult
}

// TestOneHistoryThroughSeveralDialects sends one conversation with tools and an image
// through Claude, Gemini, OpenAI's two APIs and Claude again. Each server gets its own data back
// unchanged, and nothing of the others.
func TestOneHistoryThroughSeveralDialects(t *testing.T) {
	const (
		thinking = `{"type":"thinking","thinking":"Look first.","signature":"Y2xhdWRl"}`
		search   = `{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"cats"}}`
		found    = `{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"https://example.com","title":"Cats","encrypted_content":"ZW5j"}]}`
		claude1  = `{"role":"assistant","content":[` + thinking + `,` + search + `,` + found + `,{"type":"text","text":"One moment."},{"type":"tool_use","id":"toolu_1","name":"camera","input":{"n":1}}]}`
		picture  = `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"cG5n"}}`
	)
	const (
		reasoned = `{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"cmVhc29u"}`
		searched = `{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"whiskers"}}`
	)
	claude := func(url string) (llm.Provider, error) {
		return anthropic.New(anthropic.Config{APIKey: "k", BaseURL: url})
	}
	stored := []llm.Message{llm.User("Is there a cat?")}
	for i, h := range []hop{
		{
			name: "Claude", open: claude, model: "claude-opus-5-5", messages: "messages",
			want: `[{"role":"user","content":[{"type":"text","text":"Is there a cat?"}]}]`,
			reply: `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}
				{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
				{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Look "}}
				{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"first."}}
				{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Y2xhdWRl"}}
				{"type":"content_block_stop","index":0}
				{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}
				{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"query\":\"cats\"}"}}
				{"type":"content_block_stop","index":1}
				{"type":"content_block_start","index":2,"content_block":` + found + `}
				{"type":"content_block_stop","index":2}
				{"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}
				{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"One moment."}}
				{"type":"content_block_stop","index":3}
				{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"camera","input":{}}}
				{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"n\":1}"}}
				{"type":"content_block_stop","index":4}
				{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}
				{"type":"message_stop"}`,
			results: []llm.ToolResult{{Content: "taken", Parts: []llm.Part{llm.Image{MediaType: "image/png", Data: []byte("png")}}}},
		},
		{
			name: "Gemini", model: "gemini-3-flash", messages: "contents",
			open: func(url string) (llm.Provider, error) {
				return gemini.New(gemini.Config{APIKey: "k", BaseURL: url})
			},
			want: `[{"role":"user","parts":[{"text":"Is there a cat?"}]},
				{"role":"model","parts":[{"text":"One moment."},{"functionCall":{"id":"toolu_1","name":"camera","args":{"n":1}},"thoughtSignature":"skip_thought_signature_validator"}]},
				{"role":"user","parts":[{"functionResponse":{"id":"toolu_1","name":"camera","response":{"output":"taken"},"parts":[{"inlineData":{"mimeType":"image/png","data":"cG5n"}}]}}]}]`,
			warnings: []string{"signatures or reasoning of an earlier answer were omitted: only anthropic", "a part of type llm.Opaque of an earlier answer was omitted: only anthropic"},
			reply: `{"candidates":[{"content":{"role":"model","parts":[{"text":"Again.","thought":true}]}}],"modelVersion":"gemini-3-flash","responseId":"r"}
				{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"camera","args":{"n":2}},"thoughtSignature":"Z2VtaW5p"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}`,
			results: []llm.ToolResult{{Content: `{"seen":"a tail"}`}},
		},
		{
			name: "OpenAI", model: "gpt-5.1", messages: "messages",
			open: func(url string) (llm.Provider, error) {
				return openai.New(openai.Config{APIKey: "k", BaseURL: url})
			},
			want: `[{"role":"user","content":"Is there a cat?"},
				{"role":"assistant","content":"One moment.","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"camera","arguments":"{\"n\":1}"}}]},
				{"role":"tool","tool_call_id":"toolu_1","content":"taken"},
				{"role":"user","content":[{"type":"text","text":"The result of the tool camera has this content:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,cG5n"}}]},
				{"role":"assistant","tool_calls":[{"id":"parley_r_0","type":"function","function":{"name":"camera","arguments":"{\"n\":2}"}}]},
				{"role":"tool","tool_call_id":"parley_r_0","content":"{\"seen\":\"a tail\"}"}]`,
			warnings: []string{"signatures or reasoning of an earlier answer were omitted: only anthropic", "a part of type llm.Opaque of an earlier answer was omitted: only anthropic",
				"signatures or reasoning of an earlier answer were omitted: only gemini", "the images and files of tool results were sent", "the reasoning of earlier answers was omitted"},
			reply: `{"id":"c","model":"gpt-5.1","choices":[{"index":0,"delta":{"role":"assistant","content":"A tail, so perhaps."}}]}
				{"id":"c","model":"gpt-5.1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call|1","type":"function","function":{"name":"camera","arguments":"{}"},"extra_content":{"google":{"thought_signature":"b3BlbmFp"}}}]}}]}
				{"id":"c","model":"gpt-5.1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}
				[DONE]`,
			results: []llm.ToolResult{{Content: "a cat"}},
		},
		{
			name: "Responses", model: "gpt-6-luna", messages: "input",
			open: func(url string) (llm.Provider, error) {
				return openai.New(openai.Config{APIKey: "k", BaseURL: url, Name: "responses", API: openai.APIResponses})
			},
			want: `[{"type":"message","role":"user","content":[{"type":"input_text","text":"Is there a cat?"}]},
				{"type":"message","role":"assistant","content":[{"type":"output_text","text":"One moment."}]},
				{"type":"function_call","call_id":"toolu_1","name":"camera","arguments":"{\"n\":1}"},
				{"type":"function_call_output","call_id":"toolu_1","output":[{"type":"input_text","text":"taken"},{"type":"input_image","image_url":"data:image/png;base64,cG5n","detail":"auto"}]},
				{"type":"function_call","call_id":"parley_r_0","name":"camera","arguments":"{\"n\":2}"},
				{"type":"function_call_output","call_id":"parley_r_0","output":"{\"seen\":\"a tail\"}"},
				{"type":"message","role":"assistant","content":[{"type":"output_text","text":"A tail, so perhaps."}]},
				{"type":"function_call","call_id":"call|1","name":"camera","arguments":"{}"},
				{"type":"function_call_output","call_id":"call|1","output":"a cat"}]`,
			warnings: []string{"signatures or reasoning of an earlier answer were omitted: only anthropic", "a part of type llm.Opaque of an earlier answer was omitted: only anthropic",
				"signatures or reasoning of an earlier answer were omitted: only gemini", "signatures or reasoning of an earlier answer were omitted: only openai"},
			reply: `{"type":"response.created","response":{"id":"resp_1","object":"response","model":"gpt-6-luna","status":"in_progress","output":[]}}
				{"type":"response.output_item.done","output_index":0,"item":` + reasoned + `}
				{"type":"response.output_item.done","output_index":1,"item":` + searched + `}
				{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_r","name":"camera","arguments":"{\"n\":3}","status":"completed"}}
				{"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":1}}}`,
			results: []llm.ToolResult{{Content: "whiskers"}},
		},
		{
			name: "Claude again", open: claude, model: "claude-opus-5-5", messages: "messages",
			want: `[{"role":"user","content":[{"type":"text","text":"Is there a cat?"}]},` + claude1 + `,
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"taken"},` + picture + `]}]},
				{"role":"assistant","content":[{"type":"tool_use","id":"parley_r_0","name":"camera","input":{"n":2}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"parley_r_0","content":"{\"seen\":\"a tail\"}"}]},
				{"role":"assistant","content":[{"type":"text","text":"A tail, so perhaps."},{"type":"tool_use","id":"call_1","name":"camera","input":{}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"a cat"}]},
				{"role":"assistant","content":[{"type":"tool_use","id":"call_r","name":"camera","input":{"n":3}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_r","content":"whiskers"}]}]`,
			warnings: []string{"signatures or reasoning of an earlier answer were omitted: only gemini", "signatures or reasoning of an earlier answer were omitted: only openai",
				"signatures or reasoning of an earlier answer were omitted: only responses", "a part of type llm.Opaque of an earlier answer was omitted: only responses"},
			reply: `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}
				{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Yes."}}
				{"type":"content_block_stop","index":0}
				{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}
				{"type":"message_stop"}`,
		},
	} {
		var history []llm.Message
		data, err := json.Marshal(stored) // each turn is in another process
		if err == nil {
			err = json.Unmarshal(data, &history)
		}
		if err != nil {
			t.Fatal(err)
		}
		resp, body := h.take(t, history)
		if diff := cmp.Diff(providertest.FromJSON(t, h.want), body[h.messages]); diff != "" {
			t.Errorf("hop %d, %s: the messages (-want +sent):\n%s", i, h.name, diff)
		}
		var warnings []string
		for _, w := range resp.Warnings {
			warnings = append(warnings, w.Message)
		}
		if !slices.EqualFunc(warnings, h.warnings, strings.HasPrefix) {
			t.Errorf("hop %d, %s: the warnings are %q, want beginnings %q", i, h.name, warnings, h.warnings)
		}
		stored = append(history, resp.Messages...)
		for n, call := range resp.ToolCalls() {
			h.results[n].CallID = call.ID
		}
		if len(h.results) > 0 {
			stored = append(stored, llm.ToolResults(h.results...))
		}
	}
	if m := stored[len(stored)-1]; m.Text() != "Yes." {
		t.Errorf("the last message is %v", m)
	}
}

// take sends the history and returns the answer and the body of the request.
func (h *hop) take(t *testing.T, history []llm.Message) (*llm.Response, map[string]any) {
	t.Helper()
	var sent []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for line := range strings.Lines(h.reply) {
			io.WriteString(w, "data: "+strings.TrimSpace(line)+"\n\n")
		}
	}))
	defer s.Close()
	p, err := h.open(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := llm.New(p, h.model).Generate(t.Context(), &llm.Request{
		Messages: history, Tools: []llm.Tool{{Name: "camera", Parameters: []byte(`{"type":"object","properties":{"n":{"type":"integer"}}}`)}},
	})
	if err != nil {
		t.Fatalf("%s: %v", h.name, err)
	}
	return resp, providertest.FromJSON(t, string(sent)).(map[string]any)
}
