package anthropic

import (
	"encoding/json"

	"github.com/parley-llm/parley/llm"
)

// blockData has the members of a block that must be sent back to the server and that
// [llm.Part] does not have. It is the content of [llm.ProviderData].
type blockData struct {
	Type string `json:"type"`
	// Model is the model of a signature. Data with a format has it in
	// [llm.ProviderData].
	Model     string            `json:"model,omitempty"`
	Signature string            `json:"signature,omitempty"`
	Citations []json.RawMessage `json:"citations,omitempty"`
	Caller    json.RawMessage   `json:"caller,omitempty"`
	Block     json.RawMessage   `json:"block,omitempty"` // the whole block
}

// format is the format of this dialect's provider data.
const format = "anthropic"

// data returns the data to send back with a part. Signatures are valid for one model, and
// for some models only after the same messages.
func (a *answer) data(d blockData) *llm.ProviderData {
	data, _ := json.Marshal(d) // strings and valid JSON
	out := &llm.ProviderData{Provider: a.provider, Format: format, Data: data}
	if d.Type == blockThinking || d.Type == blockRedacted {
		out.Model = a.model
		if a.boundHistory {
			if a.history == "" { // an answer can have many blocks
				a.history = llm.HistoryDigest(a.Request.Messages)
			}
			out.HistoryDigest = a.history
		}
	}
	return out
}

// own returns the data that this provider sends back with a part. [llm.TakeBack] has
// removed the data of others.
func (b *requestBuilder) own(data *llm.ProviderData) (own blockData, ok bool) {
	if data == nil || json.Unmarshal(data.Data, &own) != nil {
		return blockData{}, false
	}
	return own, true
}

// opaque returns the part for a block that no type of package llm covers.
func (a *answer) opaque(kind string, raw json.RawMessage) llm.Part {
	return llm.Opaque{Kind: kind, ProviderData: &llm.ProviderData{Provider: a.provider, Format: format, Data: raw}}
}

// Block returns a part with the JSON of a content block, for blocks that no type of package
// llm covers, for example a search_result block:
//
//	part := anthropic.Block([]byte(`{"type":"search_result", …}`))
//
// Other providers omit it. Invalid JSON fails the call with kind [llm.InvalidRequest].
func Block(raw json.RawMessage) llm.Part {
	return llm.Opaque{ProviderData: &llm.ProviderData{Format: format, Data: raw}}
}
