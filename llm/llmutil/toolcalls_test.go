package llmutil_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

type fragment = llmutil.ToolCallFragment

// assemble passes the fragments to an assembler and returns its events.
func assemble(reason llm.FinishReason, fragments ...fragment) []llm.Event {
	var a llmutil.ToolCallAssembler
	events, _ := read(func(yield func(llm.Event, error) bool) {
		for _, f := range fragments {
			if !a.Add(f, yield) {
				return
			}
		}
		a.Finish(reason, yield)
	})
	return events
}

func TestToolCallAssembler(t *testing.T) {
	// whole returns the events of a call with arguments in these pieces.
	whole := func(index int, id, name string, pieces ...string) []llm.Event {
		events := []llm.Event{callStart(index, id, name)}
		var arguments string
		for _, piece := range pieces {
			events = append(events, callDelta(index, piece))
			arguments += piece
		}
		return append(events, callEnd(index, id, name, arguments))
	}
	const yes, cut, filtered = llm.FinishToolCalls, llm.FinishLength, llm.FinishContentFilter
	for _, test := range []struct {
		name      string
		reason    llm.FinishReason
		fragments []fragment
		want      []llm.Event
	}{
		{name: "none", reason: yes},
		{
			name: "whole in one fragment", reason: yes,
			fragments: []fragment{{0, "a", "f", `{"x":1}`, false, nil}},
			want:      whole(0, "a", "f", `{"x":1}`),
		},
		{
			name: "id and name once, arguments in pieces", reason: yes,
			fragments: []fragment{{0, "a", "f", "", false, nil}, {0, "", "", `{"x"`, false, nil}, {0, "", "", ":1}", false, nil}},
			want:      whole(0, "a", "f", `{"x"`, ":1}"),
		},
		{
			name: "interleaved by index", reason: yes,
			fragments: []fragment{{0, "a", "f", "", false, nil}, {1, "b", "g", "", false, nil}, {1, "", "", "{", false, nil}, {0, "", "", "{}", false, nil}, {1, "", "", "}", false, nil}},
			want: []llm.Event{callStart(1, "b", "g"), callDelta(1, "{"), callStart(0, "a", "f"), callDelta(0, "{}"), callDelta(1, "}"),
				callEnd(0, "a", "f", "{}"), callEnd(1, "b", "g", "{}")},
		},
		{
			name: "indexes with gaps, from the server's own count", reason: yes,
			fragments: []fragment{{7, "a", "f", "{}", false, nil}, {3, "b", "g", "[]", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "{}"), callStart(1, "b", "g"), callDelta(1, "[]"),
				callEnd(0, "a", "f", "{}"), callEnd(1, "b", "g", "[]")},
		},
		{
			name: "same index with a new id is a new call", reason: yes,
			fragments: []fragment{{0, "a", "f", "1", false, nil}, {0, "b", "f", "2", false, nil}, {0, "", "", "3", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callStart(1, "b", "f"), callDelta(1, "2"), callDelta(1, "3"),
				callEnd(0, "a", "f", "1"), callEnd(1, "b", "f", "23")},
		},
		{
			name: "same index, ids interleaved", reason: yes,
			fragments: []fragment{{0, "a", "f", "1", false, nil}, {0, "b", "g", "2", false, nil}, {0, "a", "", "3", false, nil}, {0, "b", "", "4", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callStart(1, "b", "g"), callDelta(1, "2"), callDelta(0, "3"), callDelta(1, "4"),
				callEnd(0, "a", "f", "13"), callEnd(1, "b", "g", "24")},
		},
		{
			name: "same id at two indexes are two calls", reason: yes,
			fragments: []fragment{{0, "a", "f", "1", false, nil}, {1, "a", "f", "2", false, nil}, {0, "", "", "3", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callStart(1, "a", "f"), callDelta(1, "2"), callDelta(0, "3"),
				callEnd(0, "a", "f", "13"), callEnd(1, "a", "f", "2")},
		},
		{
			name: "id repeated in every fragment", reason: yes,
			fragments: []fragment{{0, "a", "f", "{", false, nil}, {0, "a", "", "}", false, nil}},
			want:      whole(0, "a", "f", "{", "}"),
		},
		{
			name: "two calls at one index without ids, told apart by name", reason: yes,
			fragments: []fragment{{0, "", "f", "{}", false, nil}, {0, "", "g", "[]", false, nil}},
			want: []llm.Event{callStart(0, "", "f"), callDelta(0, "{}"), callStart(1, "", "g"), callDelta(1, "[]"),
				callEnd(0, "", "f", "{}"), callEnd(1, "", "g", "[]")},
		},
		{
			name: "another id with every fragment, but the name once", reason: yes,
			fragments: []fragment{{0, "a", "f", "{", false, nil}, {0, "b", "", "}", false, nil}},
			want:      whole(0, "a", "f", "{", "}"),
		},
		{
			name: "id after the name", reason: yes,
			fragments: []fragment{{0, "", "f", "", false, nil}, {0, "a", "", "{}", false, nil}},
			want:      whole(0, "a", "f", "{}"),
		},
		{
			name: "id missing", reason: yes,
			fragments: []fragment{{0, "", "f", "{", false, nil}, {1, "", "g", "[", false, nil}, {0, "", "", "}", false, nil}, {1, "", "", "]", false, nil}},
			want: []llm.Event{callStart(0, "", "f"), callDelta(0, "{"), callStart(1, "", "g"), callDelta(1, "["), callDelta(0, "}"), callDelta(1, "]"),
				callEnd(0, "", "f", "{}"), callEnd(1, "", "g", "[]")},
		},
		{
			name: "index missing, told apart by id", reason: yes,
			fragments: []fragment{{-1, "a", "f", "1", false, nil}, {-1, "b", "g", "2", false, nil}, {-1, "a", "", "3", false, nil}, {-1, "b", "", "4", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callStart(1, "b", "g"), callDelta(1, "2"), callDelta(0, "3"), callDelta(1, "4"),
				callEnd(0, "a", "f", "13"), callEnd(1, "b", "g", "24")},
		},
		{
			name: "index missing, rest belongs to the latest", reason: yes,
			fragments: []fragment{{-1, "a", "f", "1", false, nil}, {-1, "b", "g", "2", false, nil}, {-1, "", "", "3", false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "1"), callStart(1, "b", "g"), callDelta(1, "2"), callDelta(1, "3"),
				callEnd(0, "a", "f", "1"), callEnd(1, "b", "g", "23")},
		},
		{
			name: "index and id missing, each whole", reason: yes,
			fragments: []fragment{{-1, "", "f", "{}", false, nil}, {-1, "", "f", "{}", false, nil}},
			want: []llm.Event{callStart(0, "", "f"), callDelta(0, "{}"), callStart(1, "", "f"), callDelta(1, "{}"),
				callEnd(0, "", "f", "{}"), callEnd(1, "", "f", "{}")},
		},
		{
			name: "name split", reason: yes,
			fragments: []fragment{{0, "a", "get_", "", false, nil}, {0, "", "wea", "", false, nil}, {0, "", "ther", "", false, nil}, {0, "", "", "{}", false, nil}},
			want:      whole(0, "a", "get_weather", "{}"),
		},
		{
			name: "name repeated in each fragment", reason: yes,
			fragments: []fragment{{0, "a", "f", "", false, nil}, {0, "a", "f", "{", false, nil}, {0, "a", "f", "}", false, nil}},
			want:      whole(0, "a", "f", "{", "}"),
		},
		{
			name: "arguments empty: none are invented", reason: yes,
			fragments: []fragment{{0, "a", "now", "", false, nil}},
			want:      whole(0, "a", "now"),
		},
		{
			name: "arguments not JSON: handed on as they are", reason: yes,
			fragments: []fragment{{0, "a", "f", `{"x":`, false, nil}},
			want:      whole(0, "a", "f", `{"x":`),
		},
		{
			name: "finish reason unknown", reason: llm.FinishUnknown,
			fragments: []fragment{{0, "a", "f", "{}", false, nil}},
			want:      whole(0, "a", "f", "{}"),
		},
		{
			name: "cut by length: whole objects are ended, the rest is not", reason: cut,
			fragments: []fragment{{0, "a", "f", ` {"x":1}`, false, nil}, {1, "b", "g", `{"x":"1`, false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, ` {"x":1}`), callStart(1, "b", "g"), callDelta(1, `{"x":"1`),
				callEnd(0, "a", "f", ` {"x":1}`)},
		},
		{
			name: "cut by length before the arguments: announced, not ended", reason: cut,
			fragments: []fragment{{0, "a", "f", "", false, nil}},
			want:      []llm.Event{callStart(0, "a", "f")},
		},
		{
			name: "cut by length in a number, which looks whole", reason: cut,
			fragments: []fragment{{0, "a", "f", "12", false, nil}},
			want:      []llm.Event{callStart(0, "a", "f"), callDelta(0, "12")},
		},
		{
			name: "cut by a filter", reason: filtered,
			fragments: []fragment{{0, "a", "f", `{`, false, nil}},
			want:      []llm.Event{callStart(0, "a", "f"), callDelta(0, `{`)},
		},
		{ // https://github.com/NousResearch/hermes-agent/issues/62940: Gemini's endpoint for OpenAI's dialect
			name: "two calls of one tool at one index without ids, each whole", reason: yes,
			fragments: []fragment{{0, "", "f", `{"x":1}`, false, nil}, {0, "", "f", `{"x":2}`, false, nil}},
			want: []llm.Event{callStart(0, "", "f"), callDelta(0, `{"x":1}`), callStart(1, "", "f"), callDelta(1, `{"x":2}`),
				callEnd(0, "", "f", `{"x":1}`), callEnd(1, "", "f", `{"x":2}`)},
		},
		{
			name: "two calls of one tool at one index without ids, in pieces", reason: yes,
			fragments: []fragment{{0, "", "f", "", false, nil}, {0, "", "", `{"x":"}`, false, nil}, {0, "", "", `"}`, false, nil}, {0, "", "f", "", false, nil}, {0, "", "", `{"x":`, false, nil}, {0, "", "", `2}`, false, nil}},
			want: []llm.Event{callStart(0, "", "f"), callDelta(0, `{"x":"}`), callDelta(0, `"}`), callStart(1, "", "f"), callDelta(1, `{"x":`), callDelta(1, `2}`),
				callEnd(0, "", "f", `{"x":"}"}`), callEnd(1, "", "f", `{"x":2}`)},
		},
		{ // https://github.com/su-kaka/gcli2api/issues/406
			name: "second object without a head: a call without a name, which is not ended", reason: yes,
			fragments: []fragment{{0, "a", "f", "", false, nil}, {0, "", "", `{"x":1}`, false, nil}, {0, "", "", `{"x":2}`, false, nil}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, `{"x":1}`), callStart(1, "", ""), callDelta(1, `{"x":2}`),
				callEnd(0, "a", "f", `{"x":1}`)},
		},
		{
			name: "the whole call repeated, by id", reason: yes,
			fragments: []fragment{{0, "a", "f", `{"x"`, false, nil}, {0, "", "", `:1}`, false, nil}, {0, "a", "f", `{"x":1}`, false, nil}, {0, "a", "", "", false, nil}},
			want:      whole(0, "a", "f", `{"x"`, ":1}"),
		},
		{
			name: "complete arguments and then the name and white space", reason: yes,
			fragments: []fragment{{0, "a", "f", `{"x":1}`, false, nil}, {0, "a", "f", "", false, nil}, {0, "", "", " \n", false, nil}},
			want:      whole(0, "a", "f", `{"x":1}`, " \n"),
		},
		{
			name: "brackets in a string do not complete the arguments", reason: yes,
			fragments: []fragment{{0, "a", "f", `{"x":"\"}`, false, nil}, {0, "a", "f", `{`, false, nil}, {0, "a", "f", `"}`, false, nil}},
			want:      whole(0, "a", "f", `{"x":"\"}`, `{`, `"}`),
		},
		{
			name: "provider data is in the end event", reason: yes,
			fragments: []fragment{{0, "a", "f", "{}", false, nil}, {0, "", "", "", false, provider("sig")}},
			want: []llm.Event{callStart(0, "a", "f"), callDelta(0, "{}"), {Type: llm.EventToolCallEnd,
				Detail: &llm.ToolCall{ID: "a", Name: "f", Arguments: "{}", ProviderData: provider("sig")}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, "events", test.want, assemble(test.reason, test.fragments...))
		})
	}
}

func TestToolCallAssemblerStopsWhenTheCallerLeaves(t *testing.T) {
	fragments := []fragment{{0, "a", "f", "1", false, nil}, {1, "b", "g", "", false, nil}, {0, "", "", "2", false, nil}}
	all := assemble(llm.FinishStop, fragments...)
	for leave := range all {
		var a llmutil.ToolCallAssembler
		var got []llm.Event
		yield := func(ev llm.Event, _ error) bool {
			got = append(got, ev)
			return len(got) <= leave
		}
		stopped := false
		for _, f := range fragments {
			if !a.Add(f, yield) {
				stopped = true
				break
			}
		}
		if !stopped && a.Finish(llm.FinishStop, yield) {
			t.Errorf("the caller left at event %d, and neither Add nor Finish returned false", leave)
		}
		check(t, "events until the caller left", all[:leave+1], got)
	}
}

func TestToolCallAssemblerCountsCallsAndFinishesOnce(t *testing.T) {
	var a llmutil.ToolCallAssembler
	check(t, "Len of an empty assembler", 0, a.Len())
	ends := 0
	count := func(ev llm.Event, _ error) bool {
		if ev.Type == llm.EventToolCallEnd {
			ends++
		}
		return true
	}
	for _, f := range []fragment{{0, "a", "f", "{}", false, nil}, {0, "", "", " ", false, nil}, {1, "b", "g", "", false, nil}} {
		a.Add(f, count)
	}
	check(t, "Len", 2, a.Len())
	a.Finish(llm.FinishStop, count)
	a.Finish(llm.FinishStop, count)
	check(t, "end events after Finish was called twice", 2, ends)
}
