package llamaoracle

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/llm/tokens"
)

// builtin is the folder of the built-in model.
const builtin = "../../../providers/llama/builtin"

func TestBuiltinModelAnswersAsInLibllama(t *testing.T) {
	o := start(t)
	path, err := filepath.Abs(filepath.Join(builtin, "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := llama.Load(file, llama.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	encoding, err := tokens.FromMetadata("builtin", file.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	user, _ := encoding.SpecialID("<|user|>")
	assistant, _ := encoding.SpecialID("<|assistant|>")
	begin, _ := encoding.SpecialID("<s>")
	end, _ := encoding.SpecialID("</s>")
	questions, err := os.ReadFile(filepath.Join(builtin, "testdata", "heldout.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	equal, total := 0, 0
	for line := range strings.Lines(string(questions)) {
		_, question, _ := strings.Cut(strings.TrimSpace(line), "\t")
		prompt := append([]int{begin, user}, encoding.Encode(" "+question)...)
		prompt = append(prompt, assistant)
		if want, err := o.tokenize(path, "<s><|user|> "+question+"<|assistant|>"); err != nil {
			t.Fatal(err)
		} else if !slices.Equal(prompt, want) {
			t.Errorf("%q is %d, want libllama's %d", question, prompt, want)
			continue
		}
		ids, margins := greedy(t, m.NewSession(0), prompt, end)
		total++
		parted := false
		err := o.run(path, prompt, len(ids), func(i int, want token) error {
			if parted || ids[i] == want.ID {
				return nil
			}
			parted = true
			t.Logf("%q: token %d is %d, want %d; the margins are %.3f and %.3f", question, i, ids[i], want.ID, margins[i], want.margin(ids[i]))
			if want.margin(ids[i]) > maxMargin {
				t.Errorf("%q: libllama's margin is above %g", question, maxMargin)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !parted {
			equal++
		}
	}
	t.Logf("%d of %d answers equal", equal, total)
}

// greedy returns the answer to a prompt with its end token, and the margin of each token.
func greedy(t *testing.T, s *llama.Session, prompt []int, end int) (ids []int, margins []float32) {
	t.Helper()
	logits, err := s.Prompt(t.Context(), prompt, nil)
	for {
		if err != nil {
			t.Fatal(err)
		}
		id := slices.Index(logits, slices.Max(logits))
		second := float32(-1e30)
		for i, v := range logits {
			if i != id {
				second = max(second, v)
			}
		}
		ids, margins = append(ids, id), append(margins, logits[id]-second)
		if id == end || len(ids) == 120 {
			return ids, margins
		}
		logits, err = s.Next(t.Context(), id)
	}
}
