package gemini_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/measured"
	"github.com/parley-llm/parley/llm"
)

// TestRecordedCounts compares the offline count of each recorded
// request with the usage in its reply, and the table of that with the one in
// docs/tokens.md.
func TestRecordedCounts(t *testing.T) {
	var all []measured.Count
	for _, e := range recordings(t) {
		usage, known := readPromptTokens(e.reply)
		if !known {
			continue
		}
		req := requestFrom(t, &e, fromJSON(t, e.request).(map[string]any))
		count, err := llm.New(provider(t, e.config()), e.model()).CountTokens(t.Context(), req)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		all = append(all, measured.Count{Family: e.model(), Of: req, Count: *count, Usage: usage})
	}
	measured.Check(t, "Gemini", all)
}

// readPromptTokens returns the input tokens that a reply reports last.
func readPromptTokens(reply string) (n int, known bool) {
	read := func(text string) {
		var frame struct {
			UsageMetadata struct{ PromptTokenCount *int }
		}
		if json.Unmarshal([]byte(text), &frame) == nil && frame.UsageMetadata.PromptTokenCount != nil {
			n, known = *frame.UsageMetadata.PromptTokenCount, true
		}
	}
	if read(reply); known {
		return n, known
	}
	for line := range strings.Lines(reply) {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			read(data)
		}
	}
	return n, known
}
