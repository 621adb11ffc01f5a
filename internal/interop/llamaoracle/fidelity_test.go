package llamaoracle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/llamatest"
	"github.com/parley-llm/parley/internal/tinyllama"
)

// Limits for the distance of F32 logits, and for libllama's margin where answers part.
//
// Both engines store keys and values in half precision, so a sum that is rounded in another
// way can change a value by 2^-11 of it. Such changes, and those of 8-bit activations, are
// the noise that the limits allow for.
const (
	maxLogit       = 5e-3 // of F32
	maxFloatMargin = 5e-3 // F32, F16 and BF16
	maxMargin      = 0.05 // types with blocks of 32
	maxMarginK     = 0.1  // K types: one scale for 256 activations makes larger steps
)

func shapes() map[string]llamatest.Model {
	with := func(change func(m *llamatest.Model)) llamatest.Model {
		m := llamatest.Small()
		m.Vocabulary = 640
		change(&m)
		return m
	}
	set := func(pairs ...any) func(m *llamatest.Model) {
		return func(m *llamatest.Model) {
			m.Metadata = make(map[string]any)
			for i := 0; i < len(pairs); i += 2 {
				m.Metadata[pairs[i].(string)] = pairs[i+1]
			}
		}
	}
	return map[string]llamatest.Model{
		"llama":       with(func(*llamatest.Model) {}),
		"tied":        with(func(m *llamatest.Model) { m.Tied = true }),
		"one kv head": with(func(m *llamatest.Model) { m.KVHeads = 1 }),
		"wide heads":  with(func(m *llamatest.Model) { m.HeadWidth = 128 }),
		"qwen2":       with(func(m *llamatest.Model) { m.Architecture, m.Biases, m.Tied = "qwen2", true, true }),
		"qwen3":       with(func(m *llamatest.Model) { m.Architecture, m.Norms, m.HeadWidth = "qwen3", true, 128 }),
		"llama 3": with(func(m *llamatest.Model) {
			m.Factors = true
			m.Metadata = map[string]any{"rope.freq_base": float32(500000)}
		}),
		"linear": with(set("rope.scaling.type", "linear", "rope.scaling.factor", float32(4))),
		"yarn": with(set("rope.scaling.type", "yarn", "rope.scaling.factor", float32(4),
			"rope.scaling.original_context_length", uint32(1024))),
		"yarn with a factor": with(set("rope.scaling.type", "yarn", "rope.scaling.factor", float32(8),
			"rope.scaling.original_context_length", uint32(512), "rope.scaling.attn_factor", float32(1.2))),
	}
}

// write writes a model into a file and loads it.
func write(t *testing.T, content []byte) (path string, m *llama.Model) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err = llama.Load(file, llama.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return path, m
}

// prompt returns a prompt of n tokens.
func prompt(seed, n, vocabulary int) []int {
	rng := rand.New(rand.NewPCG(uint64(seed), uint64(n)))
	ids := []int{1}
	for len(ids) < n {
		ids = append(ids, 3+rng.IntN(vocabulary-3))
	}
	return ids
}

func full() bool { return os.Getenv("PARLEY_ORACLE") == "full" }

// compare runs a model in both engines. It returns the number of equal ids until the answers
// part, libllama's margin there, and the largest difference of logits before.
func compare(t *testing.T, o *oracle, path string, m *llama.Model, ids []int, tokens int) (equal int, margin, distance float64) {
	t.Helper()
	s := m.NewSession(2048)
	logits, err := s.Prompt(t.Context(), ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	equal = -1
	err = o.run(path, ids, tokens, func(i int, want token) error {
		if equal >= 0 {
			return nil
		}
		best := slices.Max(logits)
		got := slices.Index(logits, best)
		for id, v := range want.Logits {
			if v > -20 { // smaller ones lose digits in the oracle's probabilities
				distance = max(distance, math.Abs(float64(logits[id]-logits[want.ID])-v))
			}
		}
		if got != want.ID {
			equal, margin = i, want.margin(got)
			return nil
		}
		logits, err = s.Next(t.Context(), want.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if equal < 0 {
		equal = tokens
	}
	return equal, margin, distance
}

func TestAnswersAreThoseOfLibllama(t *testing.T) {
	o := start(t)
	for name, model := range shapes() {
		types := []gguf.Type{gguf.F32, gguf.F16, gguf.Q8_0, gguf.Q4K}
		if full() || name == "llama" {
			types = gguf.Types()
		}
		for _, typ := range types {
			model := model
			model.Type = typ
			if typ.BlockValues() == 256 { // more than one block in a row
				model.Width, model.Heads, model.KVHeads, model.FeedForward = 512, 2*model.Heads, 2*model.KVHeads, 1024
			}
			t.Run(fmt.Sprint(name, " ", typ), func(t *testing.T) { check(t, o, model) })
		}
	}
}

// check compares the answers of a model to prompts of several lengths.
func check(t *testing.T, o *oracle, model llamatest.Model) {
	limit := maxFloatMargin
	switch model.Type.BlockValues() {
	case 32:
		limit = maxMargin
	case 256:
		limit = maxMarginK
	}
	depth := 100
	if full() {
		depth = 500
	}
	path, m := write(t, model.File())
	for i, length := range []int{5, 40, 300} {
		equal, margin, distance := compare(t, o, path, m, prompt(i, length, model.Vocabulary), depth)
		t.Logf("prompt of %d: %d of %d ids equal, logits within %.2g", length, equal, depth, distance)
		if model.Type == gguf.F32 && distance > maxLogit {
			t.Errorf("prompt of %d: logits differ by %g", length, distance)
		}
		if equal == depth {
			continue
		}
		t.Logf("prompt of %d: ids part at %d, where libllama's margin is %.4f", length, equal, margin)
		if margin > limit {
			t.Errorf("prompt of %d: the margin is above %g", length, limit)
		}
	}
}

func TestTinyModelsAnswerAsInLibllama(t *testing.T) {
	o := start(t)
	for _, typ := range []tinyllama.Type{tinyllama.F32, tinyllama.F16} {
		file, err := tinyllama.Random(tinyllama.Config{Name: "tiny", Type: typ, Layers: 3, Seed: 42})
		if err != nil {
			t.Fatal(err)
		}
		path, m := write(t, file)
		for i := range 10 {
			equal, margin, distance := compare(t, o, path, m, prompt(i, 10+10*i, m.Vocabulary()), 100)
			t.Logf("type %d, prompt %d: %d of 100 ids equal, logits within %.2g", typ, i, equal, distance)
			if equal < 100 {
				t.Errorf("type %d, prompt %d: ids part at %d, where libllama's margin is %.4f", typ, i, equal, margin)
			}
			if typ == tinyllama.F32 && distance > maxLogit {
				t.Errorf("prompt %d: logits differ by %g", i, distance)
			}
		}
	}
}
