package llmutil

import (
	"slices"

	"github.com/parley-llm/parley/internal/toolname"
	"github.com/parley-llm/parley/llm"
)

// WireToolName returns the name under which a tool is sent to servers. All of them accept
// names of 1 to 64 letters, digits, underscores and hyphens, and such a name is returned
// unchanged. In any other name, each other character becomes an underscore, and the end is a
// hash of the name, so that two names do not become equal:
//
//	WireToolName("files.read") == "files_read_601e4eb6"
//
// [Dispatch] uses it for the names in requests, and restores the names in answers.
func WireToolName(name string) string { return toolname.Wire(name) }

// withWireNames returns the call with names of tools that servers accept, and the function
// that restores the names in the events of its answer. If all names are accepted, it returns
// the given values.
func withWireNames(call *llm.Call, yield func(llm.Event, error) bool) (*llm.Call, func(llm.Event, error) bool) {
	req := call.Request
	if hasWireNames(req) {
		return call, yield
	}
	given := make(map[string]string, len(req.Tools)) // by the name that is sent
	renamed := *req
	renamed.Tools = slices.Clone(req.Tools)
	for i := range renamed.Tools {
		t := &renamed.Tools[i]
		sent := toolname.Wire(t.Name)
		given[sent] = t.Name
		t.Name = sent
	}
	if req.ToolChoice.Name != "" {
		renamed.ToolChoice.Name = toolname.Wire(req.ToolChoice.Name)
	}
	renamed.Messages = slices.Clone(req.Messages)
	for i, m := range renamed.Messages {
		if !slices.ContainsFunc(m.Parts, hasOtherName) {
			continue
		}
		parts := slices.Clone(m.Parts)
		for n, part := range parts {
			switch p := part.(type) {
			case llm.ToolCall:
				p.Name = toolname.Wire(p.Name)
				parts[n] = p
			case llm.ToolResult:
				if p.Name != "" {
					p.Name = toolname.Wire(p.Name)
				}
				parts[n] = p
			}
		}
		renamed.Messages[i].Parts = parts
	}
	sent := *call
	sent.Request = &renamed
	return &sent, func(ev llm.Event, err error) bool {
		if called, ok := ev.Detail.(*llm.ToolCall); ok {
			if name, known := given[called.Name]; known && name != called.Name {
				restored := *called
				restored.Name = name
				ev.Detail = &restored
			}
		}
		return yield(ev, err)
	}
}

// hasWireNames reports whether servers accept all names of tools in a request.
func hasWireNames(req *llm.Request) bool {
	for i := range req.Tools {
		if !toolname.IsWire(req.Tools[i].Name) {
			return false
		}
	}
	for _, m := range req.Messages {
		if slices.ContainsFunc(m.Parts, hasOtherName) {
			return false
		}
	}
	return true
}

// hasOtherName reports whether a part has the name of a tool that servers do not accept.
func hasOtherName(part llm.Part) bool {
	switch p := part.(type) {
	case llm.ToolCall:
		return !toolname.IsWire(p.Name)
	case llm.ToolResult:
		return p.Name != "" && !toolname.IsWire(p.Name)
	}
	return false
}
