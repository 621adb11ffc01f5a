package openai

import (
	"bytes"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Some data must be sent back unchanged on the next turn. Without it, a model rejects the
// request or loses its reasoning. It is kept in llm.ProviderData:
//
//   - the extra_content of a text or a tool call: Gemini's thought signatures,
//     https://ai.google.dev/gemini-api/docs/thought-signatures
//   - the list of reasoning_details of reasoning: OpenRouter,
//     https://openrouter.ai/docs/use-cases/reasoning-tokens
//   - the reasoning_opaque of reasoning: GitHub Copilot. It is an element of the same list.

// format is the format of this dialect's provider data.
const format = "openai.chat"

// opaque returns the data to send back, or nil if raw is absent.
func (p *Provider) opaque(raw json.RawMessage) *llm.ProviderData {
	if !httpcall.IsSet(raw) {
		return nil
	}
	return &llm.ProviderData{Provider: p.name, Format: format, Data: raw}
}

// back returns the JSON to send back, or nil. [llm.TakeBack] has removed the data of other
// providers.
func back(data *llm.ProviderData) json.RawMessage {
	if data == nil || !json.Valid(data.Data) {
		return nil
	}
	return data.Data
}

// elements returns the elements of a JSON list, or nil if the JSON is not a list.
func elements(list json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if !bytes.HasPrefix(list, []byte("[")) || json.Unmarshal(list, &all) != nil {
		return nil
	}
	return all
}

// opaqueReasoning is the element of a list of reasoning details that holds the
// reasoning_opaque of GitHub Copilot.
type opaqueReasoning struct {
	Opaque string `json:"reasoning_opaque"`
}

// addOpaque adds the reasoning_opaque of a frame to the details.
func (a *answer) addOpaque(opaque string) {
	if opaque == "" {
		return
	}
	for i, d := range a.details {
		if _, ok := d.(opaqueReasoning); ok {
			a.details[i] = opaqueReasoning{opaque}
			return
		}
	}
	a.details = append(a.details, opaqueReasoning{opaque})
}

// splitOpaque removes the reasoning_opaque from a list of details, and returns it.
func splitOpaque(details []json.RawMessage) (rest []json.RawMessage, opaque string) {
	for _, raw := range details {
		var o opaqueReasoning
		if json.Unmarshal(raw, &o) == nil && o.Opaque != "" {
			opaque = o.Opaque
		} else {
			rest = append(rest, raw)
		}
	}
	return rest, opaque
}

// detailTexts returns the text of the reasoning details of a frame.
func detailTexts(list json.RawMessage) (text string) {
	for _, raw := range elements(list) {
		var d struct {
			Type    string `json:"type"`
			Text    string `json:"text"`
			Summary string `json:"summary"`
		}
		if json.Unmarshal(raw, &d) != nil {
			continue
		}
		switch d.Type {
		case "reasoning.text":
			text += d.Text
		case "reasoning.summary":
			text += d.Summary
		}
	}
	return text
}

// sealReasoning emits the data to send back with the reasoning so far.
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

// sealText emits the data to send back with the text so far.
func (a *answer) sealText() {
	if data := a.provider.opaque(a.extra); data != nil {
		a.extra = nil
		a.Emit(llm.Event{Type: llm.EventText, Detail: data})
	}
}

// addDetails adds the details of a frame. In a stream they arrive in pieces. Pieces of a
// text or summary with the same index are one detail, with a signature in the last piece.
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

// detail is a detail whose text arrives in pieces.
type detail map[string]any

// text returns the name of the member with the text, or "" if the detail is of another kind.
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

// index returns the position of the detail in the answer, or 0 if the server sent none.
func (d detail) index() float64 {
	n, _ := d["index"].(float64)
	return n
}

// join appends the text of a piece, and adds the members that the detail does not have.
func (d detail) join(piece detail) {
	for name, value := range piece {
		switch old := d[name].(type) {
		case nil:
			d[name] = value
		case string:
			more, ok := value.(string)
			switch {
			case !ok:
			case old == "": // some servers send an empty signature before the real one
				d[name] = more
			case name == d.text():
				d[name] = old + more
			}
		}
	}
}
