package openai

import (
	"bytes"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// What models must get back unchanged on the next turn, or they refuse it or
// forget what they thought, travels as llm.ProviderData:
//
//   - of a tool call, and of a text, its extra_content: Gemini's thought
//     signatures, https://ai.google.dev/gemini-api/docs/thought-signatures
//   - of reasoning, a list of reasoning_details: OpenRouter's,
//     https://openrouter.ai/docs/use-cases/reasoning-tokens

// opaque returns what is to come back, or nil if there is nothing.
func (p *Provider) opaque(raw json.RawMessage) *llm.ProviderData {
	if !httpcall.IsSet(raw) {
		return nil
	}
	return &llm.ProviderData{Provider: p.name, Data: raw}
}

// back returns the JSON that is to come back, or nil if it is not this
// provider's own.
func (p *Provider) back(data *llm.ProviderData) json.RawMessage {
	if data == nil || data.Provider != p.name || !json.Valid(data.Data) {
		return nil
	}
	return data.Data
}

// elements returns those of a JSON list, and none of what is no list.
func elements(list json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if !bytes.HasPrefix(list, []byte("[")) || json.Unmarshal(list, &all) != nil {
		return nil
	}
	return all
}

// sealReasoning says what must come back with the reasoning so far.
func (a *answer) sealReasoning() {
	if len(a.details) == 0 {
		return
	}
	list, err := json.Marshal(a.details)
	a.details = nil
	if err == nil { // always: they have been decoded
		a.Emit(llm.Event{Type: llm.EventReasoning, Detail: a.provider.opaque(list)})
	}
}

// sealText says what must come back with the text so far.
func (a *answer) sealText() {
	if data := a.provider.opaque(a.extra); data != nil {
		a.extra = nil
		a.Emit(llm.Event{Type: llm.EventText, Detail: data})
	}
}

// addDetails takes the details of a frame. Streamed ones come in pieces: those of
// the text or summary at one index are one detail, which has a signature in its
// last piece.
func (a *answer) addDetails(list json.RawMessage, whole bool) {
	for _, raw := range elements(list) {
		var piece detail
		if whole || json.Unmarshal(raw, &piece) != nil || piece.text() == "" {
			a.details = append(a.details, raw)
			continue
		}
		if n := len(a.details); n > 0 {
			if last, ok := a.details[n-1].(detail); ok && last.continues(piece) {
				last.join(piece)
				continue
			}
		}
		a.details = append(a.details, piece)
	}
}

// detail is a detail whose text comes in pieces.
type detail map[string]any

// text returns the name of the member that holds the text; "" if the detail is
// of another kind.
func (d detail) text() string {
	switch d["type"] {
	case "reasoning.text":
		return "text"
	case "reasoning.summary":
		return "summary"
	}
	return ""
}

// continues reports whether the piece belongs to the detail.
func (d detail) continues(piece detail) bool {
	return d.text() == piece.text() && d.index() == piece.index()
}

// index returns the detail's place in the answer; 0 if the server did not say.
func (d detail) index() float64 {
	n, _ := d["index"].(float64)
	return n
}

// join adds a piece: its text, and what else the detail does not have yet.
func (d detail) join(piece detail) {
	for name, value := range piece {
		switch old := d[name].(type) {
		case nil:
			d[name] = value
		case string:
			if more, ok := value.(string); ok && name == d.text() {
				d[name] = old + more
			}
		}
	}
}
