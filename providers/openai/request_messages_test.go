package openai_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/providers/openai"
)

// png is the signature of a PNG file, from which its type is found out.
var png = []byte("\x89PNG\r\n\x1a\n")

func user(parts ...llm.Part) []llm.Message { return []llm.Message{{Role: llm.RoleUser, Parts: parts}} }

func assistant(parts ...llm.Part) []llm.Message {
	return []llm.Message{llm.User("hi"), {Role: llm.RoleAssistant, Parts: parts}, llm.User("go on")}
}

// between is the messages that assistant makes, as they are sent.
// without is the conversation if the assistant message is not sent.
const without = `"messages":[{"role":"user","content":"hi"},{"role":"user","content":"go on"}]`

var (
	empty       = []llm.Warning{{Code: llm.WarnChanged, Setting: "Messages", Message: "an assistant message without text, tool calls and media was omitted"}}
	noReasoning = []llm.Warning{{Code: llm.WarnStateOmitted, Setting: "Messages", Message: "the reasoning of earlier answers was omitted: if the server accepts it, set Quirks.ReasoningField"}}
)

// hashed returns the id of a call as it is sent to a server that accepts 9 characters.
func hashed(id string) string { return llmutil.HashCallID(9)(id) }

func between(message string) string {
	return `"messages":[{"role":"user","content":"hi"},` + message + `,{"role":"user","content":"go on"}]`
}

func TestMessagesAsTheyAreSent(t *testing.T) {
	leftOut := func(typ string) []llm.Warning {
		return []llm.Warning{{Code: llm.WarnUnsupported, Setting: "Messages", Message: "a part of type " + typ + " is not supported; it was omitted"}}
	}
	runRequestTests(t, []requestTest{
		{
			name: "roles and names",
			req: llm.Request{Messages: []llm.Message{
				llm.System("be brief"), {Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{llm.Text{Text: "hi"}}}, llm.Assistant("hello"),
				{Role: llm.RoleAssistant, Name: "bot", Parts: []llm.Part{llm.Text{Text: "you"}}}, llm.System("briefer"),
			}},
			want: `"messages":[{"role":"system","content":"be brief"},{"role":"user","name":"ann","content":"hi"},{"role":"assistant","content":"hello"},
				{"role":"assistant","name":"bot","content":"you"},{"role":"system","content":"briefer"}]`,
		},
		{
			name: "the developer's role",
			req: llm.Request{
				Messages: []llm.Message{llm.System("be brief"), llm.User("hi")},
				Options:  []llm.Options{openai.Options{SystemRole: "developer"}},
			},
			want: `"messages":[{"role":"developer","content":"be brief"},{"role":"user","content":"hi"}]`,
		},
		{name: "an empty text", req: llm.Request{Messages: []llm.Message{llm.User("")}}, want: `"messages":[{"role":"user","content":""}]`},
		{name: "no parts", req: llm.Request{Messages: user()}, want: `"messages":[{"role":"user","content":""}]`},
		{
			name: "several texts, one empty", req: llm.Request{Messages: user(llm.Text{Text: "a"}, llm.Text{}, llm.Text{Text: "b"})},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":""},{"type":"text","text":"b"}]}]`,
		},
		{
			name: "an image by URL, looked at closely",
			req:  llm.Request{Messages: []llm.Message{llm.User("What?", llm.Image{URL: "https://x.test/a.png?b&c", Quality: "high"})}},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"What?"},
				{"type":"image_url","image_url":{"url":"https://x.test/a.png?b&c","detail":"high"}}]}]`,
		},
		{
			name: "images by bytes",
			req:  llm.Request{Messages: user(llm.Image{Data: png}, llm.Image{Data: []byte{1, 2}, MediaType: "image/webp", Quality: "low"})},
			want: `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},
				{"type":"image_url","image_url":{"url":"data:image/webp;base64,AQI=","detail":"low"}}]}]`,
		},
		{
			name: "audio in both formats",
			req: llm.Request{Messages: user(
				llm.Audio{Data: []byte{1}, MediaType: "audio/wav"}, llm.Audio{Data: []byte{2}, MediaType: "audio/mpeg"},
				llm.Audio{Data: []byte{3}, MediaType: "audio/x-wav"}, llm.Audio{Data: []byte("RIFF\x00\x00\x00\x00WAVE")},
			)},
			want: `"messages":[{"role":"user","content":[
				{"type":"input_audio","input_audio":{"data":"AQ==","format":"wav"}}, {"type":"input_audio","input_audio":{"data":"Ag==","format":"mp3"}},
				{"type":"input_audio","input_audio":{"data":"Aw==","format":"wav"}}, {"type":"input_audio","input_audio":{"data":"UklGRgAAAABXQVZF","format":"wav"}}]}]`,
		},
		{
			name: "files by bytes and by id",
			req: llm.Request{Messages: user(
				llm.File{Data: []byte("%PDF-1.7"), Name: "a.pdf"}, llm.File{Data: []byte{1}, MediaType: "application/pdf"}, llm.File{ID: "file-1"},
			)},
			want: `"messages":[{"role":"user","content":[
				{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjc="}},
				{"type":"file","file":{"filename":"file","file_data":"data:application/pdf;base64,AQ=="}},
				{"type":"file","file":{"file_id":"file-1"}}]}]`,
		},
		{
			name: "a part of tomorrow", req: llm.Request{Messages: user(llm.Text{Text: "a"}, llm.Unknown{Type: "smell", Raw: json.RawMessage(`{"type":"smell"}`)})},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]`, warnings: leftOut("llm.Unknown"),
		},
		{
			name: "code that the provider ran", req: llm.Request{Messages: assistant(llm.Text{Text: "a"}, llm.Code{Source: "1+1"})},
			want: between(`{"role":"assistant","content":"a"}`), warnings: leftOut("llm.Code"),
		},
		{name: "an empty answer", req: llm.Request{Messages: assistant(llm.Text{})}, want: without, warnings: empty},
		{name: "an answer of no parts", req: llm.Request{Messages: assistant()}, want: without, warnings: empty},
		{name: "an answer of reasoning alone", req: llm.Request{Messages: assistant(llm.Reasoning{Text: "hm"})}, want: without, warnings: append(slices.Clone(noReasoning), empty...)},
		{
			name: "an answer of reasoning alone, to a server that takes it", config: openai.Config{Server: openai.DeepSeek}, req: llm.Request{Messages: assistant(llm.Reasoning{Text: "hm"})},
			want: between(`{"role":"assistant","content":"","reasoning_content":"hm"}`),
		},
		{name: "an answer in two texts", req: llm.Request{Messages: assistant(llm.Text{Text: "a"}, llm.Text{Text: "b"})}, want: between(`{"role":"assistant","content":"ab"}`)},
		{name: "a refusal", req: llm.Request{Messages: assistant(llm.Refusal{Text: "no"})}, want: between(`{"role":"assistant","refusal":"no"}`)},
	})
}

func TestReasoningIsSentBackWhereTheServerWantsIt(t *testing.T) {
	messages := assistant(llm.Reasoning{Text: "hm, "}, llm.Reasoning{Text: "yes"}, llm.Text{Text: "a"})
	var tests []requestTest
	for server, field := range map[openai.Server]string{
		openai.OpenAI: "", openai.Azure: "", openai.LMStudio: "", openai.Groq: "", openai.Together: "",
		openai.DeepSeek: `,"reasoning_content":"hm, yes"`,
		openai.LlamaCpp: `,"reasoning_content":"hm, yes"`,
		openai.VLLM:     `,"reasoning":"hm, yes"`, openai.Cerebras: `,"reasoning":"hm, yes"`, openai.OpenRouter: `,"reasoning":"hm, yes"`,
	} {
		tests = append(tests, requestTest{
			name: string(server), config: openai.Config{Server: server}, req: llm.Request{Messages: messages},
			want: between(`{"role":"assistant","content":"a"` + field + `}`),
		})
		if field == "" {
			tests[len(tests)-1].warnings = noReasoning
		}
	}
	runRequestTests(t, tests)
}

func TestToolCallsGoBackWithTheirReasoningEvenIfThereIsNone(t *testing.T) {
	call := llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}
	const begin = `"messages":[{"role":"user","content":"hi"},`
	const sentCall = `"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]`
	runRequestTests(t, []requestTest{
		{
			name: "reasoning_content", config: openai.Config{Server: openai.DeepSeek}, req: llm.Request{Messages: assistant(call)[:2]},
			want: begin + `{"role":"assistant","reasoning_content":"",` + sentCall + `}]`,
		},
		{
			name: "reasoning_content, if a server does not accept an empty one", config: openai.Config{Server: openai.Moonshot}, req: llm.Request{Messages: assistant(call)[:2]},
			want: begin + `{"role":"assistant","reasoning_content":" ",` + sentCall + `}]`,
		},
		{
			name: "reasoning", config: openai.Config{Server: openai.VLLM}, req: llm.Request{Messages: assistant(call)[:2]},
			want: begin + `{"role":"assistant",` + sentCall + `}]`,
		},
	})
}

func TestToolCallsAndResultsAsTheyAreSent(t *testing.T) {
	conversation := func(calls []llm.Part, results ...llm.ToolResult) llm.Request {
		return llm.Request{Messages: []llm.Message{llm.User("hi"), {Role: llm.RoleAssistant, Parts: calls}, llm.ToolResults(results...)}}
	}
	runRequestTests(t, []requestTest{
		{
			name: "with ids",
			req: conversation(
				[]llm.Part{llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":1}`}, llm.ToolCall{ID: "c2", Name: "g", Arguments: `{"b" : "<2>"}`}},
				llm.ToolResult{CallID: "c2", Content: "two", IsError: true}, llm.ToolResult{CallID: "c1", Content: ""},
			),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","tool_calls":[
					{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
					{"id":"c2","type":"function","function":{"name":"g","arguments":"{\"b\" : \"<2>\"}"}}]},
				{"role":"tool","tool_call_id":"c2","content":"two"},{"role":"tool","tool_call_id":"c1","content":""}]`,
		},
		{
			name: "without ids, told apart by name and order",
			req: conversation(
				[]llm.Part{llm.ToolCall{Name: "f", Arguments: `1`}, llm.ToolCall{Name: "g", Arguments: `2`}, llm.ToolCall{Name: "f", Arguments: `3`}},
				llm.ToolResult{Name: "g", Content: "two"}, llm.ToolResult{Name: "f", Content: "one"}, llm.ToolResult{Name: "f", Content: "three"},
			),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","tool_calls":[
					{"id":"call_1_0","type":"function","function":{"name":"f","arguments":"1"}},
					{"id":"call_1_1","type":"function","function":{"name":"g","arguments":"2"}},
					{"id":"call_1_2","type":"function","function":{"name":"f","arguments":"3"}}]},
				{"role":"tool","tool_call_id":"call_1_1","content":"two"},{"role":"tool","tool_call_id":"call_1_0","content":"one"},
				{"role":"tool","tool_call_id":"call_1_2","content":"three"}]`,
		},
		{
			name: "empty arguments are an object",
			req:  conversation([]llm.Part{llm.Text{Text: "let me"}, llm.ToolCall{ID: "c1", Name: "f"}}, llm.ToolResult{CallID: "c1", Content: "ok"}),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","content":"let me","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"ok"}]`,
		},
		{
			name: "arguments that are not an object", req: conversation([]llm.Part{llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a`}}, llm.ToolResult{CallID: "c1", Content: "ok"}),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a"}}]},
				{"role":"tool","tool_call_id":"c1","content":"ok"}]`,
		},
		{
			name: "arguments that are not an object, to a server that reads them", config: openai.Config{Server: openai.SGLang},
			req: conversation([]llm.Part{llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a`}}, llm.ToolResult{CallID: "c1", Content: "ok"}),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","reasoning_content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"ok"}]`,
			warnings: []llm.Warning{{Code: llm.WarnChanged, Setting: "Messages", Message: "the arguments of an earlier call of f are not a JSON object; they were omitted"}},
		},
		{
			name: "ids that a server does not accept", config: openai.Config{Quirks: &openai.Quirks{CallIDLength: 9}},
			req: conversation([]llm.Part{llm.ToolCall{ID: "aB3dE6gH9", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "call_1", Name: "f", Arguments: "{}"}, llm.ToolCall{Name: "f", Arguments: "{}"}},
				llm.ToolResult{CallID: "call_1", Content: "2"}, llm.ToolResult{CallID: "aB3dE6gH9", Content: "1"}, llm.ToolResult{Name: "f", Content: "3"}),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","tool_calls":[{"id":"aB3dE6gH9","type":"function","function":{"name":"f","arguments":"{}"}},
					{"id":"` + hashed("call_1") + `","type":"function","function":{"name":"f","arguments":"{}"}},
					{"id":"` + hashed("call_1_2") + `","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"` + hashed("call_1") + `","content":"2"},{"role":"tool","tool_call_id":"aB3dE6gH9","content":"1"},
				{"role":"tool","tool_call_id":"` + hashed("call_1_2") + `","content":"3"}]`,
		},
		{
			name: "an empty text beside a call",
			req:  conversation([]llm.Part{llm.Text{}, llm.ToolCall{ID: "c1", Name: "f", Arguments: "{}"}}, llm.ToolResult{CallID: "c1", Content: "ok"}),
			want: `"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"ok"}]`,
		},
	})
}

func TestMadeUpCallIDsAreOneForEachCall(t *testing.T) {
	call := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{Name: "f", Arguments: "{}"}, llm.ToolCall{Name: "f", Arguments: "{}"}}}
	got := capture(t, openai.Config{}, "m", &llm.Request{Messages: []llm.Message{
		llm.User("hi"), call, llm.ToolResults(llm.ToolResult{Name: "f"}, llm.ToolResult{Name: "f"}),
		call, llm.ToolResults(llm.ToolResult{Name: "f"}, llm.ToolResult{Name: "f"}),
	}})
	var decoded struct {
		Messages []struct {
			ToolCalls  []struct{ ID string } `json:"tool_calls"`
			ToolCallID string                `json:"tool_call_id"`
		}
	}
	if err := json.Unmarshal([]byte(got.Body), &decoded); err != nil {
		t.Fatal(err)
	}
	var calls, results []string
	for _, m := range decoded.Messages {
		for _, c := range m.ToolCalls {
			calls = append(calls, c.ID)
		}
		if m.ToolCallID != "" {
			results = append(results, m.ToolCallID)
		}
	}
	equal(t, "ids of the results", results, calls)
	seen := make(map[string]bool)
	for _, id := range calls {
		if seen[id] {
			t.Errorf("two calls have the id %q", id)
		}
		seen[id] = true
	}
}

func TestPartsThatCannotBeSentAreAnErrorBeforeAnythingIsSent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		messages []llm.Message
		want     string
	}{
		{"audio by URL", user(llm.Audio{URL: "https://x.test/a.wav"}), "message 0: audio by URL is not supported: set Audio.Data"},
		{"a file by URL", user(llm.File{URL: "https://x.test/a.pdf"}), "message 0: a file by URL is not supported: set File.Data or File.ID"},
		{"an image from the model", assistant(llm.Image{Data: png}), "message 1: this server does not support images in assistant messages: put the image into a user message"},
		{"reasoning of the user's", user(llm.Reasoning{Text: "hm"}), "message 0: a part of type llm.Reasoning is not supported in a system or user message"},
		{"a refusal of the user's", user(llm.Refusal{Text: "no"}), "message 0: a part of type llm.Refusal is not supported in a system or user message"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := wantError(t, sendNothing(t, openai.Config{}, &llm.Request{Messages: tt.messages}), llm.Unsupported, tt.want)
			equal(t, "provider, model, op", []any{e.Provider, e.Model, e.Op}, []any{"openai", "m", llm.OpChat})
		})
	}
}
