package openai_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// TestWhatMustComeBackComesBack asks, puts the answer into the next request, and
// looks at how it is sent: to the server that gave it, and to another.
func TestWhatMustComeBackComesBack(t *testing.T) {
	const (
		signed     = `"tool_calls":[{"index":0,"id":"t1","type":"function","extra_content":{"google":{"thought_signature":"c2ln"}},"function":{"name":"f","arguments":"{}"}}]`
		signedBack = `"tool_calls":[{"id":"t1","type":"function","extra_content":{"google":{"thought_signature":"c2ln"}},"function":{"name":"f","arguments":"{}"}}]`
		plainBack  = `"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]`
		encrypted  = `{"type":"reasoning.encrypted","data":"b3BhcXVl","id":"r2","format":"openai-responses-v1","index":1}`
	)
	for _, tt := range []struct {
		name   string
		frames []string
		whole  string // the same answer, not streamed: its message
		parts  []llm.Part
		same   string // the message as its own server gets it back
		other  string // as another gets it
	}{
		{
			name:   "a tool call's thought signature",
			frames: []string{chunk(signed), finish("tool_calls")},
			whole:  signed,
			parts:  []llm.Part{llm.ToolCall{ID: "t1", Name: "f", Arguments: "{}", ProviderData: data(`{"google":{"thought_signature":"c2ln"}}`)}},
			same:   `{"role":"assistant",` + signedBack + `}`,
			other:  `{"role":"assistant",` + plainBack + `}`,
		},
		{
			name:   "a text's thought signature",
			frames: []string{text("Hel"), text("lo"), chunk(`"content":"","extra_content":{"google":{"thought_signature":"c2ln"}}`), finish("stop")},
			whole:  `"content":"Hello","extra_content":{"google":{"thought_signature":"c2ln"}}`,
			parts:  []llm.Part{llm.Text{Text: "Hello", ProviderData: data(`{"google":{"thought_signature":"c2ln"}}`)}},
			same:   `{"role":"assistant","content":"Hello","extra_content":{"google":{"thought_signature":"c2ln"}}}`,
			other:  `{"role":"assistant","content":"Hello"}`,
		},
		{
			name: "OpenRouter's reasoning, signed and encrypted",
			frames: []string{
				chunk(`"reasoning":"Let ","reasoning_details":[{"type":"reasoning.text","text":"Let ","format":"anthropic-claude-v1","index":0}]`),
				chunk(`"reasoning":"me","reasoning_details":[{"type":"reasoning.text","text":"me","format":"anthropic-claude-v1","index":0}]`),
				chunk(`"reasoning_details":[{"type":"reasoning.text","signature":"c2ln","index":0},` + encrypted + `]`),
				text("Yes"), finish("stop"),
			},
			whole: `"content":"Yes","reasoning":"Let me","reasoning_details":[{"type":"reasoning.text","text":"Let me","format":"anthropic-claude-v1","index":0,"signature":"c2ln"},` + encrypted + `]`,
			parts: []llm.Part{
				llm.Reasoning{Text: "Let me", ProviderData: data(`[{"format":"anthropic-claude-v1","index":0,"signature":"c2ln","text":"Let me","type":"reasoning.text"},` + encrypted + `]`)},
				llm.Text{Text: "Yes"},
			},
			same: `{"role":"assistant","content":"Yes","reasoning_details":[{"type":"reasoning.text","text":"Let me","format":"anthropic-claude-v1","index":0,"signature":"c2ln"},` + encrypted + `]}`,
			// By its name it is not where the details came from; it takes reasoning as text.
			other: `{"role":"assistant","content":"Yes","reasoning":"Let me"}`,
		},
		{
			name: "reasoning encrypted alone, after the tool call",
			frames: []string{
				chunk(`"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]`),
				chunk(`"reasoning_details":[` + encrypted + `]`), finish("tool_calls"),
			},
			parts: []llm.Part{llm.Reasoning{ProviderData: data(`[` + encrypted + `]`)}, llm.ToolCall{ID: "t1", Name: "f", Arguments: "{}"}},
			same:  `{"role":"assistant",` + plainBack + `,"reasoning_details":[` + encrypted + `]}`,
			other: `{"role":"assistant",` + plainBack + `}`,
		},
		{
			name:   "what is none of this",
			frames: []string{chunk(`"content":"a","reasoning_details":"soon","extra_content":null`), chunk(`"content":"b","reasoning_details":null`), chunk(`"content":"c","reasoning_details":{"type":{}}`), finish("stop")},
			parts:  []llm.Part{llm.Text{Text: "abc"}},
			same:   `{"role":"assistant","content":"abc"}`,
			other:  `{"role":"assistant","content":"abc"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			router := openai.Config{Server: openai.OpenRouter}
			resp := answer(t, model(t, router, streams(events(append(tt.frames, usage, done)...))), llm.Prompt("hi"))
			if len(resp.Messages) != 1 {
				t.Fatalf("the answer has %d messages, want 1", len(resp.Messages))
			}
			equal(t, "parts of the answer", jsonData(t, resp.Messages[0].Parts), jsonData(t, tt.parts))

			var stored llm.Message
			if data, err := json.Marshal(resp.Messages[0]); err != nil || json.Unmarshal(data, &stored) != nil {
				t.Fatalf("the message cannot be stored: %v", err)
			}
			next := &llm.Request{Messages: []llm.Message{llm.User("hi"), stored, llm.User("go on")}}
			for _, p := range tt.parts {
				if call, ok := p.(llm.ToolCall); ok {
					next.Messages[2] = llm.Message{Role: llm.RoleTool, Parts: []llm.Part{llm.ToolResult{CallID: call.ID, Content: "ok"}}}
				}
			}
			for _, to := range []struct {
				name string
				want string
			}{{"openrouter", tt.same}, {"another", tt.other}} {
				got := capture(t, openai.Config{Server: openai.OpenRouter, Name: to.name}, "m", next)
				equal(t, "the message sent to "+to.name, assistantMessage(t, got.Body), fromJSON(t, to.want))
			}
			if tt.whole == "" {
				return
			}
			unstreamed := answer(t, model(t, router, says(200, "application/json", `{"choices":[{"index":0,"message":{`+tt.whole+`},"finish_reason":"stop"}]`+wholeUsage+`}`)), llm.Prompt("hi"))
			got := capture(t, router, "m", &llm.Request{Messages: []llm.Message{llm.User("hi"), unstreamed.Messages[0], next.Messages[2]}})
			equal(t, "the unstreamed message sent back", assistantMessage(t, got.Body), fromJSON(t, tt.same))
		})
	}
}

func data(text string) *llm.ProviderData {
	return &llm.ProviderData{Provider: "openrouter", Data: []byte(text)}
}

// jsonData returns parts with what is opaque in them decoded, since members of
// JSON objects have no order.
func jsonData(t *testing.T, parts []llm.Part) (all []any) {
	t.Helper()
	for _, part := range parts {
		var opaque *llm.ProviderData
		switch p := part.(type) {
		case llm.Text:
			opaque, p.ProviderData = p.ProviderData, nil
			part = p
		case llm.Reasoning:
			opaque, p.ProviderData = p.ProviderData, nil
			part = p
		case llm.ToolCall:
			opaque, p.ProviderData = p.ProviderData, nil
			part = p
		}
		all = append(all, part, decoded(t, opaque))
	}
	return all
}

func decoded(t *testing.T, opaque *llm.ProviderData) any {
	t.Helper()
	if opaque == nil {
		return nil
	}
	if opaque.Provider != "openrouter" {
		t.Errorf("the data is %s's, want openrouter's", opaque.Provider)
	}
	return fromJSON(t, string(opaque.Data))
}

// assistantMessage returns the second message of a request.
func assistantMessage(t *testing.T, body string) any {
	t.Helper()
	return fromJSON(t, body).(map[string]any)["messages"].([]any)[1]
}
