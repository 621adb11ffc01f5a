package llm_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// A conversation that was read from anywhere can be stored, and what is stored
// does not drift.
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
		// An answer is no longer what it was if its parts change their types.
		if len(first.Parts) != len(second.Parts) || first.Text() != second.Text() || first.Role != second.Role {
			t.Errorf("%+v became %+v", first, second)
		}
	})
}

// fragmentsOf makes fragments of bytes: one byte says which index, id and name
// come next and how many of the bytes after it are arguments.
func fragmentsOf(data []byte) []llm.ToolCallFragment {
	var fragments []llm.ToolCallFragment
	for len(data) > 0 {
		op := data[0]
		n := min(int(op>>6), len(data)-1)
		f := llm.ToolCallFragment{
			Index:     int(op&3) - 1,
			ID:        []string{"", "", "a", "b"}[op>>2&3],
			Name:      []string{"", "f", "g", "get_"}[op>>4&3],
			Arguments: string(data[1 : 1+n]),
		}
		fragments = append(fragments, f)
		data = data[1+n:]
	}
	return fragments
}

// Whatever a server sends, the events are well-formed and hold every byte of
// the arguments.
func FuzzToolCallAssembler(f *testing.F) {
	f.Add([]byte("\x19\x41{\x41}"), uint8(0))
	f.Add([]byte("\x59{\x5d[\x41}\x42]"), uint8(0))
	f.Add([]byte("\x10\x80{}\x10\x80{}"), uint8(1))
	f.Add([]byte("\x99{}\xda\"x\""), uint8(1))
	f.Add([]byte("\x39\x11\x41{"), uint8(2))
	f.Add([]byte{0, 0, 0, 255, 1, 2, 3, 255, 4}, uint8(3))
	reasons := []llm.FinishReason{llm.FinishToolCalls, llm.FinishLength, llm.FinishContentFilter, llm.FinishUnknown}
	f.Fuzz(func(t *testing.T, data []byte, finish uint8) {
		fragments := fragmentsOf(data)
		reason := reasons[int(finish)%len(reasons)]
		cut := reason != llm.FinishToolCalls

		type state struct {
			id        string
			named     bool
			arguments string
			ended     bool
		}
		var calls []*state // by index, in the order of their announcement
		at := map[int]*state{}
		for _, ev := range assemble(reason, fragments...) {
			call := at[ev.Index]
			switch ev.Type {
			case llm.EventToolCallStart:
				if call != nil {
					t.Fatalf("call %d starts twice", ev.Index)
				}
				at[ev.Index] = &state{id: ev.Detail.(*llm.ToolCall).ID, named: ev.Detail.(*llm.ToolCall).Name != ""}
				calls = append(calls, at[ev.Index])
			case llm.EventToolCallDelta:
				if call == nil || call.ended {
					t.Fatalf("call %d has a delta outside of it", ev.Index)
				}
				call.arguments += ev.Text
			case llm.EventToolCallEnd:
				if call == nil || call.ended {
					t.Fatalf("call %d ends without a start, or twice", ev.Index)
				}
				call.ended = true
				whole := ev.Detail.(*llm.ToolCall)
				if whole.Arguments != call.arguments {
					t.Fatalf("call %d ends with the arguments %q, and its deltas were %q", ev.Index, whole.Arguments, call.arguments)
				}
				if call.id != "" && whole.ID != call.id {
					t.Fatalf("call %d starts with the id %q and ends with %q", ev.Index, call.id, whole.ID)
				}
				if cut && !json.Valid([]byte(whole.Arguments)) {
					t.Fatalf("call %d was cut, and is ended with the arguments %q", ev.Index, whole.Arguments)
				}
			default:
				t.Fatalf("an assembler made a %s event", ev.Type)
			}
		}

		var sent, got int
		for _, f := range fragments {
			sent += len(f.Arguments)
		}
		for _, call := range calls {
			got += len(call.arguments)
			if !cut && call.named && !call.ended {
				t.Errorf("an answer that was not cut leaves the call %+v open", call)
			}
		}
		if sent != got {
			t.Errorf("%d bytes of arguments were sent and %d came out", sent, got)
		}
		var a llm.ToolCallAssembler
		for _, f := range fragments {
			a.Add(f, func(llm.Event, error) bool { return true })
		}
		if a.Len() != len(calls) {
			t.Errorf("the assembler counts %d calls and announced %d", a.Len(), len(calls))
		}
	})
}

// eventsOf makes events of bytes: one byte is the type, the next the index and
// the length of the text, which follows.
func eventsOf(data []byte) []llm.Event {
	details := [...]llm.Detail{
		nil, &llm.Start{ID: "id"}, provider("sig"), &llm.ToolCall{ID: "c", Name: "f"}, &llm.Media{Part: llm.Image{URL: "u"}}, &llm.Media{},
		&llm.Source{}, &llm.Logprobs{Tokens: make([]llm.TokenLogprob, 1)}, &llm.EmbedResponse{}, &llm.TokenCount{}, &llm.ModelList{},
		&llm.Step{Messages: []llm.Message{llm.Assistant("step")}}, &llm.Warning{}, &llm.Attempt{}, &llm.Done{},
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

// The text of an answer is the text of its events since the last step or
// reset, whatever comes between them.
func FuzzCollect(f *testing.F) {
	f.Add([]byte("\x02\x20\x00Hi\x02\x10\x02!\x03\x20\x00hm\x11\x00\x0e"))
	f.Add([]byte("\x05\x01\x03\x06\x21\x00{}\x07\x01\x03\x02\x10\x00a\x11\x00\x0e"))
	f.Add([]byte("\x02\x10\x00a\x10\x00\x00\x02\x10\x00b"))
	f.Add([]byte("\x0d\x00\x0b\x02\x10\x00a\x0e\x00\x0b\x02\x10\x00b"))
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

		// A stream builds the same answer, and survives being asked for it at any time.
		s := answering(script(events...)).Stream(t.Context(), llm.Prompt("?"))
		for range s.Events() {
			s.Response()
		}
		check(t, "messages of a stream", resp.Messages, s.Response().Messages)
		check(t, "cut calls of a stream", resp.IncompleteCalls, s.Response().IncompleteCalls)

		// What was collected can be stored, but for nil parts and broken text.
		for _, m := range resp.Messages {
			if _, err := json.Marshal(m); err != nil && !strings.Contains(err.Error(), "the part is nil") && !strings.Contains(err.Error(), "not valid UTF-8") {
				t.Errorf("%+v cannot be stored: %v", m, err)
			}
		}
	})
}
