package nearest_test

import (
	"testing"

	"github.com/parley-llm/parley/internal/nearest"
)

func TestOf(t *testing.T) {
	valid := []string{"temperature", "top_p", "retry", "café"}
	for _, test := range []struct {
		name, match string
		edits       int
	}{
		{"temprature", "temperature", 1},
		{"TEMPERATURE", "temperature", 0}, // case does not count
		{"rerty", "retry", 1},             // two letters are swapped
		{"top_pp", "top_p", 1},
		{"cafe", "café", 1}, // characters count, not bytes
		{"zzz", "", 2},      // more than half would change
		{"", "", 1},
	} {
		if match, edits := nearest.Of(test.name, valid); match != test.match || edits != test.edits {
			t.Errorf("Of(%q) = %q, %d; want %q, %d", test.name, match, edits, test.match, test.edits)
		}
	}
	if match, _ := nearest.Of("x", nil); match != "" {
		t.Errorf("without valid names the match is %q", match)
	}
}
