package llm

import "encoding/json"

// A Part is one piece of a message: [Text], [Image], [Audio], [File],
// [ToolCall], [ToolResult], [Reasoning], [Refusal], [Code] or [Unknown].
// The set is closed, so that a switch over it can be complete. Parts are
// values; they are read, never written, once they are in a message.
type Part interface {
	// partType is the part's name in JSON.
	partType() string
}

// Text is plain text.
type Text struct {
	Text         string        `json:"text"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Image is a picture, by value or by reference: set Data or URL.
type Image struct {
	MediaType string `json:"mediaType,omitempty"` // "image/png"; found out from Data if empty
	Data      []byte `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
	// Quality asks how closely the model should look: "low", "high" or "" for
	// its own choice. Providers without such a setting ignore it.
	Quality      string        `json:"quality,omitempty"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Audio is sound, by value or by reference: set Data or URL.
type Audio struct {
	MediaType    string        `json:"mediaType,omitempty"` // "audio/wav", "audio/mpeg"
	Data         []byte        `json:"data,omitempty"`
	URL          string        `json:"url,omitempty"`
	Transcript   string        `json:"transcript,omitempty"` // what is said, where the server tells
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// File is a document: its bytes, a URL, or the id of one uploaded before.
type File struct {
	Name         string        `json:"name,omitempty"`      // "report.pdf"
	MediaType    string        `json:"mediaType,omitempty"` // "application/pdf"
	Data         []byte        `json:"data,omitempty"`
	URL          string        `json:"url,omitempty"`
	ID           string        `json:"id,omitempty"` // the provider's id of an uploaded file
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// ToolCall is the model's wish to have a tool run.
type ToolCall struct {
	// ID ties the call to its [ToolResult]. Some servers send none.
	ID string `json:"id,omitempty"`
	// Name is that of the [Tool].
	Name string `json:"name"`
	// Arguments is the JSON object that the model wrote, unchanged. Models make
	// mistakes: it may be empty, or not valid JSON.
	Arguments    string        `json:"arguments"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// ToolResult is what a tool returned for a [ToolCall].
type ToolResult struct {
	CallID string `json:"callId,omitempty"` // the call's ID
	Name   string `json:"name,omitempty"`   // the tool's name; the tie where calls have no ID
	// Content is the result: often JSON, but any text will do.
	Content string `json:"content"`
	// IsError tells the model that the tool failed, where the provider can.
	IsError bool `json:"isError,omitempty"`
}

// Reasoning is a model's thinking before its answer. Providers that want it
// back on the next turn get it back, with its ProviderData; the others do not.
type Reasoning struct {
	Text         string        `json:"text"`
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Refusal is a model's own explanation of why it does not answer.
type Refusal struct {
	Text string `json:"text"`
}

// Code is code that the provider ran for the model, or the output of it.
type Code struct {
	Language     string        `json:"language,omitempty"`
	Source       string        `json:"source,omitempty"`  // the code; empty for its output
	Output       string        `json:"output,omitempty"`  // what it printed; empty for the code
	Outcome      string        `json:"outcome,omitempty"` // the provider's own word for how it went
	ProviderData *ProviderData `json:"providerData,omitempty"`
}

// Unknown is a part that this version does not know: one stored by a newer
// version, or a provider's own. It survives a JSON round trip; no provider
// is sent one that is not its own.
type Unknown struct {
	Type string          // the "type" in Raw
	Raw  json.RawMessage // the part's whole JSON object
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
func (u Unknown) partType() string  { return u.Type }

// isPartValue reports whether part is one of the types above. A pointer to one
// and a struct that embeds one have the method as well, but no switch over the
// set would find them.
func isPartValue(part Part) bool {
	switch part.(type) {
	case Text, Image, Audio, File, ToolCall, ToolResult, Reasoning, Refusal, Code, Unknown:
		return true
	}
	return false
}

// ProviderData is what a provider must get back unchanged with a part, on a
// later turn: a thought signature, encrypted reasoning, the id of an earlier
// sound. Programs keep it with its part and need not look into it. It means
// nothing to anyone else, so it is sent to no other provider.
type ProviderData struct {
	Provider string `json:"provider"` // the origin: a [Provider]'s name
	Data     []byte `json:"data"`     // opaque
}
