package openai

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

// sameEvent compares events by their meaning: an empty list is like none, and null like an
// absent value. encoding/json does not set the source of an object.
var sameEvent = cmp.Options{
	cmp.AllowUnexported(responsesEvent{}, response{}, responseHead{}, responseState{}, outputAnnotation{}, annotation{}, provider.ErrorMember{}),
	cmp.FilterValues(func(a, b stream.TextOr[[]outputPart]) bool { return len(a.Raw)+len(b.Raw) > 0 }, cmp.Ignore()),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreTypes(stream.Source(nil)),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return !httpcall.IsSet(a) && !httpcall.IsSet(b) }, cmp.Ignore()),
}

var responsesEvents = []string{
	`{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[],"error":null,"incomplete_details":null,"usage":null,"service_tier":"auto"}}`,
	`{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"rs","type":"reasoning","summary":[],"content":null}}`,
	`{"type":"response.output_text.delta","item_id":"i","output_index":1,"content_index":0,"delta":"h\u00e9","logprobs":[],"obfuscation":"x"}`,
	`{"type":"response.output_text.delta","output_index":1,"delta":"a","logprobs":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[]}]}`,
	`{"type":"response.output_text.annotation.added","output_index":0,"annotation":{"type":"url_citation","url":"u","title":"t","start_index":1,"end_index":2}}`,
	`{"type":"response.content_part.done","output_index":0,"part":{"type":"output_text","text":"a","annotations":[]}}`,
	`{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}","status":"completed"}}`,
	`{"type":"response.output_item.done","output_index":2,"item":{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"filename":"f"}]},{"type":"refusal","refusal":"r"}],"phase":"final_answer"}}`,
	`{"type":"response.output_item.done","item":{"type":"code_interpreter_call","code":"c","outputs":[{"type":"logs","logs":"l"}]}}`,
	`{"type":"response.shell_call_output_content.delta","delta":{"stdout":"x"}}`,
	`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","id":"m"}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":2}}}`,
	`{"object":"response","id":7,"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"image_generation_call","result":"AA==","output_format":"png"}]}`,
	`{"type":"error","code":"c","message":"m"}`, `{"type":"error","error":{"code":"c"}}`, `{"type":"keepalive","sequence_number":2}`, `{"type":7}`, `{"output":{}}`, `{"output":[7]}`,
	`{"item":[]}`, `{"output_index":"1"}`, `{"output_index":1.5}`, `{"response":7}`, `7`, `null`, `{`,
}

func TestResponsesEventsAreDecodedAsByEncodingJSON(t *testing.T) {
	for i, event := range responsesEvents {
		providertest.CheckDecoder(t, responsesDialect.Decoder, []byte(responsesEvents[(i+1)%len(responsesEvents)]), []byte(event), sameEvent)
	}
}

func FuzzDecodeResponses(f *testing.F) {
	for i, event := range responsesEvents {
		f.Add([]byte(responsesEvents[i/2]), []byte(event))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		providertest.CheckDecoder(t, responsesDialect.Decoder, first, second, sameEvent)
	})
}
