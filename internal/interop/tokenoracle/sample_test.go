package tokenoracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/interop/npmtest"
)

// samplePath is a sample of tiktoken's answers. Package tokens is tested with it on
// machines without npm.
const samplePath = "../../../llm/tokens/testdata/samples.jsonl"

type sample struct {
	Text       string `json:"text"`
	CL100kBase []int  `json:"cl100k_base"`
	O200kBase  []int  `json:"o200k_base"`
}

// The committed sample must equal tiktoken's answers. With PARLEY_UPDATE=1, the test
// updates the answers for the texts in the file.
func TestCommittedSampleIsTiktokens(t *testing.T) {
	old, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	var all []string
	lines := bufio.NewScanner(bytes.NewReader(old))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", samplePath, err)
		}
		samples, all = append(samples, s), append(all, s.Text)
	}
	if err := lines.Err(); err != nil || len(samples) == 0 {
		t.Fatalf("%s: %d samples, %v", samplePath, len(samples), err)
	}
	cl100k, err := npmtest.Tiktoken(t, "cl100k_base", nil).Encode(all...)
	if err != nil {
		t.Fatal(err)
	}
	o200k, err := npmtest.Tiktoken(t, "o200k_base", nil).Encode(all...)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("PARLEY_UPDATE") != "" {
		write(t, all, cl100k, o200k)
		return
	}
	for i, s := range samples {
		if !slices.Equal(s.CL100kBase, cl100k[i]) || !slices.Equal(s.O200kBase, o200k[i]) {
			t.Errorf("%s, line %d: %q has the tokens %d in cl100k_base and %d in o200k_base; update the file with PARLEY_UPDATE=1", samplePath, i+1, s.Text, cl100k[i], o200k[i])
		}
	}
}

func write(t *testing.T, all []string, cl100k, o200k [][]int) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, text := range all {
		if err := e.Encode(sample{text, cl100k[i], o200k[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(samplePath, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
