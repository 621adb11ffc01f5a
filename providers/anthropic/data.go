package anthropic

import (
	"encoding/json"

	"github.com/parley-llm/parley/llm"
)

// blockData has the members of a block that must be sent back to the server and that
// [llm.Part] does not have. It is the content of [llm.ProviderData].
type blockData struct {
	Type string `json:"type"`
	// Model is the name of the model in the call. Signatures are valid for it alone.
	Model     string            `json:"model,omitempty"`
	Signature string            `json:"signature,omitempty"`
	Citations []json.RawMessage `json:"citations,omitempty"`
	Caller    json.RawMessage   `json:"caller,omitempty"`
	Block     json.RawMessage   `json:"block,omitempty"` // the whole block
}

func (a *answer) data(d blockData) *llm.ProviderData {
	if d.Type == blockThinking || d.Type == blockRedacted {
		d.Model = a.model
	}
	data, _ := json.Marshal(d) // strings and valid JSON
	return &llm.ProviderData{Provider: a.provider, Data: data}
}

// own returns the data that this provider sends back with a part.
func (b *requestBuilder) own(data *llm.ProviderData) (own blockData, ok bool) {
	if data == nil || data.Provider != b.provider.name || json.Unmarshal(data.Data, &own) != nil {
		return blockData{}, false
	}
	return own, true
}

// unknownType is the type of the [llm.Unknown] parts of this provider.
const unknownType = "anthropic.block"

// unknownPart is the JSON of such a part.
type unknownPart struct {
	Type     string          `json:"type"`
	Provider string          `json:"provider,omitempty"` // the provider of the block, if any
	Block    json.RawMessage `json:"block"`
}

func (a *answer) unknown(raw json.RawMessage) llm.Part {
	data, err := json.Marshal(unknownPart{unknownType, a.provider, raw})
	if err != nil { // raw has been decoded
		data = []byte(`{"type":"` + unknownType + `"}`)
	}
	return llm.Unknown{Type: unknownType, Raw: data}
}

// Block returns a part with the JSON of a content block, for blocks that no type of package
// llm covers, for example a search_result block:
//
//	part := anthropic.Block([]byte(`{"type":"search_result", …}`))
//
// Other providers omit it. Invalid JSON fails the call with kind [llm.InvalidRequest].
func Block(raw json.RawMessage) llm.Part {
	data, err := json.Marshal(unknownPart{Type: unknownType, Block: raw})
	if err != nil {
		data = []byte(`{"type":"` + unknownType + `"}`) // the request builder reports it
	}
	return llm.Unknown{Type: unknownType, Raw: data}
}
