package llmutil

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/pairing"
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
// Calls without arguments have the arguments "{}".
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
	// AnyArguments means that the server accepts arguments that are not a JSON object. By
	// default, they are replaced by "{}", with a warning.
	AnyArguments bool
	// CallID returns an id in the form that the server accepts, for example with other
	// characters or a hash. It returns the same result for the same id, and the id itself if
	// the server accepts it. The ids of calls are then unique in the result, calls without an
	// id get one that depends only on their position, and results have the ids of their calls.
	// A call with the provider's own data keeps its id.
	//
	// By default, ids are not changed.
	CallID func(id string) string
	// ResultNames adds the name of the tool to results without one.
	ResultNames bool
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
	seen     map[string]bool // ids of calls, for mustChange

	used  map[string]bool // ids that are sent
	open  pairing.Calls[llm.ToolCall]
	moved []llm.Part // of the results of this turn
	out   []llm.Message
}

// mustChange reports whether the dialect cannot send a message as it is.
func (c *converting) mustChange(m llm.Message) bool {
	return slices.ContainsFunc(m.Parts, func(part llm.Part) bool {
		switch p := part.(type) {
		case llm.ToolCall:
			return p.Custom && !c.CustomCalls || !p.Custom && !c.accepts(p.Arguments) || c.mustChangeID(p)
		case llm.ToolResult:
			return c.ResultNames && p.Name == "" || slices.ContainsFunc(p.Parts, c.moves)
		}
		return false
	})
}

// mustChangeID reports whether the id of a call is missing, not in the right form, or used.
func (c *converting) mustChangeID(call llm.ToolCall) bool {
	if c.CallID == nil {
		return false
	}
	if c.seen == nil {
		c.seen = make(map[string]bool)
	}
	again := c.seen[call.ID]
	c.seen[call.ID] = true
	return call.ID == "" || again || call.ProviderData == nil && c.CallID(call.ID) != call.ID
}

// accepts reports whether the server accepts arguments.
func (c *converting) accepts(arguments string) bool {
	return strings.TrimSpace(arguments) != "" && (c.AnyArguments || isJSONObject([]byte(arguments)))
}

// moves reports whether a part cannot stay in a tool result.
func (c *converting) moves(part llm.Part) bool { return c.ResultPart == nil || !c.ResultPart(part) }

// convert returns the messages in the form that the dialect can send.
func (c *converting) convert(messages []llm.Message) []llm.Message {
	c.used = make(map[string]bool)
	c.out = make([]llm.Message, 0, len(messages)+1)
	for i, m := range messages {
		if m.Role != llm.RoleTool {
			c.flush()
			if m.Role != llm.RoleAssistant || i > 0 && messages[i-1].Role != llm.RoleAssistant {
				c.open.Reset()
			}
		}
		c.out = append(c.out, c.message(i, m))
	}
	c.flush()
	return c.out
}

// flush adds the message with the parts that cannot stay in results. Servers want all
// results of a turn before any other message.
func (c *converting) flush() {
	if len(c.moved) > 0 {
		c.out = append(c.out, llm.Message{Role: llm.RoleUser, Parts: c.moved})
		c.moved = nil
	}
}

// message converts message i.
func (c *converting) message(i int, m llm.Message) llm.Message {
	if !slices.ContainsFunc(m.Parts, isCallOrResult) {
		return m
	}
	m.Parts = slices.Clone(m.Parts)
	for n, part := range m.Parts {
		switch p := part.(type) {
		case llm.ToolCall:
			given := p
			p.ID = c.id(i, p)
			c.open.Add(given.ID, given.Name, p)
			m.Parts[n] = c.call(p)
		case llm.ToolResult:
			m.Parts[n] = c.result(p)
		}
	}
	return m
}

func isCallOrResult(part llm.Part) bool {
	switch part.(type) {
	case llm.ToolCall, llm.ToolResult:
		return true
	}
	return false
}

// id returns the id to send with a call of message i.
func (c *converting) id(i int, call llm.ToolCall) string {
	if c.CallID == nil {
		return call.ID
	}
	id := call.ID
	switch {
	case id == "":
		id = c.CallID(fmt.Sprintf("call_%d_%d", i, c.open.Len()))
	case call.ProviderData == nil:
		id = c.CallID(id)
	}
	for n := 2; c.used[id]; n++ { // some servers use an id again
		id = c.CallID(fmt.Sprintf("%s_%d", call.ID, n))
	}
	c.used[id] = true
	return id
}

// noArguments are the arguments of a call without arguments.
const noArguments = "{}"

// call returns a call with arguments that the server accepts.
func (c *converting) call(call llm.ToolCall) llm.ToolCall {
	switch {
	case call.Custom && c.CustomCalls:
	case call.Custom:
		arguments, err := json.Marshal(map[string]string{"input": call.Arguments})
		if err != nil { // a string always has a JSON form
			arguments = []byte(noArguments)
		}
		call.Arguments, call.Custom = string(arguments), false
		c.warn("an earlier call of the custom tool " + call.Name + " was sent as the call of a function: custom tools are not supported")
	case strings.TrimSpace(call.Arguments) == "":
		call.Arguments = noArguments
	case !c.accepts(call.Arguments):
		call.Arguments = noArguments
		c.warn("the arguments of an earlier call of " + call.Name + " are not a JSON object; they were omitted")
	}
	return call
}

// result returns a result with the id of its call and the parts that can stay.
func (c *converting) result(result llm.ToolResult) llm.ToolResult {
	called, paired := c.open.Take(result.CallID, result.Name)
	switch {
	case c.CallID == nil:
	case paired:
		result.CallID = called.ID
	default:
		result.CallID = c.CallID(result.CallID)
	}
	if c.ResultNames && result.Name == "" {
		result.Name = called.Name
	}
	if !slices.ContainsFunc(result.Parts, c.moves) {
		return result
	}
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
	result.Parts, result.Content = kept, strings.Join(texts, "\n")
	if len(moved) == 0 {
		return result
	}
	if result.Content == "" {
		result.Content = "The result is in the next user message."
	}
	name := result.Name
	if name == "" {
		name = called.Name
	}
	c.warn("the images and files of tool results were sent in a user message after them: results have only text")
	c.moved = append(append(c.moved, llm.Text{Text: "The result of the tool " + name + " has this content:"}), moved...)
	return result
}

func (c *converting) warn(message string) {
	w := llm.Warning{Code: llm.WarnChanged, Setting: "Messages", Message: message}
	if !slices.Contains(c.warnings, w) {
		c.warnings = append(c.warnings, w)
	}
}
