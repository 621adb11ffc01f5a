package gemini

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
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreTypes(stream.Source{}),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return !httpcall.IsSet(a) && !httpcall.IsSet(b) }, cmp.Ignore()),
}

// usualFrames are the frames of ordinary streams.
var usualFrames = []string{
	`{"candidates": [{"content": {"parts": [{"text": "Okay"}],"role": "model"}}],"usageMetadata": {"promptTokenCount": 10,"totalTokenCount": 10,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 10}]},"modelVersion": "gemini-2.0-flash"}`,
	`{"candidates": [{"content": {"parts": [{"text": "h\u00e9 🦙","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 54,"totalTokenCount": 116,"thoughtsTokenCount": 62},"modelVersion": "m","responseId": "r"}`,
	`{"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0,"avgLogprobs": -0.25}],"usageMetadata": {"promptTokenCount": 1,"candidatesTokenCount": 2,"totalTokenCount": 3,"cachedContentTokenCount": 4,"toolUsePromptTokenCount": 5,"candidatesTokensDetails": [{"modality": "TEXT","tokenCount": 2}]},"modelVersion": "m"}`,
	`{"candidates": [{"content": {"role": "model","parts": [{"text": "x","thoughtSignature": "c2ln"}]}}],"usageMetadata": {"trafficType": "ON_DEMAND"},"modelVersion": "m","createTime": "2026-03-12T18:06:38.666193Z","responseId": "r"}`,
	`{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],"modelVersion":"scripted","responseId":"reply_1"}`,
}

// oddFrames are frames that differ from the usual ones in one point.
var oddFrames = []string{
	`7`, `null`, `[]`, `{}`, ``, `{`, `{"error":{}}`, `{"error":null}`, `{"candidates":{}}`, `{"candidates":[]}`, `{"candidates":[{}]}`, `{"candidates":[null]}`,
	`{"candidates":[{"content":null}]}`, `{"candidates":[{"content":{}}]}`, `{"candidates":[{"content":{"parts":[]}}]}`, `{"candidates":[{"content":{"parts":[{}]}}]}`,
	`{"candidates":[{"content":{"parts":{"text":"a"}}}]}`, `{"candidates":[{"content":{"parts":[{"text":null}]}}]}`, `{"candidates":[{"content":{"parts":[{"text":7}]}}]}`,
	`{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b"}]}}]}`, `{"candidates":[{"content":{"parts":[{"text":"a","thought":null}]}}]}`, `{"candidates":[{"content":{"parts":[{"text":"a","thought":"true"}]}}]}`,
	`{"candidates":[{"content":{"parts":[{"thought":true}]}}]}`, `{"candidates":[{"content":{"parts":[{"Text":"a"}]}}]}`, `{"candidates":[{"content":{"parts":[{"text":"a","hologram":1}]}}]}`,
	`{"candidates":[{"content":{"parts":[{"thoughtSignature":"a"}]}}]}`, `{"candidates":[{"content":{"parts":[{"thoughtSignature":null,"text":"a"}]}}]}`, `{"candidates":[{"content":{"role":7}}]}`,
	`{"candidates":[{"index":1}]}`, `{"candidates":[{"index":-1}]}`, `{"candidates":[{"index":"0"}]}`, `{"candidates":[{"index":null}]}`, `{"candidates":[{"finishReason":7}]}`, `{"candidates":[{"finishReason":null}]}`,
	`{"candidates":[{"finishReason":"STOP"},{"finishReason":"STOP"}]}`, `{"candidates":[{"avgLogprobs":{}}]}`, `{"usageMetadata":{}}`, `{"usageMetadata":null}`, `{"usageMetadata":{"promptTokenCount":1.5}}`,
	`{"usageMetadata":{"promptTokenCount":"1"}}`, `{"usageMetadata":{"promptTokenCount":-1}}`, `{"usageMetadata":{"totalTokenCount":12345678901234567890}}`, `{"usageMetadata":{"promptTokensDetails":null}}`,
	`{"modelVersion":null}`, `{"modelVersion":7}`, `{"modelVersion":"a","modelVersion":"b"}`, `{"ModelVersion":"a"}`, `{"createTime":7}`, `{"createTime":{"a":1}}`, `{"responseId":"\ud83e"}`, "{\"responseId\":\"\xff\"}", `{"a.b":1}`,
}

func TestChunksAreDecodedAsByEncodingJSON(t *testing.T) {
	frames := append(usualFrames, oddFrames...)
	for i, frame := range frames {
		providertest.CheckDecoder(t, chatDialect.Decoder, []byte(frames[(i+1)%len(frames)]), []byte(frame), sameChunk)
	}
}

func FuzzDecode(f *testing.F) {
	for _, frame := range append(usualFrames, oddFrames...) {
		f.Add([]byte(usualFrames[0]), []byte(frame))
		f.Add([]byte(frame), []byte(strings.Replace(usualFrames[1], `"index": 0`, `"x":`+frame, 1)))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		providertest.CheckDecoder(t, chatDialect.Decoder, first, second, sameChunk)
	})
}
