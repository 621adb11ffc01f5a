package llama_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
)

// In a model of one layer, keys and values depend on their own tokens alone, and rope depends
// on distances alone. So tokens outside the window change nothing.
func TestTokensOutsideTheWindowHaveNoEffect(t *testing.T) {
	model := small
	model.Layers = 1
	full := load(t, model.File(), llama.Options{})
	model.Metadata = map[string]any{"attention.sliding_window": uint32(8)}
	m := load(t, model.File(), llama.Options{})
	ids := text(300, m.Vocabulary())
	for _, n := range []int{8, 9, 40, 257, 300} {
		want := prompt(t, full.NewSession(0), ids[n-8:n])
		if d := distance(want, prompt(t, m.NewSession(0), ids[:n])); d > 0.02 {
			t.Errorf("after %d tokens, logits differ from those of the last 8 by %g", n, d)
		}
		if d := distance(want, prompt(t, full.NewSession(0), ids[:n])); n > 8 && d < 0.1 {
			t.Errorf("after %d tokens, a model without a window differs by %g only", n, d)
		}
	}
}

// The factors for long contexts are those of sessions with a long context window.
func TestLongContextsHaveOtherFactors(t *testing.T) {
	model := small
	model.Metadata = map[string]any{"rope.scaling.type": "longrope", "rope.scaling.original_context_length": uint32(1024)}
	build := func(long float32) *llama.Model {
		f := model.Build()
		factors := func(v float32) []byte {
			var b []byte
			for range model.Width / model.Heads / 2 {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
			return b
		}
		f.Add("rope_factors_short.weight", gguf.F32, factors(1), model.Width/model.Heads/2)
		f.Add("rope_factors_long.weight", gguf.F32, factors(long), model.Width/model.Heads/2)
		return load(t, f.Bytes(), llama.Options{})
	}
	plain, scaled := build(1), build(8)
	ids := text(40, plain.Vocabulary())
	for _, test := range []struct {
		context int
		same    bool
	}{{1024, true}, {1025, false}} {
		d := distance(prompt(t, plain.NewSession(test.context), ids), prompt(t, scaled.NewSession(test.context), ids))
		if (d == 0) != test.same {
			t.Errorf("with a context of %d, logits differ by %g", test.context, d)
		}
	}
}
