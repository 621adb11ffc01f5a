package gemini

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/internal/stream"
)

// checkQuick checks that what the quick decoder accepts, it decodes as
// encoding/json does, and reports whether it accepted.
func checkQuick(t testing.TB, quick *quickDecoder, frame []byte) bool {
	t.Helper()
	got := quick.decode(frame)
	if got == nil {
		return false
	}
	var want chunk
	if err := json.Unmarshal(frame, &want); err != nil {
		t.Fatalf("the quick decoder accepts %q, which encoding/json does not: %v", frame, err)
	}
	same := cmp.Options{cmp.AllowUnexported(chunk{}, part{}), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(&want, got, same); diff != "" {
		t.Fatalf("%q (-encoding/json +quick):\n%s", frame, diff)
	}
	return true
}

// quickFrames are frames that the decoder must accept: what every stream has.
var quickFrames = []string{
	`{"candidates": [{"content": {"parts": [{"text": "Okay"}],"role": "model"}}],"usageMetadata": {"promptTokenCount": 10,"totalTokenCount": 10,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 10}]},"modelVersion": "gemini-2.0-flash"}`,
	`{"candidates": [{"content": {"parts": [{"text": "h\u00e9 🦙","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 54,"totalTokenCount": 116,"thoughtsTokenCount": 62},"modelVersion": "m","responseId": "r"}`,
	`{"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0,"avgLogprobs": -0.25}],"usageMetadata": {"promptTokenCount": 1,"candidatesTokenCount": 2,"totalTokenCount": 3,"cachedContentTokenCount": 4,"toolUsePromptTokenCount": 5,"candidatesTokensDetails": [{"modality": "TEXT","tokenCount": 2}]},"modelVersion": "m"}`,
	`{"candidates": [{"content": {"role": "model","parts": [{"text": "x","thoughtSignature": "c2ln"}]}}],"usageMetadata": {"trafficType": "ON_DEMAND"},"modelVersion": "m","createTime": "2026-03-12T18:06:38.666193Z","responseId": "r"}`,
	`{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],"modelVersion":"scripted","responseId":"reply_1"}`,
}

func TestQuickDecoderTakesWhatEveryStreamHas(t *testing.T) {
	quick := newQuickDecoder(&stream.Text{})
	for range 2 { // what one frame leaves behind must not show in the next
		for _, frame := range quickFrames {
			if !checkQuick(t, quick, []byte(frame)) {
				t.Errorf("the frame is left to encoding/json: %s", frame)
			}
		}
	}
}

// oddFrames are frames that differ from the usual ones in one point that
// matters. The decoder may refuse them, and must not misread them.
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

func TestQuickDecoderDoesNotMisreadOddFrames(t *testing.T) {
	for _, frame := range oddFrames {
		t.Run(frame, func(t *testing.T) { checkQuick(t, newQuickDecoder(&stream.Text{}), []byte(frame)) })
	}
}

func FuzzQuickDecode(f *testing.F) {
	for _, frame := range append(quickFrames, oddFrames...) {
		f.Add([]byte(frame), []byte(quickFrames[1]))
		f.Add([]byte(strings.Replace(quickFrames[1], `"index": 0`, `"x":`+frame, 1)), []byte(frame))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		quick := newQuickDecoder(&stream.Text{})
		for _, frame := range [][]byte{first, second} {
			before := bytes.Clone(frame)
			checkQuick(t, quick, frame)
			if !bytes.Equal(frame, before) {
				t.Fatalf("decoding changed the frame %q into %q", before, frame)
			}
		}
	})
}
