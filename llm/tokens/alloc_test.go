//go:build !race

package tokens_test

import (
	"strings"
	"testing"
)

// Excluded with the race detector, because sync.Pool then drops values at random.
func TestCountAllocatesNothing(t *testing.T) {
	texts := []string{strings.ToValidUTF8(mixedText()[:100_000], "")}
	for _, char := range []string{"a", "가", " ", "\n", "😀", "-", "=-"} {
		texts = append(texts, strings.Repeat(char, 1001), strings.Repeat(char, 300_001))
	}
	for _, e := range embedded() {
		for _, text := range texts {
			e.Count(text)
			if allocs := testing.AllocsPerRun(10, func() { e.Count(text) }); allocs != 0 {
				t.Errorf("%s: Count of %.12q…, %d bytes of valid UTF-8, allocates %v times", e.Name(), text, len(text), allocs)
			}
		}
	}
}
