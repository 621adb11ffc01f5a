package tinyllama

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// The dimensions of all models in this package. Only the number of layers differs.
const (
	width       = 128 // values of an embedding
	feedForward = 256 // values inside a feed-forward network
	heads       = 4   // attention heads
	kvHeads     = 2   // heads of keys and values; each serves two attention heads
	headWidth   = width / heads
	kvWidth     = kvHeads * headWidth
	context     = 2048 // tokens
)

// A transformer has a model's weights before they are encoded. A matrix has one row for
// each of its outputs. The weights of norms are all 1 and are not stored here.
type transformer struct {
	config    Config
	vocab     *vocabulary
	embedding []float32 // input vector of each token, one per row
	output    []float32 // output vector of each token, one per row
	blocks    []block
}

type block struct {
	query, key, value, attention []float32
	gate, up, down               []float32
}

// newTransformer draws random weights. gain scales the weights of the blocks. With a gain
// of 1, blocks change their input about as much as trained blocks do. With 0, they do not
// change it.
func newTransformer(c Config, vocab *vocabulary, gain float64) *transformer {
	rng := rand.New(rand.NewPCG(c.Seed, 1))
	// A matrix with a standard deviation of 1/sqrt(inputs) preserves the size of its
	// input.
	matrix := func(outputs, inputs int, gain float64) []float32 {
		x := make([]float32, outputs*inputs)
		deviation := gain / math.Sqrt(float64(inputs))
		for i := range x {
			x[i] = float32(rng.NormFloat64() * deviation)
		}
		return x
	}
	tokens := len(vocab.tokens)
	m := &transformer{
		config:    c,
		vocab:     vocab,
		embedding: matrix(tokens, width, math.Sqrt(width)), // entries with a standard deviation of 1
		output:    matrix(tokens, width, 1),
	}
	for range c.Layers {
		m.blocks = append(m.blocks, block{
			// Doubled, so that attention prefers some tokens over others.
			query:     matrix(width, width, 2*gain),
			key:       matrix(kvWidth, width, 2*gain),
			value:     matrix(kvWidth, width, gain),
			attention: matrix(width, width, gain),
			gate:      matrix(feedForward, width, gain),
			up:        matrix(feedForward, width, gain),
			down:      matrix(width, feedForward, gain),
		})
	}
	return m
}

func (m *transformer) outputRow(token int) []float32 {
	return m.output[token*width : (token+1)*width]
}

// follow makes next the most likely successor of token, by adding the embedding of token
// to the output row of next.
func (m *transformer) follow(token, next int) {
	row := m.outputRow(next)
	for i, x := range m.embedding[token*width : (token+1)*width] {
		row[i] += x
	}
}

// file returns the model as a GGUF file.
func (m *transformer) file() []byte {
	tensors := m.tensors()
	return encode(m.metadata(tensors), tensors)
}

// tensors returns the encoded weights with their names from the GGUF specification.
func (m *transformer) tensors() []tensor {
	var list []tensor
	matrix := func(name string, outputs, inputs int, values []float32) {
		// GGML lists the dimension with adjacent values first.
		list = append(list, newTensor(name, m.config.Type, values, inputs, outputs))
	}
	norm := func(name string) {
		ones := make([]float32, width)
		for i := range ones {
			ones[i] = 1
		}
		list = append(list, newTensor(name, F32, ones, width))
	}
	tokens := len(m.vocab.tokens)
	matrix("token_embd.weight", tokens, width, m.embedding)
	for i, b := range m.blocks {
		prefix := fmt.Sprintf("blk.%d.", i)
		norm(prefix + "attn_norm.weight")
		matrix(prefix+"attn_q.weight", width, width, b.query)
		matrix(prefix+"attn_k.weight", kvWidth, width, b.key)
		matrix(prefix+"attn_v.weight", kvWidth, width, b.value)
		matrix(prefix+"attn_output.weight", width, width, b.attention)
		norm(prefix + "ffn_norm.weight")
		matrix(prefix+"ffn_gate.weight", feedForward, width, b.gate)
		matrix(prefix+"ffn_up.weight", feedForward, width, b.up)
		matrix(prefix+"ffn_down.weight", width, feedForward, b.down)
	}
	norm("output_norm.weight")
	matrix("output.weight", tokens, width, m.output)
	return list
}

// metadata describes the model with keys of the GGUF specification, and with two other
// keys that engines read: general.parameter_count and the tokenizer's add_space_prefix.
func (m *transformer) metadata(tensors []tensor) *metadata {
	var parameters uint64
	for _, t := range tensors {
		parameters += t.values()
	}
	meta := new(metadata)
	meta.string("general.architecture", "llama")
	meta.string("general.name", m.config.Name)
	meta.string("general.type", "model")
	meta.uint32("general.file_type", fileTypes[m.config.Type])
	meta.uint32("general.quantization_version", 2)
	meta.uint64("general.parameter_count", parameters)

	meta.uint32("llama.block_count", uint32(len(m.blocks)))
	meta.uint32("llama.context_length", context)
	meta.uint32("llama.embedding_length", width)
	meta.uint32("llama.feed_forward_length", feedForward)
	meta.uint32("llama.attention.head_count", heads)
	meta.uint32("llama.attention.head_count_kv", kvHeads)
	meta.float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
	meta.uint32("llama.rope.dimension_count", headWidth)
	meta.float32("llama.rope.freq_base", 10000)
	meta.uint32("llama.vocab_size", uint32(len(m.vocab.tokens)))

	meta.string("tokenizer.ggml.model", "llama") // SentencePiece
	meta.string("tokenizer.ggml.pre", "default")
	meta.strings("tokenizer.ggml.tokens", m.vocab.tokens)
	meta.float32s("tokenizer.ggml.scores", m.vocab.scores)
	meta.int32s("tokenizer.ggml.token_type", m.vocab.kinds)
	meta.uint32("tokenizer.ggml.unknown_token_id", tokenUnknown)
	meta.uint32("tokenizer.ggml.bos_token_id", tokenStart)
	meta.uint32("tokenizer.ggml.eos_token_id", tokenEnd)
	meta.bool("tokenizer.ggml.add_bos_token", true)
	meta.bool("tokenizer.ggml.add_eos_token", false)
	meta.bool("tokenizer.ggml.add_space_prefix", true)
	return meta
}
