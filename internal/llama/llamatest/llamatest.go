// Package llamatest makes models with random weights, of any shape and type, for tests of the
// engine and for comparisons with other engines.
package llamatest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/gguf/gguftest"
)

// Model describes a model with random weights.
type Model struct {
	Architecture   string
	Type           gguf.Type // of the matrices
	Layers, Width  int
	Heads, KVHeads int
	HeadWidth      int // the default is Width / Heads
	FeedForward    int
	Vocabulary     int
	Tied           bool           // there is no output matrix
	Biases, Norms  bool           // as Qwen2 and Qwen3 have them
	Factors        bool           // there is a tensor rope_freqs.weight
	Metadata       map[string]any // further keys, without the architecture; they replace others
}

var le = binary.LittleEndian

// Small returns a model whose widths fit all types.
func Small() Model {
	return Model{
		Architecture: "llama", Type: gguf.F32,
		Layers: 2, Width: 256, Heads: 4, KVHeads: 2, FeedForward: 512, Vocabulary: 320,
	}
}

// File returns the model as a GGUF file. Its vocabulary is the least that other engines
// accept: control tokens, bytes, and names without a meaning.
func (m Model) File() []byte { return m.Build().Bytes() }

// Build returns the file before it is written.
func (m Model) Build() *gguftest.File {
	rng := rand.New(rand.NewPCG(7, 7))
	m.HeadWidth = m.head()
	f := m.Describe()
	matrix := func(name string, cols, rows int, gain float64) {
		data := gguftest.Random(rng, m.Type, cols*rows, gain/math.Sqrt(float64(cols)))
		f.Add(name+".weight", m.Type, data, cols, rows)
	}
	vector := func(name string, n int, mean, deviation float64) {
		data := make([]byte, 0, 4*n)
		for range n {
			data = le.AppendUint32(data, math.Float32bits(float32(mean+rng.NormFloat64()*deviation)))
		}
		f.Add(name, gguf.F32, data, n)
	}
	queries, keys := m.Heads*m.HeadWidth, m.KVHeads*m.HeadWidth
	embedding := 1.0 // the gain of an output matrix
	if !m.Tied {
		embedding = math.Sqrt(float64(m.Width))
	}
	matrix("token_embd", m.Width, m.Vocabulary, embedding)
	for i := range m.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		vector(p+"attn_norm.weight", m.Width, 1, 0.1)
		matrix(p+"attn_q", m.Width, queries, 1)
		matrix(p+"attn_k", m.Width, keys, 1)
		matrix(p+"attn_v", m.Width, keys, 1)
		if m.Biases {
			vector(p+"attn_q.bias", queries, 0, 0.3)
			vector(p+"attn_k.bias", keys, 0, 0.3)
			vector(p+"attn_v.bias", keys, 0, 0.3)
		}
		if m.Norms {
			vector(p+"attn_q_norm.weight", m.HeadWidth, 1, 0.1)
			vector(p+"attn_k_norm.weight", m.HeadWidth, 1, 0.1)
		}
		matrix(p+"attn_output", queries, m.Width, 1)
		vector(p+"ffn_norm.weight", m.Width, 1, 0.1)
		matrix(p+"ffn_gate", m.Width, m.FeedForward, 1)
		matrix(p+"ffn_up", m.Width, m.FeedForward, 1)
		matrix(p+"ffn_down", m.FeedForward, m.Width, 1)
	}
	vector("output_norm.weight", m.Width, 1, 0.1)
	if !m.Tied {
		matrix("output", m.Width, m.Vocabulary, 1)
	}
	if m.Factors {
		vector("rope_freqs.weight", m.HeadWidth/2, 4, 0.5)
	}
	return f
}

// head returns the width of a head.
func (m Model) head() int { return cmp.Or(m.HeadWidth, m.Width/m.Heads) }

// Describe returns a file with the metadata alone.
func (m Model) Describe() *gguftest.File {
	f := new(gguftest.File)
	f.Set("general.architecture", m.Architecture)
	set := func(key string, value any) {
		if _, ok := m.Metadata[key]; !ok {
			f.Set(m.Architecture+"."+key, value)
		}
	}
	set("block_count", uint32(m.Layers))
	set("context_length", uint32(4096))
	set("embedding_length", uint32(m.Width))
	set("feed_forward_length", uint32(m.FeedForward))
	set("attention.head_count", uint32(m.Heads))
	set("attention.head_count_kv", uint32(m.KVHeads))
	set("attention.key_length", uint32(m.head()))
	set("attention.value_length", uint32(m.head()))
	set("attention.layer_norm_rms_epsilon", float32(1e-5))
	set("rope.dimension_count", uint32(m.head()))
	set("rope.freq_base", float32(10000))
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		f.Set(m.Architecture+"."+key, m.Metadata[key])
	}
	m.describeVocabulary(f)
	return f
}

func (m Model) describeVocabulary(f *gguftest.File) {
	names, kinds, scores := make([]string, m.Vocabulary), make([]int32, m.Vocabulary), make([]float32, m.Vocabulary)
	const normal, unknown, control, isByte = 1, 2, 3, 6
	for i := range names {
		switch {
		case i == 0:
			names[i], kinds[i] = "<unk>", unknown
		case i == 1:
			names[i], kinds[i] = "<s>", control
		case i == 2:
			names[i], kinds[i] = "</s>", control
		case i < 259:
			names[i], kinds[i] = fmt.Sprintf("<0x%02X>", i-3), isByte
		default:
			names[i], kinds[i] = fmt.Sprintf("token%d", i), normal
		}
		scores[i] = -float32(i)
	}
	f.Set("tokenizer.ggml.model", "llama")
	f.Set("tokenizer.ggml.tokens", names)
	f.Set("tokenizer.ggml.token_type", kinds)
	f.Set("tokenizer.ggml.scores", scores)
	f.Set("tokenizer.ggml.bos_token_id", uint32(1))
	f.Set("tokenizer.ggml.eos_token_id", uint32(2))
}
