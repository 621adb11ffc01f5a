package anthropic

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/internal/stream"
)

// sameChunk compares chunks by their meaning: an empty list is like none, and null like an
// absent value. encoding/json does not set the source of an object.
var sameChunk = cmp.Options{
	cmp.AllowUnexported(chunk{}, message{}, delta{}, ending{}, provider.ErrorMember{}),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreTypes(stream.Source(nil)),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return !httpcall.IsSet(a) && !httpcall.IsSet(b) }, cmp.Ignore()),
}

var chunks = []string{
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":[]}}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{},"caller":{"type":"direct"}}}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"ZA=="}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\u00e9"}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm","estimated_tokens":3}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`,
	`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}`,
	`{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"char_location","document_title":"t","source":"s","url":null}}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"category":"bio","explanation":"no"}},"usage":{"output_tokens":7,"cache_read_input_tokens":null,"output_tokens_details":{"thinking_tokens":2}}}`,
	`{"type":"message","id":7,"content":[{"type":"text","text":"a","citations":[{"url":"u"}]},{"type":"thinking","thinking":"b","signature":"s"}],"stop_reason":"end_turn"}`,
	`{"type":"message_stop"}`, `{"type":"ping"}`, `{"type":"error","error":{"type":"api_error","message":"x"}}`, `{"delta":7}`, `{"content_block":[]}`, `{"content":{}}`,
	`{"index":"1"}`, `{"index":1.5}`, `{"usage":7}`, `7`, `null`, `{`,
}

func TestChunksAreDecodedAsByEncodingJSON(t *testing.T) {
	for i, chunk := range chunks {
		providertest.CheckDecoder(t, chatDialect.Decoder, []byte(chunks[(i+1)%len(chunks)]), []byte(chunk), sameChunk)
	}
}

func FuzzDecode(f *testing.F) {
	for i, chunk := range chunks {
		f.Add([]byte(chunks[i/2]), []byte(chunk))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		providertest.CheckDecoder(t, chatDialect.Decoder, first, second, sameChunk)
	})
}
