//go:build !race

package tokens_test

import (
	"strings"
	"testing"
)

// Not under the race detector, with which a sync.Pool drops at random what it
// is given.
func TestCountAllocatesNothing(t *testing.T) {
	text := strings.ToValidUTF8(mixedText()[:100_000], "")
	for _, e := range embedded() {
		e.Count(text)
		if allocs := testing.AllocsPerRun(10, func() { e.Count(text) }); allocs != 0 {
			t.Errorf("%s: Count of valid UTF-8 allocates %v times", e.Name(), allocs)
		}
	}
}
