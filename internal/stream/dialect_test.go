package stream

import (
	"encoding/json"
	"fmt"
	"testing"
)

// The two dialects of the tests: enough of each to be realistic, decoded as a
// provider would.

var (
	openAISpec = &Spec{
		Delta: []string{
			"choices.0.delta.content", "choices.0.delta.reasoning_content",
			"choices.0.delta.tool_calls.0.function.arguments",
		},
		Ignore: []string{"obfuscation", "created"},
	}
	ollamaSpec = &Spec{
		Delta:  []string{"message.content", "message.thinking"},
		Ignore: []string{"created_at"},
	}
)

func openAIChunk(content, obfuscation string) string {
	return `{"id":"chatcmpl-DuLdCoxuLDs8HRMlOuz0Bi4wgi4XJ","object":"chat.completion.chunk","created":1782321890,` +
		`"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_86f87dc6f1",` +
		`"choices":[{"index":0,"delta":{"content":"` + content + `"},"logprobs":null,"finish_reason":null}],` +
		`"usage":null,"obfuscation":"` + obfuscation + `"}`
}

func ollamaChunk(content, at string) string {
	return `{"model":"tiny","created_at":"` + at + `","message":{"role":"assistant","content":"` + content + `"},"done":false}`
}

// frameFields is what both dialects read of a frame.
type frameFields struct {
	ID      string `json:"id"`
	Model   string `json:"model"`
	Created int64  `json:"created"` // ignored
	Choices []struct {
		Index int `json:"index"`
		Delta struct {
			Role      string `json:"role"`
			Content   string `json:"content"`
			Reasoning string `json:"reasoning_content"`
			ToolCalls []struct {
				Index    int    `json:"index"`
				ID       string `json:"id"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
	Message struct {
		Role     string `json:"role"`
		Content  string `json:"content"`
		Thinking string `json:"thinking"`
	} `json:"message"`
	Done       bool   `json:"done"`
	DoneReason string `json:"done_reason"`
	Error      any    `json:"error"`
}

// proto is a frame apart from its delta.
type proto struct {
	kind string // which delta
	rest string // everything else that was decoded
}

// read decodes a frame with encoding/json alone. Where it held exactly one
// delta, delta is its text.
func read(frame []byte) (p proto, delta string, err error) {
	var f frameFields
	if err := json.Unmarshal(frame, &f); err != nil {
		return proto{}, "", err
	}
	type place struct {
		kind string
		text *string
	}
	places := []place{{"text", &f.Message.Content}, {"reasoning", &f.Message.Thinking}}
	for i := range f.Choices {
		d := &f.Choices[i].Delta
		places = append(places, place{fmt.Sprint("text of choice ", i), &d.Content}, place{fmt.Sprint("reasoning of choice ", i), &d.Reasoning})
		for j := range d.ToolCalls {
			places = append(places, place{fmt.Sprintf("arguments of call %d of choice %d", j, i), &d.ToolCalls[j].Function.Arguments})
		}
	}
	n := 0
	var only place
	for _, at := range places {
		if *at.text != "" {
			n++
			only = at
		}
	}
	if n == 1 {
		p.kind, delta = only.kind, *only.text
		*only.text = ""
	}
	f.Created = 0
	rest, err := json.Marshal(f)
	p.rest = string(rest)
	return p, delta, err
}

// learnBoth lets s learn one shape from two frames.
func learnBoth(t testing.TB, s interface{ Learn([]byte, string, proto) }, frames ...string) {
	t.Helper()
	for _, frame := range frames {
		p, delta, err := read([]byte(frame))
		if err != nil || delta == "" {
			t.Fatalf("a frame to learn from has delta %q, error %v:\n%s", delta, err, frame)
		}
		s.Learn([]byte(frame), delta, p)
	}
}
