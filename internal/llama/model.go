// Package llama runs transformers of the LLaMA family on the processor: LLaMA 1 to 3, and
// models with the same structure, such as TinyLlama, SmolLM2, Mistral, Qwen2 and Qwen3.
//
// [Load] takes the weights from a GGUF file. A [Session] is one conversation with a model:
// it holds the keys and values of the tokens so far, and computes the logits of the next
// token. A [Sampler] selects a token by its logits, and a [Stopper] finds the end of the
// answer in its text.
//
// The package works on token ids. Package tokens turns text into ids.
package llama

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

// Options are the settings of a model.
type Options struct {
	// Threads is the number of goroutines that compute. The default is runtime.GOMAXPROCS.
	Threads int
	// Level is the set of processor instructions. The default is the best of the machine,
	// also if the machine does not have this one.
	Level *kernel.Level
}

// Model is a loaded model. It is safe for concurrent use, except for Close.
type Model struct {
	config
	level    kernel.Level
	pool     *pool
	forwards sync.Pool // of *forward, because only sessions that compute need one

	embedding  *kernel.Matrix
	blocks     []block
	outputNorm []float32
	output     linear

	// Frequency factors of rope. Models with "longrope" have long and short ones; others
	// have at most short ones.
	shortFactors, longFactors []float32
}

// linear is a matrix with a bias for each row.
type linear struct {
	*kernel.Matrix
	bias []float32 // nil: none
}

// block is one layer of the transformer.
type block struct {
	attentionNorm, feedForwardNorm []float32
	queryNorm, keyNorm             []float32 // nil: none
	query, key, value, attention   linear
	gate, up, down                 linear
}

// Load returns the model in the file. The file must stay open until [Model.Close].
//
// Load returns an error if the architecture or the type of a tensor is not supported, or if
// the file does not have the tensors that its metadata describe.
func Load(file *gguf.File, options Options) (*Model, error) {
	c, err := readConfig(file.Metadata)
	if err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	m := &Model{config: *c, level: kernel.Detect()}
	if options.Level != nil && slices.Contains(kernel.Levels(), *options.Level) {
		m.level = *options.Level
	}
	l := &loader{file: file}
	m.load(l)
	if l.err != nil {
		return nil, fmt.Errorf("llama: %w", l.err)
	}
	threads := options.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	m.pool = newPool(threads)
	return m, nil
}

// Close ends the goroutines of the model. No session may be in use. It does not close the
// file.
func (m *Model) Close() { m.pool.close() }

// Vocabulary returns the number of tokens.
func (m *Model) Vocabulary() int { return m.output.Rows }

// Context returns the number of tokens that the model was trained for.
func (m *Model) Context() int { return m.context }

// Width returns the number of values of an embedding.
func (m *Model) Width() int { return m.width }

// Architecture returns the architecture, such as "llama".
func (m *Model) Architecture() string { return m.architecture }

// Level returns the set of processor instructions that the model uses.
func (m *Model) Level() kernel.Level { return m.level }

// WeightBytes returns the number of bytes that are read to generate one token, apart from
// keys and values.
func (m *Model) WeightBytes() int {
	n := m.output.Bytes()
	for i := range m.blocks {
		b := &m.blocks[i]
		for _, w := range []linear{b.query, b.key, b.value, b.attention, b.gate, b.up, b.down} {
			n += w.Bytes()
		}
	}
	return n
}

// load fills in the weights.
func (m *Model) load(l *loader) {
	embedding, ok := l.file.Tensor("token_embd.weight")
	if !ok || len(embedding.Dims) != 2 {
		l.fail("tensor token_embd.weight is missing or is no matrix")
		return
	}
	tokens := embedding.Dims[1]
	m.embedding = l.matrix("token_embd.weight", m.width, tokens)
	m.outputNorm = l.vector("output_norm.weight", m.width)
	if _, ok := l.file.Tensor("output.weight"); ok {
		m.output = l.linear("output", m.width, tokens)
	} else {
		m.output = linear{Matrix: m.embedding}
	}
	pairs := m.rope.dims / 2
	m.shortFactors = l.optional("rope_freqs.weight", pairs)
	if _, ok := l.file.Tensor("rope_factors_long.weight"); ok {
		m.longFactors = l.vector("rope_factors_long.weight", pairs)
		m.shortFactors = l.vector("rope_factors_short.weight", pairs)
	}
	for i := range m.layers {
		if l.err != nil {
			return
		}
		m.blocks = append(m.blocks, m.loadBlock(l, fmt.Sprintf("blk.%d.", i)))
	}
}

func (m *Model) loadBlock(l *loader, prefix string) block {
	queries, keys := m.heads*m.headWidth, m.kvHeads*m.headWidth
	b := block{
		attentionNorm:   l.vector(prefix+"attn_norm.weight", m.width),
		feedForwardNorm: l.vector(prefix+"ffn_norm.weight", m.width),
		query:           l.linear(prefix+"attn_q", m.width, queries),
		key:             l.linear(prefix+"attn_k", m.width, keys),
		value:           l.linear(prefix+"attn_v", m.width, keys),
		attention:       l.linear(prefix+"attn_output", queries, m.width),
		gate:            l.linear(prefix+"ffn_gate", m.width, m.feedForward),
		up:              l.linear(prefix+"ffn_up", m.width, m.feedForward),
		down:            l.linear(prefix+"ffn_down", m.feedForward, m.width),
	}
	a := architectures[m.architecture]
	if a.norms {
		b.queryNorm = l.vector(prefix+"attn_q_norm.weight", m.headWidth)
		b.keyNorm = l.vector(prefix+"attn_k_norm.weight", m.headWidth)
	}
	if a.biases && (b.query.bias == nil || b.key.bias == nil || b.value.bias == nil) {
		l.fail("layer %q has no biases of queries, keys and values", prefix)
	}
	return b
}

// factors returns the frequency factors for a context of this length; nil is all ones.
func (m *Model) factors(context int) []float32 {
	if m.longFactors != nil && context > m.rope.original {
		return m.longFactors
	}
	return m.shortFactors
}

// loader takes tensors from a file and checks their types and dimensions. It keeps the
// first error.
type loader struct {
	file *gguf.File
	err  error
}

func (l *loader) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// tensor returns a tensor with these dimensions.
func (l *loader) tensor(name string, dims ...int) (gguf.Tensor, bool) {
	t, ok := l.file.Tensor(name)
	if !ok {
		l.fail("tensor %s is missing", name)
		return t, false
	}
	if !t.Type.Supported() {
		l.fail("tensor %s has type %s, which is not supported: use a file of a type in %v", name, t.Type, gguf.Types())
		return t, false
	}
	for len(t.Dims) > len(dims) && t.Dims[len(t.Dims)-1] == 1 {
		t.Dims = t.Dims[:len(t.Dims)-1]
	}
	if fmt.Sprint(t.Dims) != fmt.Sprint(dims) {
		l.fail("tensor %s has dimensions %d, want %d", name, t.Dims, dims)
		return t, false
	}
	return t, true
}

func (l *loader) matrix(name string, cols, rows int) *kernel.Matrix {
	t, ok := l.tensor(name, cols, rows)
	if !ok {
		return nil
	}
	m, err := kernel.NewMatrix(t.Type, cols, rows, t.Data)
	if err != nil {
		l.fail("tensor %s: %w", name, err)
	}
	return m
}

func (l *loader) linear(name string, cols, rows int) linear {
	return linear{l.matrix(name+".weight", cols, rows), l.optional(name+".bias", rows)}
}

func (l *loader) vector(name string, n int) []float32 {
	t, ok := l.tensor(name, n)
	if !ok {
		return nil
	}
	v := make([]float32, n)
	if err := t.Type.Dequantize(v, t.Data); err != nil {
		l.fail("tensor %s: %w", name, err)
	}
	return v
}

// optional is vector for a tensor that may be missing.
func (l *loader) optional(name string, n int) []float32 {
	if _, ok := l.file.Tensor(name); !ok {
		return nil
	}
	return l.vector(name, n)
}
