package anthropic_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// FuzzReply gives the provider any body as a stream. It must not panic, and it may make an
// answer of it only if an event is a message_stop. An answer can be sent back.
func FuzzReply(f *testing.F) {
	f.Add(everything)
	f.Add(strings.ReplaceAll(everything, "\n", "\r\n"))
	f.Add(events(begin, start(textBlock), delta(textDelta("a")), `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`))
	f.Add(events(append([]string{begin, start(textBlock), delta(`{"type":"citations_delta","citation":{"url":"u","title":"t"}}`), delta(textDelta("a"))}, end("end_turn")...)...))
	f.Add(events(append([]string{delta(textDelta("a")), deltaAt(1, inputDelta("{")), startAt(0, toolBlock), stopAt(1)}, end("tool_use")...)...))
	f.Add(events(append([]string{begin, start(`{"type":"compaction"}`), delta(`{"type":"compaction_delta","content":"a"}`), start(`{"type":""}`)}, end("max_tokens")...)...))
	f.Add(`data: {"type":"message","content":[{"type":"text","text":"a"},{"type":"x"}],"stop_reason":"end_turn"}` + "\n\n")
	f.Add("data: null\n\ndata: []\n\n{\"error\":1}\n")
	var body string
	p := handledBy(f, func(w http.ResponseWriter, r *http.Request) { says(http.StatusOK, eventType, body)(w, r) })
	back := handledBy(f, says(http.StatusOK, jsonType, `{"type":"message","content":[],"stop_reason":"end_turn"}`))
	f.Fuzz(func(t *testing.T, fuzzed string) {
		body = fuzzed
		resp, err := ask(t, p, llm.Prompt("hi"))
		if err != nil {
			if _, ok := errors.AsType[*llm.Error](err); !ok {
				t.Errorf("the error %v is not an *llm.Error", err)
			}
			return
		}
		if !strings.Contains(fuzzed, "message") {
			t.Fatal("a stream without a message became an answer")
		}
		for _, c := range resp.ToolCalls() {
			if c.Name == "" {
				t.Error("a call has no name")
			}
		}
		history, err := json.Marshal(append([]llm.Message{llm.User("hi")}, resp.Messages...))
		var messages []llm.Message
		if err == nil {
			err = json.Unmarshal(history, &messages)
		}
		if err == nil {
			_, err = ask(t, back, &llm.Request{Messages: llm.CloseCalls(append(messages, llm.User("and?")), "not run")})
		}
		if err != nil {
			t.Errorf("the answer cannot be sent back: %v", err)
		}
	})
}
