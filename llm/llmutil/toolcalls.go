package llmutil

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm"
)

// ToolCallAssembler turns the fragments in which servers send tool calls into well-formed
// events. A provider calls Add for every fragment, in order, and then Finish.
//
// Servers differ: indexes are interleaved, missing, or reused for the next call; ids are
// sent once, in every fragment, or never; names are sent in pieces. The assembler assigns
// a fragment to a call by these rules:
//
//   - A fragment with an index belongs to the latest call with that index. It starts a new
//     call if it has a name and a different id, or a different name after the arguments of
//     that call have begun.
//   - A fragment without an index belongs to the call with its id. Without an id and
//     without a name, it belongs to the latest call.
//   - A call whose arguments are a complete JSON object gets no second object. A fragment
//     that begins one starts a new call, for example because the server sends parallel
//     calls at one index and without ids. If that fragment has the id and the arguments of
//     the first call, it repeats the call and is ignored.
//
// Arguments are joined and never changed. A call without arguments has empty arguments.
//
// The zero value is ready to use. A ToolCallAssembler is for one answer, and not safe for
// concurrent use.
type ToolCallAssembler struct {
	calls  []*assembly
	over   int            // number of calls before calls[0], which are over
	latest map[int]int    // by the server's index: the latest call with it
	ids    map[callID]int // calls that have an id
}

// callID is an id at one index, because some servers use an id at several indexes.
type callID struct {
	index int
	id    string
}

// ToolCallFragment is one piece of a tool call, as a chunk of a stream has it.
type ToolCallFragment struct {
	Index        int    // the server's index, or negative if it sent none
	ID           string // empty if this chunk has none
	Name         string // the whole name or a piece of it
	Arguments    string // a piece of the JSON arguments, or of the text for a custom tool
	Custom       bool   // the call is of a custom tool
	ProviderData *llm.ProviderData
}

// assembly is a call that is being assembled. Its position in the assembler's list is the
// index of its events; at is the server's index.
type assembly struct {
	at        int
	call      llm.ToolCall // without the name and the arguments
	name      strings.Builder
	arguments arguments
	announced bool   // its start event has been passed on
	next      string // a name that came after complete arguments: it may start the next call
	ended     bool
}

// Add takes a fragment and passes the resulting events to yield. It returns false when
// yield does.
//
// The start event of a call is passed on with its first arguments, or by Finish. A name
// that is sent in pieces is complete by then.
func (a *ToolCallAssembler) Add(f ToolCallFragment, yield func(llm.Event, error) bool) bool {
	n := a.find(f)
	if n >= 0 && a.calls[n].arguments.complete {
		switch c := a.calls[n]; {
		case !beginsObject(f.Arguments):
			c.next = f.Name
		case f.ID != "" && f.ID == c.call.ID && f.Arguments == c.arguments.text.String():
			return true
		default:
			if f.ID == "" && f.Name == "" {
				f.Name = c.next
			}
			if f.ID == c.call.ID {
				f.ID = "" // one id must not name two calls
			}
			n = -1
		}
	}
	if n < 0 {
		n = a.begin(f.Index)
	}
	c := a.calls[n]
	if c.call.ID == "" && f.ID != "" {
		c.call.ID = f.ID
		a.ids[callID{c.at, f.ID}] = n
		if _, known := a.ids[callID{-1, f.ID}]; !known { // for fragments without an index
			a.ids[callID{-1, f.ID}] = n
		}
	}
	if f.ProviderData != nil {
		c.call.ProviderData = f.ProviderData
	}
	if f.Custom {
		c.call.Custom, c.arguments.isText = true, true
	}
	if !c.announced && f.Name != c.name.String() { // some servers repeat the whole name in every fragment
		c.name.WriteString(f.Name)
	}
	if f.Arguments == "" {
		return true
	}
	if !a.announce(n, yield) {
		return false
	}
	c.arguments.add(f.Arguments)
	return yield(llm.Event{Type: llm.EventToolCallDelta, Index: a.over + n, Text: f.Arguments}, nil)
}

// Finish ends the calls and passes their end events to yield. It returns false when yield
// does.
//
// If reason is [llm.FinishStop] or [llm.FinishToolCalls], every call with a name is ended.
// For all other reasons the answer may be truncated: only calls whose arguments are a
// complete JSON object are ended. The others, and calls of custom tools, have a start event
// and no end event.
//
// After [llm.FinishStop] or [llm.FinishToolCalls], a further fragment starts a new call.
func (a *ToolCallAssembler) Finish(reason llm.FinishReason, yield func(llm.Event, error) bool) bool {
	certain := reason == llm.FinishStop || reason == llm.FinishToolCalls
	for n, c := range a.calls {
		if c.ended {
			continue
		}
		if !a.announce(n, yield) {
			return false
		}
		arguments := c.arguments.text.String()
		if c.name.Len() == 0 || !certain && (c.call.Custom || !isJSONObject([]byte(arguments))) {
			continue
		}
		c.ended = true
		call := c.call
		call.Name, call.Arguments = c.name.String(), arguments
		if !yield(llm.Event{Type: llm.EventToolCallEnd, Index: a.over + n, Detail: &call}, nil) {
			return false
		}
	}
	if certain { // a provider may call Finish after each call
		a.over += len(a.calls)
		a.calls = a.calls[:0]
		clear(a.latest)
		clear(a.ids)
	}
	return true
}

// Len returns the number of calls seen.
func (a *ToolCallAssembler) Len() int { return a.over + len(a.calls) }

// begin adds a call with the server's index and returns its position.
func (a *ToolCallAssembler) begin(index int) int {
	if a.latest == nil {
		a.latest, a.ids = make(map[int]int), make(map[callID]int)
	}
	n := len(a.calls)
	a.calls = append(a.calls, &assembly{at: index})
	a.latest[index] = n
	return n
}

// find returns the position of the call that f belongs to, or -1 for a new call.
func (a *ToolCallAssembler) find(f ToolCallFragment) int {
	if f.ID != "" {
		if n, ok := a.ids[callID{max(f.Index, -1), f.ID}]; ok {
			return n
		}
	}
	if f.Index < 0 {
		if f.Name == "" {
			return len(a.calls) - 1
		}
		return -1
	}
	n, ok := a.latest[f.Index]
	if !ok {
		return -1
	}
	c := a.calls[n]
	another := f.Name != "" && (f.ID != "" && c.call.ID != "" ||
		c.announced && f.Name != c.name.String()) // the name of an announced call is complete
	if another {
		return -1
	}
	return n
}

func (a *ToolCallAssembler) announce(n int, yield func(llm.Event, error) bool) bool {
	c := a.calls[n]
	if c.announced {
		return true
	}
	c.announced = true
	start := &llm.ToolCall{ID: c.call.ID, Name: c.name.String(), Custom: c.call.Custom}
	return yield(llm.Event{Type: llm.EventToolCallStart, Index: a.over + n, Detail: start}, nil)
}

// isJSONObject reports whether data is one complete JSON object in UTF-8.
func isJSONObject(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) && json.Valid(data) && utf8.Valid(data)
}
