package tokenoracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/tinyllama"
	"github.com/parley-llm/parley/llm/tokens"
)

// Recorded tokens of llama.cpp for the models of package tinyllama.
func TestGGUFFilesHaveLlamaCppsTokens(t *testing.T) {
	root := os.Getenv("PARLEY_CONFORMANCE")
	if root == "" {
		t.Skip("PARLEY_CONFORMANCE is not set: set it to the directory with recorded replies")
	}
	models := make(map[string]*tokens.Encoding)
	for _, m := range tinyllama.Ready() {
		data, err := m.File()
		if err != nil {
			t.Fatal(err)
		}
		e, err := tokens.Read(m.Name, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		models[m.Name] = e
	}
	for _, p := range recordedPrompts(t, root) {
		e := models[p.model]
		if e == nil {
			t.Fatalf("unknown model %s", p.model)
		}
		got := e.Encode(p.text)
		if p.whole {
			got = e.EncodePrompt(p.text)
		} else if bos, ok := e.BOS(); ok {
			got = append([]int{bos}, got...)
		}
		if !slices.Equal(got, p.ids) {
			t.Errorf("%s: tokens of %q: %d, llama.cpp has %d", p.model, p.text, got, p.ids)
		}
	}
}

type recordedPrompt struct {
	model string
	text  string
	ids   []int
	whole bool // names of special tokens are control tokens
}

func recordedPrompts(t *testing.T, root string) []recordedPrompt {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	decode := func(data []byte, v any) {
		if err := json.Unmarshal(data, v); err != nil {
			t.Fatalf("%v: %.200q", err, data)
		}
	}
	content := func(name string) string {
		_, body, _ := bytes.Cut(bytes.ReplaceAll(read(name), []byte("\r\n"), []byte("\n")), []byte("\n\n"))
		var request struct{ Content string }
		decode(body, &request)
		return request.Content
	}

	var all []recordedPrompt
	names := map[string]string{"tiny-f32.gguf": "tiny", "tiny-f16.gguf": "tiny-f16", "tiny-q8_0.gguf": "tiny-q8"}
	lines := bufio.NewScanner(bytes.NewReader(read("greedy-ids.jsonl")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			File   string
			Prompt string `json:"prompt_text"`
			R      struct{ Prompt []int }
		}
		decode(lines.Bytes(), &line)
		all = append(all, recordedPrompt{names[line.File], line.Prompt, line.R.Prompt, true})
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("greedy-ids.jsonl: %d prompts, %v", len(all), err)
	}

	// All predefined models have the same vocabulary, so any of them is suitable.
	var plain struct{ Tokens []int }
	decode(read("llamacpp/tokenize.body"), &plain)
	all = append(all, recordedPrompt{"tiny", content("llamacpp/tokenize.req"), plain.Tokens, true})
	var pieces struct{ Tokens []struct{ ID int } }
	decode(read("llamacpp/tokenize-pieces.body"), &pieces)
	p := recordedPrompt{"tiny", content("llamacpp/tokenize-pieces.req"), nil, false}
	for _, token := range pieces.Tokens {
		p.ids = append(p.ids, token.ID)
	}
	return append(all, p)
}
