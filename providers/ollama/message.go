package ollama

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/mediatype"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// message is one message of a chat request.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
type message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	Thinking   string     `json:"thinking,omitempty"`
	Images     [][]byte   `json:"images,omitempty"` // base64 in JSON
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolName   string     `json:"tool_name,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"` // ignored by older versions
}

type toolCall struct {
	ID       string       `json:"id,omitempty"`
	Function calledByName `json:"function"`
}

type calledByName struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// addMessages adds the messages of the request. A part that Ollama does not support is an
// error, because a message without one of its parts has another meaning.
func (b *requestBuilder) addMessages() error {
	messages, warnings := llmutil.History{TakeBack: llm.TakeBack{Provider: b.provider.name}}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	b.body.Messages = make([]message, 0, len(messages))
	names := make(map[string]string) // of the tools that were called, by call id
	named := false
	for i, m := range messages {
		if m.Role == llm.RoleTool {
			b.addResults(m, names)
			continue
		}
		out, err := b.message(m, names)
		if err != nil {
			return b.fail(llm.Unsupported, "message %d: %v", i, err)
		}
		b.body.Messages = append(b.body.Messages, out)
		named = named || m.Name != ""
	}
	if named {
		b.warn(llm.WarnUnsupported, "Messages", "Ollama does not support names in messages; they were omitted")
	}
	return nil
}

// message converts a message of any role except a tool result.
func (b *requestBuilder) message(m llm.Message, names map[string]string) (message, error) {
	out := message{Role: string(m.Role)}
	var text, thinking strings.Builder
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			text.WriteString(p.Text)
		case llm.Refusal: // sent as text of the model
			text.WriteString(p.Text)
		case llm.Reasoning:
			thinking.WriteString(p.Text)
		case llm.Image:
			data, err := imageData(p)
			if err != nil {
				return message{}, err
			}
			out.Images = append(out.Images, data)
		case llm.ToolCall:
			names[p.ID] = p.Name
			out.ToolCalls = append(out.ToolCalls, toolCall{p.ID, calledByName{p.Name, b.arguments(p)}})
		case llm.Unknown, llm.Code:
			b.warn(llm.WarnUnsupported, "Messages", fmt.Sprintf("a part of type %T is not supported; it was omitted", part))
		default:
			return message{}, fmt.Errorf("a part of type %T is not supported: remove it", part)
		}
	}
	out.Content, out.Thinking = text.String(), thinking.String()
	return out, nil
}

// imageData returns the bytes of an image, also of one in a data URL.
func imageData(p llm.Image) ([]byte, error) {
	switch _, data, ok, err := mediatype.FromURL(p.URL); {
	case ok:
		return data, err
	case len(p.Data) == 0:
		return nil, errors.New("an image by URL is not supported: set Image.Data")
	}
	return p.Data, nil
}

// noArguments are the arguments of a call without arguments. The server requires an object.
var noArguments = json.RawMessage("{}")

// arguments returns the arguments of a call as a JSON object. Invalid arguments that a model
// wrote cannot be sent back.
func (b *requestBuilder) arguments(call llm.ToolCall) json.RawMessage {
	text := strings.TrimSpace(call.Arguments)
	switch {
	case text == "":
		return noArguments
	case !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)):
		b.warn(llm.WarnChanged, "Messages",
			"the arguments of an earlier call of "+call.Name+" are not a JSON object; they were omitted")
		return noArguments
	}
	return json.RawMessage(text)
}

// addResults adds tool results, each as one message. The server finds the call for a result
// by the tool's name, and in newer versions by the call's id if the server sent one.
func (b *requestBuilder) addResults(m llm.Message, names map[string]string) {
	for _, part := range m.Parts {
		result, ok := part.(llm.ToolResult)
		if !ok {
			continue // Validate accepts no other part
		}
		out := message{Role: string(llm.RoleTool), Content: result.Content, ToolName: result.Name, ToolCallID: result.CallID}
		if out.ToolName == "" {
			out.ToolName = names[result.CallID]
		}
		b.body.Messages = append(b.body.Messages, out)
	}
}
