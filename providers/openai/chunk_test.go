package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/internal/stream"
)

// sameChunk compares chunks by their meaning: an empty list is like none, and null like an
// absent value.
var sameChunk = cmp.Options{
	cmp.FilterValues(func(a, b mixedText) bool { return hasOddPart(a) || hasOddPart(b) }, cmp.Ignore()),
	cmp.FilterValues(func(a, b mixedPart) bool { return isOddPart(a) || isOddPart(b) }, cmp.Ignore()),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreTypes(stream.Source{}),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return !httpcall.IsSet(a) && !httpcall.IsSet(b) }, cmp.Ignore()),
}

// hasOddPart reports whether encoding/json could not decode a list of parts.
func hasOddPart(m mixedText) bool { return len(m.Raw) > 0 && m.Raw[0] == '[' }

// isOddPart reports whether encoding/json could not decode a part.
func isOddPart(p mixedPart) bool { return len(p.Raw) > 0 && p.Raw[0] == '{' }

// usualFrames are the frames of ordinary streams.
var usualFrames = []string{
	`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}`,
	`{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}]}`,
	`{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1795453829,"id":"c","model":"m","system_fingerprint":"b1","object":"chat.completion.chunk"}`,
	`{"choices":[{"index":0,"delta":{"reasoning_content":"h\u00e9"}}]}`,
	`{"choices":[{"index":0,"delta":{"content":"","reasoning":"h"}}]}`,
	`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
	`{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}`,
	`{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`,
}

// oddFrames are frames that differ from the usual ones in one point.
var oddFrames = []string{
	`7`, `"x"`, `null`, `[]`, `{}`, ``, `{`, `[{"id":"x"}]`,
	`{"choices":{}}`, `{"choices":null}`, `{"choices":[null]}`, `{"choices":[{}]}`, `{"choices":[7]}`, `{"choices":[[]]}`, `{"choices":[{},{}]}`,
	`{"choices":[{"delta":null}]}`, `{"choices":[{"delta":[]}]}`, `{"choices":[{"delta":{}}]}`, `{"choices":[{"delta":7}]}`, `{"choices":[{"delta":{},"message":{}}]}`,
	`{"choices":[{"delta":{"content":"a"},"message":{"content":"b"}}]}`, `{"choices":[{"delta":{"content":"a"},"message":null}]}`,
	`{"choices":[{"delta_x":null}]}`, `{"choices":[{"deltas":{"content":"a"}}]}`, `{"choices":[{"messages":null,"delta":{"content":"a"}}]}`,
	`{"choices":[{"delta":{"content":["a"]}}]}`, `{"choices":[{"delta":{"content":{"text":"a"}}}]}`, `{"choices":[{"delta":{"content":7}}]}`,
	`{"choices":[{"delta":{"content":"a","tool_calls":null}}]}`, `{"choices":[{"delta":{"tool_calls":[null]}}]}`, `{"choices":[{"delta":{"tool_calls":[]}}]}`,
	`{"choices":[{"delta":{"tool_calls":[{"index":null}]}}]}`, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}}]}`,
	`{"choices":[{"delta":{"annotations":[null]}}]}`, `{"choices":[{"delta":{"annotations":{}}}]}`, `{"choices":[{"delta":{"annotations":null}}]}`, `{"choices":[{"delta":{"audio":{"data":null}}}]}`,
	`{"choices":[{"delta":{"images":null}}]}`, `{"choices":[{"delta":{"images":[]}}]}`, `{"choices":[{"delta":{"images":[{"image_url":{"url":"data:"}}]}}]}`, `{"choices":[{"delta":{"images":{}}}]}`,
	`{"choices":[{"delta":{"function_call":null}}]}`, `{"choices":[{"delta":{"function_call":{"name":"f","arguments":null}}}]}`, `{"choices":[{"delta":{"function_call":"auto"}}]}`,
	`{"choices":[{"delta":{"audio":null}}]}`, `{"choices":[{"delta":{"role":{"a":null}}}]}`, `{"choices":[{"delta":{"x":{"content":null}}}]}`, `{"choices":[{"delta":{"Content":"a"}}]}`,
	`{"choices":[{"index":null,"delta":{"content":"a"}}]}`, `{"choices":[{"index":1,"delta":{"content":"a"}}]}`, `{"choices":[{"index":-1}]}`, `{"choices":[{"index":1.0}]}`, `{"choices":[{"index":"0"}]}`,
	`{"choices":[{"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`, `{"choices":[{"finish_reason":{}}]}`, `{"choices":[{"finish_reason":7}]}`, `{"choices":[{"finish_reason":["stop"]}]}`,
	`{"choices":[{"logprobs":{"content":null}}]}`, `{"choices":[{"logprobs":{}}]}`, `{"choices":[{"logprobs":7}]}`, `{"choices":[{"error":{"code":502}}]}`, `{"choices":[{"error":null,"delta":{"content":"a"}}]}`, `{"choices":[{"error":{}}]}`,
	`{"choices":[{"error":"x"}]}`, `{"choices":[{"x":[null,{"y":null}]}]}`, `{"choices":[{"delta":{"content":"a"},"content_filter_results":{"hate":{"filtered":false}}}]}`,
	`{"error":{}}`, `{"error":""}`, `{"error":"x"}`, `{"error":[]}`, `{"error":null}`, `{"error":{"message":null}}`, `{"error":7}`, `{"Error":"x"}`, `{"object":"error"}`, `{"object":"\u0065rror"}`, `{"object":null}`, `{"object":{"error":1}}`,
	`{"object":["error"]}`, `{"object":"errors"}`, `{"usage":{}}`, `{"usage":7}`, `{"usage":[]}`, `{"usage":{"prompt_tokens":null}}`, `{"usage":{"prompt_tokens":1.5}}`, `{"usage":{"prompt_tokens":-1}}`,
	`{"usage":{"prompt_tokens":12345678901234567890}}`, `{"usage":{"prompt_tokens_details":null}}`, `{"usage":{"prompt_tokens_details":{}}}`, `{"usage":{"prompt_tokens_details":{"x":1}}}`, `{"usage":{"prompt_tokens_details":7}}`,
	`{"usage":{"total_tokens":{"prompt_tokens":7}}}`, `{"usage":{"total_tokens":"x"}}`, `{"usage":{"completion_tokens_details":{"audio_tokens":5}}}`, `{"usage":{"prompt_cache_hit_tokens":5}}`, `{"usage":{"cost":0.1}}`,
	`{"x_groq":{"usage":null}}`, `{"x_groq":{"id":"x"}}`, `{"x_groq":{}}`, `{"x_groq":null}`, `{"id":7}`, `{"id":null}`, `{"id":{}}`, `{"id":["x"]}`, `{"model":{"x":1}}`, `{"ID":"x"}`, `{"mODEL":"x"}`, `{"id":"a","id":"b"}`, `{"x.y":1}`,
	`{"timings":{"a":[1,{"b":null}]},"choices":[{"delta":{"content":"a"}}]}`, "{\"id\":\"\xff\xfe\"}", `{"id":"\ud83e"}`, `{"id":"\u0000"}`, "{\"\u017fpeech\":1,\"u\u017fage\":null}", `{"\u0069d":"x"}`, `{"choices":[{"\u212aey":1}]}`,
	`{"choices.0.delta":{"content":"a"}}`, `{"choices":[{"delta":{"content":"a"}}]}x`, ` {"id" : "x"} `,
}

func TestChunksAreDecodedAsByEncodingJSON(t *testing.T) {
	frames := append(usualFrames, oddFrames...)
	for _, e := range Exchanges(t) {
		frames = append(frames, framesOf(e.Body)...)
	}
	for i, frame := range frames {
		providertest.CheckDecoder(t, chatDialect.Decoder, []byte(frames[(i+1)%len(frames)]), []byte(frame), sameChunk)
	}
}

func FuzzDecode(f *testing.F) {
	for _, frame := range usualFrames {
		f.Add([]byte(usualFrames[0]), []byte(frame))
	}
	for _, frame := range oddFrames {
		f.Add([]byte(usualFrames[0]), []byte(frame))
		f.Add([]byte(frame), []byte(strings.Replace(usualFrames[1], `"index":0`, `"x":`+frame, 1)))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		providertest.CheckDecoder(t, chatDialect.Decoder, first, second, sameChunk)
	})
}
