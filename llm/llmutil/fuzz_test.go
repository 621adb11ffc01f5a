package llmutil_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// fragmentsOf returns the fragments encoded in bytes: one byte for the index, the id, the name
// and the number of bytes of arguments that follow.
func fragmentsOf(data []byte) []llmutil.ToolCallFragment {
	var fragments []llmutil.ToolCallFragment
	for len(data) > 0 {
		op := data[0]
		n := min(int(op>>6), len(data)-1)
		f := llmutil.ToolCallFragment{
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

// For all fragments, the events are well-formed and have every byte of the arguments.
func FuzzToolCallAssembler(f *testing.F) {
	f.Add([]byte("\x19\x41{\x41}"), uint8(0))
	f.Add([]byte("\x59{\x5d[\x41}\x42]"), uint8(0))
	f.Add([]byte("\x10\x80{}\x10\x80{}"), uint8(1))
	f.Add([]byte("\x99{}\xda\"x\""), uint8(1))
	f.Add([]byte("\x39\x11\x41{"), uint8(2))
	f.Add([]byte("\x99{}\x99{}\x81{}"), uint8(0))
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
		var calls []*state // in the order of their start events
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
		repeats := 0 // at most: arguments of a call that may have come before, by its id
		for _, f := range fragments {
			sent += len(f.Arguments)
			if f.ID != "" && json.Valid([]byte(f.Arguments)) {
				repeats += len(f.Arguments)
			}
		}
		for _, call := range calls {
			got += len(call.arguments)
			if !cut && call.named && !call.ended {
				t.Errorf("an answer that was not cut leaves the call %+v open", call)
			}
		}
		if got > sent || got < sent-repeats {
			t.Errorf("%d bytes of arguments were sent and %d came out", sent, got)
		}
		var a llmutil.ToolCallAssembler
		for _, f := range fragments {
			a.Add(f, func(llm.Event, error) bool { return true })
		}
		if a.Len() != len(calls) {
			t.Errorf("the assembler counts %d calls and announced %d", a.Len(), len(calls))
		}
	})
}
