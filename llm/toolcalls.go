package llm

import (
	"strings"
)

// ToolCallAssembler makes well-formed tool call events of the fragments in
// which servers send tool calls. Providers feed it every fragment, in order,
// and then call Finish.
//
// Servers agree on little: indexes may be interleaved, missing or used again
// for the next call; ids come once, in every fragment, or never; names come
// split. So a fragment belongs to the call with its index, unless it brings a
// name and another id than that call's, or another name once that one's
// arguments have begun, which is a new call. A fragment without an index belongs
// to the call with its id, and one without a name either to the latest.
// Arguments are joined and never invented: none stays none.
//
// The zero value is ready to use. It is for one answer and one goroutine.
type ToolCallAssembler struct {
	calls  []*assembly
	latest map[int]int    // by the server's index: the latest call with it
	ids    map[callID]int // calls that have an id
}

// callID tells calls apart where servers use an id at several indexes.
type callID struct {
	index int
	id    string
}

// ToolCallFragment is what one chunk says of a tool call.
type ToolCallFragment struct {
	Index        int    // the server's index, or negative if it sent none
	ID           string // empty if this chunk does not say
	Name         string // all of it, or a piece
	Arguments    string // a piece
	ProviderData *ProviderData
}

// assembly is a call in the making. Its place in the assembler's list is the
// index of its events; at is the server's.
type assembly struct {
	at        int
	call      ToolCall
	arguments strings.Builder
	announced bool // its start event is out
	ended     bool
}

// Add takes a fragment and passes on the events that follow from it. It
// returns false as soon as yield does.
//
// A call is announced with its first arguments, or when it ends, so that a
// name that comes in pieces is whole by then.
func (a *ToolCallAssembler) Add(f ToolCallFragment, yield func(Event, error) bool) bool {
	n := a.find(f)
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
	if !c.announced && f.Name != c.call.Name { // some servers repeat the whole name with every fragment
		c.call.Name += f.Name
	}
	if f.Arguments == "" {
		return true
	}
	if !a.announce(n, yield) {
		return false
	}
	c.arguments.WriteString(f.Arguments)
	return yield(Event{Type: EventToolCallDelta, Index: n, Text: f.Arguments}, nil)
}

// Finish ends the calls and passes on their end events. Unless the model itself
// ended the answer, only calls whose arguments are a whole JSON object are
// ended; the others are announced and no more, and so are calls without a name.
// It returns false as soon as yield does.
func (a *ToolCallAssembler) Finish(reason FinishReason, yield func(Event, error) bool) bool {
	certain := reason == FinishStop || reason == FinishToolCalls
	for n, c := range a.calls {
		if c.ended {
			continue
		}
		if !a.announce(n, yield) {
			return false
		}
		arguments := c.arguments.String()
		if c.call.Name == "" || !certain && !isJSONObject([]byte(arguments)) {
			continue
		}
		c.ended = true
		call := c.call
		call.Arguments = arguments
		if !yield(Event{Type: EventToolCallEnd, Index: n, Detail: &call}, nil) {
			return false
		}
	}
	return true
}

// Len returns the number of calls seen.
func (a *ToolCallAssembler) Len() int { return len(a.calls) }

// begin adds a call with the server's index and returns its place.
func (a *ToolCallAssembler) begin(index int) int {
	if a.latest == nil {
		a.latest, a.ids = make(map[int]int), make(map[callID]int)
	}
	n := len(a.calls)
	a.calls = append(a.calls, &assembly{at: index})
	a.latest[index] = n
	return n
}

// find returns the place of the call that f belongs to, or -1 for a new call.
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
		c.announced && f.Name != c.call.Name) // its name was whole
	if another {
		return -1
	}
	return n
}

func (a *ToolCallAssembler) announce(n int, yield func(Event, error) bool) bool {
	c := a.calls[n]
	if c.announced {
		return true
	}
	c.announced = true
	return yield(Event{Type: EventToolCallStart, Index: n, Detail: &ToolCall{ID: c.call.ID, Name: c.call.Name}}, nil)
}
