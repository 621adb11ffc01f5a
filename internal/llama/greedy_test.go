package llama_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

// recording is a greedy run of llama.cpp: a line of greedy-ids.jsonl.
type recording struct {
	File   string
	Prompt string `json:"prompt_text"`
	R      struct {
		Prompt, Out []int
	}
}

// recordings returns the recorded runs, and the folder of the models that they are of.
func recordings(t *testing.T) ([]recording, string) {
	t.Helper()
	dir, models := os.Getenv("PARLEY_CONFORMANCE"), os.Getenv("PARLEY_MODELS")
	if dir == "" || models == "" {
		t.Skip("PARLEY_CONFORMANCE and PARLEY_MODELS, the folders of recorded runs and of their models, are not set")
	}
	file, err := os.Open(filepath.Join(dir, "greedy-ids.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []recording
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		t.Fatal("no recorded runs")
	}
	return list, models
}

// open loads a model until the end of the test.
func open(t testing.TB, path string, options llama.Options) *llama.Model {
	t.Helper()
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := llama.Load(file, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// greedy returns the n most likely tokens after a prompt, and the margin of each over the
// next best one.
func greedy(t testing.TB, s *llama.Session, prompt []int, n int) (ids []int, margins []float32) {
	t.Helper()
	logits, err := s.Prompt(t.Context(), prompt, nil)
	for range n {
		if err != nil {
			t.Fatal(err)
		}
		best, margin := top(logits)
		ids, margins = append(ids, best), append(margins, margin)
		logits, err = s.Next(t.Context(), best)
	}
	return ids, margins
}

// top returns the largest logit's token and its margin.
func top(logits []float32) (id int, margin float32) {
	best := slices.Max(logits)
	id = slices.Index(logits, best)
	second := float32(-1e30)
	for i, v := range logits {
		if i != id {
			second = max(second, v)
		}
	}
	return id, best - second
}

// maxMargin is the largest margin at which the ids of a quantised model may part: rounding
// activations to 8 bits in another way changes the logits of these models by that much.
const maxMargin = 0.05

func TestGreedyIdsAreThoseOfLlamaCpp(t *testing.T) {
	list, models := recordings(t)
	for _, level := range kernel.Levels() {
		for _, r := range list {
			t.Run(level.String()+"/"+r.File+"/"+r.Prompt, func(t *testing.T) {
				m := open(t, filepath.Join(models, r.File), llama.Options{Level: &level, Threads: 2})
				got, margins := greedy(t, m.NewSession(0), r.R.Prompt, len(r.R.Out))
				for i, want := range r.R.Out {
					if got[i] == want {
						continue
					}
					if r.File != "tiny-q8_0.gguf" || margins[i] > maxMargin {
						t.Errorf("id %d is %d at a margin of %.4f, want %d", i, got[i], margins[i], want)
					} else {
						t.Logf("ids part at %d of %d, at a margin of %.4f", i, len(r.R.Out), margins[i])
					}
					return // the rest is of another text
				}
			})
		}
	}
}
