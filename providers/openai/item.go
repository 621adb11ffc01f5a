package openai

import (
	"encoding/json"

	"github.com/parley-llm/parley/llm"
)

// Item returns a part with the JSON of an input item of the Responses API, for items that no
// type of package llm covers, for example the result of a computer call or the approval of a
// call of a remote MCP server:
//
//	part := openai.Item([]byte(`{"type":"mcp_approval_response","approval_request_id":"mcpr_1","approve":true}`))
//
// Put it into a user message. Other providers, and chat completions, omit it. JSON that is
// not an object fails the call with kind [llm.InvalidRequest].
//
// The items of an answer are [llm.Opaque] parts. Their JSON is the Data of
// [llm.ProviderData].
func Item(raw json.RawMessage) llm.Part {
	var head itemHead
	_ = json.Unmarshal(raw, &head) // the request builder reports invalid JSON
	return llm.Opaque{Kind: head.Type, ProviderData: &llm.ProviderData{Format: formatResponses, Data: raw}}
}
