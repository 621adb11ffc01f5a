package llm

import "strings"

// Message is one turn of a conversation. Messages are independent of providers: a
// conversation that started with one can continue with another, and can be stored as JSON.
type Message struct {
	Role  Role   // the speaker
	Name  string // the name of the participant, if several share a role
	Parts []Part // the content, in order
}

// Role is the speaker of a [Message].
type Role string

// The roles.
const (
	RoleSystem    Role = "system"    // instructions of the program
	RoleUser      Role = "user"      // the user
	RoleAssistant Role = "assistant" // the model
	RoleTool      Role = "tool"      // results of tools
)

// System returns a system message.
func System(text string) Message { return message(RoleSystem, text, nil) }

// User returns a user message with text and more parts:
//
//	llm.User("What is in this picture?", llm.Image{Data: png})
func User(text string, more ...Part) Message { return message(RoleUser, text, more) }

// Assistant returns a message of the model, for example to restore a conversation.
func Assistant(text string, more ...Part) Message { return message(RoleAssistant, text, more) }

// ToolResults returns the message that answers the tool calls of an assistant message. It
// needs one result for each call.
func ToolResults(results ...ToolResult) Message {
	m := Message{Role: RoleTool, Parts: make([]Part, len(results))}
	for i, result := range results {
		m.Parts[i] = result
	}
	return m
}

func message(role Role, text string, more []Part) Message {
	parts := make([]Part, 0, 1+len(more))
	if text != "" || len(more) == 0 {
		parts = append(parts, Text{Text: text})
	}
	return Message{Role: role, Parts: append(parts, more...)}
}

// Text returns the text parts of the message, joined.
func (m Message) Text() string {
	if len(m.Parts) == 1 { // the usual case needs no copy
		if t, ok := m.Parts[0].(Text); ok {
			return t.Text
		}
	}
	var b strings.Builder
	for _, part := range m.Parts {
		if t, ok := part.(Text); ok {
			b.WriteString(t.Text)
		}
	}
	return b.String()
}

// ToolCalls returns the tool calls of the message.
func (m Message) ToolCalls() []ToolCall {
	var calls []ToolCall
	for _, part := range m.Parts {
		if call, ok := part.(ToolCall); ok {
			calls = append(calls, call)
		}
	}
	return calls
}
