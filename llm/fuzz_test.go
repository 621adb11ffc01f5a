package llm_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// A conversation that was read can be stored, and its stored form is stable.
func FuzzMessageJSON(f *testing.F) {
	for _, seed := range messagesInJSON {
		f.Add([]byte(seed.json))
	}
	for _, seed := range []string{
		`null`, `{}`, `[]`, `"x"`, `{"parts":[null]}`, `{"parts":[{}]}`, `{"parts":[{"type":""}]}`,
		`{"parts":[{"TYPE":"text","Text":"case"}]}`,
		`{"parts":[{"type":"text","type":"x","text":1}]}`,
		`{"parts":[{"type":"x","a":"\ud800","b":1e400,"c":{"type":"text"}}]}`,
		`{"parts":[{"type":"x<&>\u2028"}]}`,
		`{"role":"\ud83e\udd99","name":"\u0000","parts":[{"type":"image","data":null,"providerData":{}}]}`,
		"{\"parts\":[{\"type\":\"x\",\"a\":\"\xff\"}]}",
		`{"parts":[` + strings.Repeat(`{"type":"text","text":"a"},`, 50) + `{"type":"refusal"}]}`,
		`{"parts":[{"type":"x","a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first llm.Message
		if err := json.Unmarshal(data, &first); err != nil {
			return
		}
		stored, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("the message read from %q cannot be written: %v", data, err)
		}
		var second llm.Message
		if err := json.Unmarshal(stored, &second); err != nil {
			t.Fatalf("%s was written and cannot be read: %v", stored, err)
		}
		again, err := json.Marshal(second)
		if err != nil {
			t.Fatalf("%s was written, read, and cannot be written: %v", stored, err)
		}
		if !bytes.Equal(stored, again) {
			t.Errorf("the stored form drifts:\n%s\n%s", stored, again)
		}
		// The parts must keep their types.
		if len(first.Parts) != len(second.Parts) || first.Text() != second.Text() || first.Role != second.Role {
			t.Errorf("%+v became %+v", first, second)
		}
	})
}

// eventsOf returns the events encoded in bytes: one byte for the type, one for the index and the
// length of the text, one for the detail, then the text.
func eventsOf(data []byte) []llm.Event {
	details := [...]llm.Detail{
		nil, &llm.Start{ID: "id"}, provider("sig"), &llm.ToolCall{ID: "c", Name: "f"}, &llm.Media{Part: llm.Image{URL: "u"}}, &llm.Media{},
		&llm.Source{}, &llm.TokenLogprob{}, &llm.EmbedResponse{}, &llm.TokenCount{}, &llm.ModelList{},
		&llm.Step{Messages: []llm.Message{llm.Assistant("step")}}, &llm.Warning{}, &llm.Attempt{}, &llm.Done{},
		new(llm.ProviderData), &llm.ToolEnd{Result: llm.ToolResult{CallID: "c"}}, &llm.Media{Part: llm.Opaque{ProviderData: provider("item")}},
	}
	var events []llm.Event
	for len(data) >= 3 {
		n := min(int(data[1]>>4), len(data)-3)
		events = append(events, llm.Event{
			Type:   llm.EventType(data[0]) % (llm.EventDone + 2),
			Index:  int(data[1]&3) - 1,
			Detail: details[int(data[2])%len(details)],
			Text:   string(data[3 : 3+n]),
		})
		data = data[3+n:]
	}
	return events
}

// The text of an answer is the text of its events since the last step or reset.
func FuzzCollect(f *testing.F) {
	f.Add([]byte("\x02\x20\x00Hi\x02\x10\x02!\x03\x20\x00hm\x13\x00\x0e"))
	f.Add([]byte("\x05\x01\x03\x06\x21\x00{}\x07\x01\x03\x02\x10\x00a\x13\x00\x0e"))
	f.Add([]byte("\x02\x10\x00a\x12\x00\x00\x02\x10\x00b"))
	f.Add([]byte("\x0f\x00\x0b\x02\x10\x00a\x10\x00\x0b\x02\x10\x00b"))
	f.Add([]byte("\x02\x10\x00a\x02\x00\x0f\x02\x10\x00b\x0c\x00\x03\x0d\x00\x10\x13\x00\x0e"))
	f.Add([]byte("\x08\x00\x05\x04\x30\x02no!\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		events := eventsOf(data)
		resp, err := llm.Collect(script(events...))
		if resp == nil {
			t.Fatal("no response")
		}

		var want strings.Builder
		ended, stepped := false, false
		for _, ev := range events {
			_, isStep := ev.Detail.(*llm.Step)
			switch {
			case ev.Type == llm.EventText:
				want.WriteString(ev.Text)
			case ev.Type == llm.EventReset:
				want.Reset()
				stepped = false
			case ev.Type == llm.EventStepEnd && isStep:
				want.Reset()
				stepped = true
			}
			ended = ended || ev.Type == llm.EventDone
		}
		if got := resp.Text(); got != want.String() && !(stepped && want.Len() == 0 && got == "step") {
			t.Errorf("the text is %q, and that of the events %q", got, want.String())
		}
		if (err == nil) != ended {
			t.Errorf("error %v, and the events have an end: %t", err, ended)
		}

		// A stream builds the same answer, also if Response is called after each event.
		s := answering(script(events...)).Stream(t.Context(), llm.Prompt("?"))
		for range s.Events() {
			s.Response()
		}
		check(t, "messages of a stream", resp.Messages, s.Response().Messages)
		check(t, "cut calls of a stream", resp.IncompleteCalls, s.Response().IncompleteCalls)

		// The answer can be stored, except for nil parts and invalid text.
		for _, m := range resp.Messages {
			if _, err := json.Marshal(m); err != nil && !strings.Contains(err.Error(), "the part is nil") && !strings.Contains(err.Error(), "not valid UTF-8") {
				t.Errorf("%+v cannot be stored: %v", m, err)
			}
		}
	})
}

// historyOf reads a history from bytes: a role and a part for each.
func historyOf(data []byte) []llm.Message {
	roles := [...]llm.Role{llm.RoleUser, llm.RoleAssistant, llm.RoleTool, llm.RoleSystem}
	var history []llm.Message
	for _, c := range data {
		role, id, name := roles[c&3], string("ab"[c>>4&1]), string("fg"[c>>5&1])
		if c>>6&1 == 1 {
			id = ""
		}
		call := llm.ToolCall{ID: id, Name: name, Arguments: "{}"}
		var part llm.Part = llm.Text{Text: "t"}
		switch {
		case role == llm.RoleAssistant && c>>3&1 == 1:
			part = call
		case role == llm.RoleTool && c>>3&1 == 1:
			part = call.Approve()
		case role == llm.RoleTool:
			part = llm.ToolResult{CallID: id, Name: name}
		}
		if last := len(history) - 1; last >= 0 && history[last].Role == role && c>>2&1 == 1 {
			history[last].Parts = append(history[last].Parts, part)
			continue
		}
		history = append(history, llm.Message{Role: role, Parts: []llm.Part{part}})
	}
	return history
}

// After CloseCalls, each call has a result, and a history that had no other fault is valid.
func FuzzCloseCalls(f *testing.F) {
	f.Add([]byte{0, 9, 0x19, 2, 0})
	f.Add([]byte{9, 0x2d, 0x4d, 10, 0x22, 0, 9})
	f.Add([]byte{9, 9, 2, 0x0e, 3, 1, 0x59, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		history := historyOf(data)
		closed := llm.CloseCalls(history, "cancelled")
		if open := llm.OpenCalls(closed); len(open) > 0 {
			t.Errorf("calls are open: %v", open)
		}
		check(t, "closed twice", closed, llm.CloseCalls(closed, "cancelled"))
		if len(closed) == 0 {
			return
		}
		err := (&llm.Request{Messages: closed}).Validate()
		if err != nil && (strings.Contains(err.Error(), "has no result") || strings.Contains(err.Error(), "decision")) {
			t.Errorf("the closed history %v is not valid: %v", closed, err)
		}
	})
}
