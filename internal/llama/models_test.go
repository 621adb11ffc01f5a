package llama_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/gguf/gguftest"
	"github.com/parley-llm/parley/internal/llama"
)

// shape describes a model with random weights.
type shape struct {
	architecture   string
	typ            gguf.Type
	layers, width  int
	heads, kvHeads int
	headWidth      int // 0: width / heads
	feedForward    int
	vocabulary     int
	tied           bool           // no output matrix
	biases, norms  bool           // as Qwen2 and Qwen3 have them
	factors        bool           // rope_freqs.weight
	metadata       map[string]any // further keys, without the architecture
}

// small is a model whose widths fit all types.
var small = shape{
	architecture: "llama", typ: gguf.F32,
	layers: 2, width: 256, heads: 4, kvHeads: 2, feedForward: 512, vocabulary: 320,
}

// file returns the model as a GGUF file without a vocabulary.
func (m shape) file() []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	m.headWidth = m.head()
	f := m.describe()
	matrix := func(name string, cols, rows int, gain float64) {
		data := gguftest.Random(rng, m.typ, cols*rows, gain/math.Sqrt(float64(cols)))
		f.Add(name+".weight", m.typ, data, cols, rows)
	}
	vector := func(name string, n int, mean, deviation float64) {
		data := make([]byte, 0, 4*n)
		for range n {
			data = le.AppendUint32(data, math.Float32bits(float32(mean+rng.NormFloat64()*deviation)))
		}
		f.Add(name, gguf.F32, data, n)
	}
	queries, keys := m.heads*m.headWidth, m.kvHeads*m.headWidth
	matrix("token_embd", m.width, m.vocabulary, math.Sqrt(float64(m.width)))
	for i := range m.layers {
		p := fmt.Sprintf("blk.%d.", i)
		vector(p+"attn_norm.weight", m.width, 1, 0.1)
		matrix(p+"attn_q", m.width, queries, 2)
		matrix(p+"attn_k", m.width, keys, 2)
		matrix(p+"attn_v", m.width, keys, 1)
		if m.biases {
			vector(p+"attn_q.bias", queries, 0, 0.3)
			vector(p+"attn_k.bias", keys, 0, 0.3)
			vector(p+"attn_v.bias", keys, 0, 0.3)
		}
		if m.norms {
			vector(p+"attn_q_norm.weight", m.headWidth, 1, 0.1)
			vector(p+"attn_k_norm.weight", m.headWidth, 1, 0.1)
		}
		matrix(p+"attn_output", queries, m.width, 1)
		vector(p+"ffn_norm.weight", m.width, 1, 0.1)
		matrix(p+"ffn_gate", m.width, m.feedForward, 1)
		matrix(p+"ffn_up", m.width, m.feedForward, 1)
		matrix(p+"ffn_down", m.feedForward, m.width, 1)
	}
	vector("output_norm.weight", m.width, 1, 0.1)
	if !m.tied {
		matrix("output", m.width, m.vocabulary, 1)
	}
	if m.factors {
		vector("rope_freqs.weight", m.headWidth/2, 4, 0.5)
	}
	return f.Bytes()
}

// head returns the width of a head.
func (m shape) head() int { return cmp.Or(m.headWidth, m.width/m.heads) }

// describe returns a file with the metadata.
func (m shape) describe() *gguftest.File {
	f := new(gguftest.File)
	f.Set("general.architecture", m.architecture)
	set := func(key string, value any) {
		if _, ok := m.metadata[key]; !ok {
			f.Set(m.architecture+"."+key, value)
		}
	}
	set("block_count", uint32(m.layers))
	set("context_length", uint32(4096))
	set("embedding_length", uint32(m.width))
	set("feed_forward_length", uint32(m.feedForward))
	set("attention.head_count", uint32(m.heads))
	set("attention.head_count_kv", uint32(m.kvHeads))
	set("attention.key_length", uint32(m.head()))
	set("attention.value_length", uint32(m.head()))
	set("attention.layer_norm_rms_epsilon", float32(1e-5))
	set("rope.dimension_count", uint32(m.head()))
	set("rope.freq_base", float32(10000))
	for key, value := range m.metadata {
		f.Set(m.architecture+"."+key, value)
	}
	return f
}

// load loads a model from memory, until the end of the test.
func load(t testing.TB, data []byte, options llama.Options) *llama.Model {
	t.Helper()
	file, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := llama.Load(file, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// text returns n tokens that look random and are always the same.
func text(n, vocabulary int) []int {
	rng := rand.New(rand.NewPCG(1, uint64(vocabulary)))
	ids := make([]int, n)
	for i := range ids {
		ids[i] = rng.IntN(vocabulary)
	}
	return ids
}

// distance returns the largest difference of two vectors.
func distance(a, b []float32) float64 {
	var most float64
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if !(d <= most) { // NaN is the largest
			most = d
		}
	}
	return most
}
