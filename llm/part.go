package llm

import "encoding/json"

// Part is one piece of a message: [Text], [Image], [Audio], [File], [ToolCall],
// [ToolResult], [Decision], [Reasoning], [Refusal], [Code], [Opaque] or [Unknown]. No other
// types implement Part, so a type switch can be complete. Parts are values, not pointers. A part
// in a message must not be modified.
type Part interface {
	// partType returns the name of the part in JSON.
	partType() string
}

// Text is plain text.
type Text struct {
	Text         string        `json:"text"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Image is a picture. Set exactly one of Data and URL.
type Image struct {
	MediaType string `json:"mediaType,omitempty"` // "image/png"; detected from Data if empty
	Data      []byte `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
	// Quality is the resolution at which the model processes the image: "low", "high", or ""
	// for the model's choice. Providers without this setting ignore it.
	Quality      string        `json:"quality,omitempty"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Audio is sound. Set exactly one of Data and URL.
type Audio struct {
	MediaType    string        `json:"mediaType,omitempty"` // "audio/wav", "audio/mpeg"
	Data         []byte        `json:"data,omitempty"`
	URL          string        `json:"url,omitempty"`
	Transcript   string        `json:"transcript,omitempty"` // the spoken text, if the server sends it
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// File is a document. Set exactly one of Data, URL and ID.
type File struct {
	Name         string        `json:"name,omitempty"`      // "report.pdf"
	MediaType    string        `json:"mediaType,omitempty"` // "application/pdf"
	Data         []byte        `json:"data,omitempty"`
	URL          string        `json:"url,omitempty"`
	ID           string        `json:"id,omitempty"` // the provider's id of an uploaded file
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// ToolCall is a request of the model to run a tool.
type ToolCall struct {
	// ID connects the call with its [ToolResult]. Some servers send no ids.
	ID string `json:"id,omitempty"`
	// Name is the name of the [Tool].
	Name string `json:"name"`
	// Arguments is the JSON object that the model wrote, unchanged. Models make mistakes: it
	// may be empty or invalid JSON. The arguments of a custom tool are any text.
	Arguments string `json:"arguments"`
	// Custom means that the tool is a custom tool. See [Tool.Custom].
	Custom       bool          `json:"custom,omitempty"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// ToolResult is the result of a [ToolCall].
type ToolResult struct {
	CallID string `json:"callId,omitempty"` // the ID of the call
	Name   string `json:"name,omitempty"`   // the name of the tool; identifies the call if it has no ID
	// Content is the result: JSON or any other text.
	Content string `json:"content"`
	// Parts are more content of the result, after Content: [Text], [Image], [Audio] and
	// [File]. A provider whose results are only text sends the others in a user message
	// after the results, with a [Warning].
	Parts []Part `json:"parts,omitempty"`
	// IsError tells the model that the tool failed, if the provider supports it.
	IsError bool `json:"isError,omitempty"`
}

// Reasoning is the reasoning of a model before its answer. It is sent back, with its
// ProviderData, only to providers that need it on the next turn.
type Reasoning struct {
	Text         string        `json:"text"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Refusal is the explanation of a model that refuses to answer.
type Refusal struct {
	Text         string        `json:"text"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Code is code that the provider ran for the model, or its output.
type Code struct {
	Language     string        `json:"language,omitempty"`
	Source       string        `json:"source,omitempty"`  // the code; empty for output
	Output       string        `json:"output,omitempty"`  // the output; empty for code
	Outcome      string        `json:"outcome,omitempty"` // the outcome, as the provider names it
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Opaque is content that only its provider understands: for example a call of a tool that
// the server runs, its result, or redacted reasoning. It goes back to that provider at the
// same position. Other providers omit it, with a [Warning].
type Opaque struct {
	// Kind is the provider's name of the content, for example "web_search_call".
	Kind string `json:"kind,omitempty"`
	// ProviderData is required.
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Unknown is a part of a type that this version does not know, for example a part stored by
// a newer version. It survives a JSON round trip. It is not sent to providers.
type Unknown struct {
	Type string          // the "type" in Raw
	Raw  json.RawMessage // the complete JSON object of the part
}

func (Text) partType() string       { return "text" }
func (Image) partType() string      { return "image" }
func (Audio) partType() string      { return "audio" }
func (File) partType() string       { return "file" }
func (ToolCall) partType() string   { return "toolCall" }
func (ToolResult) partType() string { return "toolResult" }
func (Reasoning) partType() string  { return "reasoning" }
func (Refusal) partType() string    { return "refusal" }
func (Code) partType() string       { return "code" }
func (Opaque) partType() string     { return "opaque" }
func (u Unknown) partType() string  { return u.Type }

// isPartValue reports whether part has one of the types above. Pointers to them, and structs
// that embed them, implement Part too, but type switches do not find them.
func isPartValue(part Part) bool {
	switch part.(type) {
	case Text, Image, Audio, File, ToolCall, ToolResult, Decision, Reasoning, Refusal, Code, Opaque, Unknown:
		return true
	}
	return false
}
