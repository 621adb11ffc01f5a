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
	messages, warnings := llmutil.History{
		TakeBack:    llm.TakeBack{Provider: b.provider.name},
		ResultPart:  isImage,
		ResultNames: true,
	}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	b.body.Messages = make([]message, 0, len(messages))
	named := false
	for i, m := range messages {
		if m.Role == llm.RoleTool {
			b.addResults(m)
			continue
		}
		out, err := b.message(m)
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
func (b *requestBuilder) message(m llm.Message) (message, error) {
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
			out.ToolCalls = append(out.ToolCalls, toolCall{p.ID, calledByName{p.Name, json.RawMessage(p.Arguments)}})
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

// isImage reports whether a tool result can have a part: an image with its data.
func isImage(part llm.Part) bool {
	image, ok := part.(llm.Image)
	if _, _, inURL, err := mediatype.FromURL(image.URL); inURL {
		return err == nil
	}
	return ok && len(image.Data) > 0
}

// addResults adds tool results, each as one message. The server finds the call for a result
// by the tool's name, and in newer versions by the call's id if the server sent one.
func (b *requestBuilder) addResults(m llm.Message) {
	for _, part := range m.Parts {
		result, ok := part.(llm.ToolResult)
		if !ok {
			continue // Validate accepts no other part
		}
		out := message{Role: string(llm.RoleTool), Content: result.Content, ToolName: result.Name, ToolCallID: result.CallID}
		for _, inner := range result.Parts { // images with data
			if image, ok := inner.(llm.Image); ok {
				out.Images = append(out.Images, image.Data)
			}
		}
		b.body.Messages = append(b.body.Messages, out)
	}
}
