package otel

import (
	"encoding/json"
	"net/http"

	"go.opentelemetry.io/otel/attribute"

	"github.com/parley-llm/parley/llm"
)

// The conventions report messages and tools as JSON in attributes:
// https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-input-messages.json

type message struct {
	Role         llm.Role `json:"role"`
	Name         string   `json:"name,omitempty"`
	Parts        []part   `json:"parts"`
	FinishReason string   `json:"finish_reason,omitempty"` // for answers only
}

// part is a part of a message. Its fields depend on its type.
type part struct {
	Type      string          `json:"type"`
	Content   *string         `json:"content,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Response  *string         `json:"response,omitempty"`
	Modality  llm.Modality    `json:"modality,omitempty"`
	MediaType string          `json:"mime_type,omitempty"`
	URI       string          `json:"uri,omitempty"`
	FileID    string          `json:"file_id,omitempty"`
	Size      int             `json:"size,omitempty"` // not in the conventions: the number of bytes
}

type tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// inputContent returns the attributes of the messages and tools of a call.
func inputContent(call *llm.Call) []attribute.KeyValue {
	r := call.Request
	if r == nil {
		return nil
	}
	var system []part
	var input []message
	for _, m := range r.Messages {
		if m.Role == llm.RoleSystem {
			system = append(system, partsOf(m)...)
		} else {
			input = append(input, messageOf(m))
		}
	}
	var tools []tool
	for _, t := range r.Tools {
		tools = append(tools, tool{"function", t.Name, t.Description, t.Parameters})
	}
	var attrs []attribute.KeyValue
	attrs = appendJSON(attrs, keySystem, system)
	attrs = appendJSON(attrs, keyInput, input)
	return appendJSON(attrs, keyTools, tools)
}

// outputContent returns the attributes of the messages of an answer. The answer can be incomplete.
func outputContent(resp *llm.Response) []attribute.KeyValue {
	var output []message
	for _, m := range resp.Messages {
		output = append(output, messageOf(m))
	}
	if n := len(output); n > 0 && resp.FinishReason != llm.FinishUnknown {
		output[n-1].FinishReason = finishReason(resp.FinishReason)
	}
	return appendJSON(nil, keyOutput, output)
}

// appendJSON adds the values as one attribute, or nothing if there are none.
func appendJSON[T any](attrs []attribute.KeyValue, key attribute.Key, values []T) []attribute.KeyValue {
	if len(values) == 0 {
		return attrs
	}
	data, err := json.Marshal(values)
	if err != nil {
		return attrs // the schema of a tool is not JSON; Request.Validate refuses it
	}
	return append(attrs, key.String(string(data)))
}

func messageOf(m llm.Message) message {
	return message{Role: m.Role, Name: m.Name, Parts: partsOf(m)}
}

func partsOf(m llm.Message) []part {
	parts := make([]part, len(m.Parts))
	for i, p := range m.Parts {
		parts[i] = partOf(p)
	}
	return parts
}

func partOf(p llm.Part) part {
	switch p := p.(type) {
	case llm.Text:
		return part{Type: "text", Content: &p.Text}
	case llm.Reasoning:
		return part{Type: "reasoning", Content: &p.Text}
	case llm.Refusal:
		return part{Type: "refusal", Content: &p.Text}
	case llm.ToolCall:
		return part{Type: "tool_call", ID: p.ID, Name: p.Name, Arguments: arguments(p.Arguments)}
	case llm.ToolResult:
		return part{Type: "tool_call_response", ID: p.CallID, Response: &p.Content}
	case llm.Image:
		return media(llm.ModalityImage, p.MediaType, p.URL, "", p.Data)
	case llm.Audio:
		return media(llm.ModalityAudio, p.MediaType, p.URL, "", p.Data)
	case llm.File:
		return media(llm.ModalityFile, p.MediaType, p.URL, p.ID, p.Data)
	case llm.Code:
		content := p.Source + p.Output // a part has one of them
		return part{Type: "code", Name: p.Language, Content: &content}
	case llm.Opaque:
		return part{Type: "opaque", Name: p.Kind}
	case llm.Unknown:
		return part{Type: p.Type}
	}
	return part{Type: "unknown"}
}

// arguments returns the arguments of a tool call. If the model did not write valid JSON,
// they become a JSON string.
func arguments(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return quoted
}

// media returns a part without its bytes, which are too large for a trace.
func media(modality llm.Modality, mediaType, url, id string, data []byte) part {
	switch {
	case url != "":
		return part{Type: "uri", Modality: modality, MediaType: mediaType, URI: url}
	case id != "":
		return part{Type: "file", Modality: modality, MediaType: mediaType, FileID: id}
	}
	if mediaType == "" {
		mediaType = http.DetectContentType(data)
	}
	return part{Type: "blob", Modality: modality, MediaType: mediaType, Size: len(data)}
}
