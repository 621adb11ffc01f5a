package llmutil

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// History converts the messages of a request to those that a dialect can send. A provider
// calls Messages before it converts them, and adds the warnings to its own:
//
//	messages, warnings := llmutil.History{
//		TakeBack: llm.TakeBack{Provider: p.name, Formats: []string{"acme"}, Model: call.Model},
//	}.Messages(call.Request.Messages)
//
// After it, all [llm.ProviderData] in the messages is the provider's own and can be sent.
type History struct {
	// TakeBack selects the provider data that goes back.
	TakeBack llm.TakeBack
	// ResultPart reports whether a tool result can have a part. By default, a result is only
	// text. Text parts are then appended to the content of the result, and other parts are
	// sent in a user message after the results.
	ResultPart func(llm.Part) bool
	// CustomCalls means that the dialect has custom tools. Without it, an earlier call of a
	// custom tool is sent as the call of a function with its text in the argument "input".
	CustomCalls bool
}

// Messages returns the messages to send, and a warning for each kind of content that was
// changed or omitted. The given messages are not modified. If nothing was changed, the
// result is the given slice.
func (h History) Messages(messages []llm.Message) ([]llm.Message, []llm.Warning) {
	messages, warnings := h.TakeBack.Messages(messages)
	c := converting{History: h, warnings: warnings}
	if slices.ContainsFunc(messages, c.mustChange) {
		messages = c.convert(messages)
	}
	return messages, c.warnings
}

// converting is one use of a [History].
type converting struct {
	History
	warnings []llm.Warning
	names    map[string]string // of the tools that were called, by call id
}

// mustChange reports whether the dialect cannot send a message as it is.
func (c *converting) mustChange(m llm.Message) bool {
	return slices.ContainsFunc(m.Parts, func(part llm.Part) bool {
		switch p := part.(type) {
		case llm.ToolCall:
			return p.Custom && !c.CustomCalls
		case llm.ToolResult:
			return slices.ContainsFunc(p.Parts, c.moves)
		}
		return false
	})
}

// moves reports whether a part cannot stay in a tool result.
func (c *converting) moves(part llm.Part) bool { return c.ResultPart == nil || !c.ResultPart(part) }

// convert returns the messages in the form that the dialect can send.
func (c *converting) convert(messages []llm.Message) []llm.Message {
	c.names = make(map[string]string)
	out := make([]llm.Message, 0, len(messages)+1)
	var moved []llm.Part // of the results of this turn
	flush := func() {
		if len(moved) > 0 { // servers want all results of a turn before any other message
			out = append(out, llm.Message{Role: llm.RoleUser, Parts: moved})
			moved = nil
		}
	}
	for _, m := range messages {
		if m.Role != llm.RoleTool {
			flush()
		}
		change := c.mustChange(m)
		parts := m.Parts
		if change {
			parts = slices.Clone(m.Parts)
		}
		for i, part := range parts {
			switch p := part.(type) {
			case llm.ToolCall:
				c.names[p.ID] = p.Name
				if change {
					parts[i] = c.call(p)
				}
			case llm.ToolResult:
				if change {
					var rest []llm.Part
					parts[i], rest = c.result(p)
					moved = append(moved, rest...)
				}
			}
		}
		m.Parts = parts
		out = append(out, m)
	}
	flush()
	return out
}

// call returns the call of a custom tool as the call of a function.
func (c *converting) call(call llm.ToolCall) llm.ToolCall {
	if !call.Custom || c.CustomCalls {
		return call
	}
	arguments, err := json.Marshal(map[string]string{"input": call.Arguments})
	if err != nil { // a string always has a JSON form
		arguments = []byte("{}")
	}
	call.Arguments, call.Custom = string(arguments), false
	c.warn("an earlier call of the custom tool " + call.Name + " was sent as the call of a function: custom tools are not supported")
	return call
}

// result returns the result with the parts that can stay, and the parts for the message
// after it.
func (c *converting) result(result llm.ToolResult) (llm.ToolResult, []llm.Part) {
	var kept, moved []llm.Part
	var texts []string
	if result.Content != "" {
		texts = append(texts, result.Content)
	}
	for _, part := range result.Parts {
		text, isText := part.(llm.Text)
		switch {
		case !c.moves(part):
			kept = append(kept, part)
		case isText:
			texts = append(texts, text.Text)
		default:
			moved = append(moved, part)
		}
	}
	result.Parts = kept
	result.Content = strings.Join(texts, "\n")
	if len(moved) == 0 {
		return result, nil
	}
	name := result.Name
	if name == "" {
		name = c.names[result.CallID]
	}
	c.warn("the images and files of tool results were sent in a user message after them: results have only text")
	if result.Content == "" {
		result.Content = "The result is in the next user message."
	}
	return result, append([]llm.Part{llm.Text{Text: fmt.Sprintf("The result of the tool %s has this content:", name)}}, moved...)
}

func (c *converting) warn(message string) {
	w := llm.Warning{Code: llm.WarnChanged, Setting: "Messages", Message: message}
	if !slices.Contains(c.warnings, w) {
		c.warnings = append(c.warnings, w)
	}
}
