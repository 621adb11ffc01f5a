package llm

import (
	"slices"

	"github.com/parley-llm/parley/internal/pairing"
)

// OpenCalls returns the tool calls of the answer that have no result yet, in order. A tool
// loop leaves calls open that wait for a [Decision].
func (r *Response) OpenCalls() []ToolCall {
	if r == nil {
		return nil
	}
	return OpenCalls(r.Messages)
}

// OpenCalls returns the tool calls at the end of a history that have no result yet, in
// order. A result belongs to the first open call with its id, or with its name if it has no
// id.
func OpenCalls(history []Message) []ToolCall {
	var open pairing.Calls[ToolCall]
	for i, m := range history {
		if beginsTurn(history, i) {
			open.Reset()
		}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case ToolCall:
				open.Add(p.ID, p.Name, p)
			case ToolResult:
				open.Take(p.CallID, p.Name)
			}
		}
	}
	return open.Values()
}

// beginsTurn reports whether calls before message i cannot have results in it or after it.
// Several assistant messages in a row are one turn.
func beginsTurn(history []Message, i int) bool {
	switch history[i].Role {
	case RoleTool:
		return false
	case RoleAssistant:
		return i == 0 || history[i-1].Role != RoleAssistant
	}
	return true
}

// CloseCalls returns a history that every provider accepts: each tool call without a result
// gets one, with IsError set and the given text, for example "The call was cancelled; it may
// have had effects." Decisions are removed, because their calls have results now. The given
// messages are not modified. If nothing changes, the result is the given slice.
//
// Use it after a tool loop of your own was stopped between a call and its result.
func CloseCalls(history []Message, why string) []Message {
	var open pairing.Calls[ToolCall]
	out := make([]Message, 0, len(history)+1)
	changed := false
	flush := func() {
		if open.Len() == 0 {
			return
		}
		changed = true
		var parts []Part
		for _, call := range open.Values() {
			parts = append(parts, ToolResult{CallID: call.ID, Name: call.Name, Content: why, IsError: true})
		}
		if last := len(out) - 1; out[last].Role == RoleTool { // one message has all results of a turn
			out[last].Parts = append(slices.Clip(out[last].Parts), parts...)
		} else {
			out = append(out, Message{Role: RoleTool, Parts: parts})
		}
		open.Reset()
	}
	for i, m := range history {
		if beginsTurn(history, i) {
			flush()
		}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case ToolCall:
				open.Add(p.ID, p.Name, p)
			case ToolResult:
				open.Take(p.CallID, p.Name)
			}
		}
		if without := withoutDecisions(m.Parts); len(without) != len(m.Parts) {
			changed = true
			if len(without) == 0 {
				continue
			}
			m.Parts = without
		}
		out = append(out, m)
	}
	flush()
	if !changed {
		return history
	}
	return out
}

// withoutDecisions returns the parts that are not decisions.
func withoutDecisions(parts []Part) []Part {
	isDecision := func(part Part) bool { _, ok := part.(Decision); return ok }
	if !slices.ContainsFunc(parts, isDecision) {
		return parts
	}
	return slices.DeleteFunc(slices.Clone(parts), isDecision)
}
