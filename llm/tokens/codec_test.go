package tokens

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
	"unicode/utf8"
)

// CountReader and Truncate depend on match.Codec's promise: appending text changes at
// most the last two parts.
func TestTextAddedChangesOnlyTheLastTwoParts(t *testing.T) {
	file, err := os.Open("testdata/samples.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var sample struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(lines.Bytes(), &sample); err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Encoding{CL100kBase(), O200kBase()} {
			checkParts(t, e, sample.Text)
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// checkParts checks the promise for the prefixes of text.
func checkParts(t *testing.T, e *Encoding, text string) {
	t.Helper()
	ends := make(map[int]bool)
	for _, end := range partEnds(e, text) {
		ends[end] = true
	}
	for n := range text {
		if !utf8.RuneStart(text[n]) {
			continue
		}
		parts := partEnds(e, text[:n])
		for _, end := range parts[:max(len(parts)-2, 0)] {
			if !ends[end] {
				t.Errorf("%s: %q has a border at %d only if the rest of %q does not follow", e.Name(), text[:n], end, text)
			}
		}
	}
}

func partEnds(e *Encoding, text string) []int {
	var ends []int
	for at := 0; at < len(text); {
		at += e.codec.Part(text[at:])
		ends = append(ends, at)
	}
	return ends
}
