package ollama

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/providertest"
)

// sameChunk compares chunks by their meaning: an empty list is like none, and null like an
// absent value.
var sameChunk = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return !httpcall.IsSet(a) && !httpcall.IsSet(b) }, cmp.Ignore()),
}

var chunks = []string{
	`{"model":"m","created_at":"2026-11-23T16:44:00Z","message":{"role":"assistant","content":"Hi"},"done":false}`,
	`{"model":"m","message":{"role":"assistant","content":"","thinking":"h\u00e9"},"done":false}`,
	`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"prompt_eval_cached_count":3,"eval_count":298}`,
	`{"model":"m","response":"Hi","done":false}`,
	`{"message":{"tool_calls":[{"id":"c","function":{"index":0,"name":"f","arguments":{"a": 1}}},{"function":{"name":"g","arguments":"{}"}}]}}`,
	`{"message":{"content":"a"},"logprobs":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b"}]}]}`,
	`{"error":"x"}`, `{"error":{}}`, `{"message":{"content":7}}`, `{"message":"x"}`, `{"message":[]}`, `{"message":null}`, `{"done":"true"}`, `{"done":1}`,
	`{"eval_count":2.0}`, `{"eval_count":"2"}`, `{"eval_count":-1.5}`, `{"Message":{"Content":"x"}}`, `{"message":{"tool_calls":{}}}`, `{"response":7}`, `7`, `null`, `{`,
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
