package llama

import (
	"fmt"
	"slices"
	"strings"
)

// config holds the hyperparameters of a model, from the metadata of its file. Keys are those
// of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
type config struct {
	architecture string
	layers       int
	width        int // values of an embedding
	feedForward  int // values inside a feed-forward network
	heads        int // of queries
	kvHeads      int // of keys and values; each serves heads/kvHeads heads of queries
	headWidth    int
	context      int // the number of tokens that the model was trained for
	epsilon      float32
	window       int // positions that a token attends to, itself included; 0: all
	rope         ropeConfig
}

// architecture describes how an architecture differs from LLaMA.
type architecture struct {
	neox   bool // rope rotates value i with i + n/2, not 2i with 2i + 1
	biases bool // queries, keys and values have biases
	norms  bool // heads of queries and keys are normalised
}

// architectures holds the supported values of general.architecture. A new architecture that
// differs from LLaMA only in these points is one row.
var architectures = map[string]architecture{
	"llama": {},
	"qwen2": {neox: true, biases: true},
	"qwen3": {neox: true, norms: true},
}

// Limits for the numbers of a file. They are far above real models, and keep products of
// them small.
const (
	maxLayers  = 1 << 10
	maxWidth   = 1 << 20
	maxHeads   = 1 << 12
	maxContext = 1 << 30
)

// reader takes hyperparameters from metadata. It keeps the first error.
type reader struct {
	values map[string]any
	prefix string
	err    error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// number returns a whole number from 1 to most. If the key is missing, it returns otherwise,
// or fails if that is negative.
func (r *reader) number(key string, most, otherwise int) int {
	v, ok := r.values[r.prefix+key]
	if !ok {
		if otherwise < 0 {
			r.fail("the metadata has no %s%s", r.prefix, key)
		}
		return otherwise
	}
	if list, ok := v.([]int32); ok { // one number for each layer
		if len(list) == 0 || slices.ContainsFunc(list, func(n int32) bool { return n != list[0] }) {
			r.fail("%s%s differs between layers, which is not supported", r.prefix, key)
			return 1
		}
		v = int64(list[0])
	}
	n, ok := v.(int64)
	if !ok || n < 0 || n > int64(most) || n == 0 && otherwise != 0 {
		r.fail("%s%s is %v, want a number from 1 to %d", r.prefix, key, v, most)
		return 1
	}
	return int(n)
}

// float returns a positive number.
func (r *reader) float(key string, otherwise float32) float32 {
	v, ok := r.values[r.prefix+key]
	if !ok {
		return otherwise
	}
	if n, ok := v.(int64); ok {
		v = float64(n)
	}
	f, ok := v.(float64)
	if !ok || !(f > 0 && f < 1e12) {
		r.fail("%s%s is %v, want a positive number", r.prefix, key, v)
		return 1
	}
	return float32(f)
}

func (r *reader) text(key string) string {
	s, _ := r.values[r.prefix+key].(string)
	return s
}

// readConfig reads and checks the hyperparameters.
func readConfig(metadata map[string]any) (*config, error) {
	name, ok := metadata["general.architecture"].(string)
	if !ok {
		return nil, fmt.Errorf("the metadata has no general.architecture")
	}
	if _, ok := architectures[name]; !ok {
		return nil, fmt.Errorf("architecture %q is not supported: use a model of architecture %s", name, supported())
	}
	r := &reader{values: metadata, prefix: name + "."}
	c := &config{
		architecture: name,
		layers:       r.number("block_count", maxLayers, -1),
		width:        r.number("embedding_length", maxWidth, -1),
		feedForward:  r.number("feed_forward_length", maxWidth, -1),
		heads:        r.number("attention.head_count", maxHeads, -1),
		context:      r.number("context_length", maxContext, -1),
		window:       r.number("attention.sliding_window", maxContext, 0),
		epsilon:      r.float("attention.layer_norm_rms_epsilon", 1e-5),
	}
	c.kvHeads = r.number("attention.head_count_kv", maxHeads, max(c.heads, 1))
	c.headWidth = r.number("attention.key_length", maxWidth, max(c.width/max(c.heads, 1), 1))
	values := r.number("attention.value_length", maxWidth, c.headWidth)
	if r.number("expert_count", maxHeads, 0) > 0 {
		r.fail("mixtures of experts are not supported: use a dense model")
	}
	switch {
	case r.err != nil:
	case c.heads%c.kvHeads != 0:
		r.fail("%d heads cannot share %d heads of keys", c.heads, c.kvHeads)
	case values != c.headWidth:
		r.fail("heads of %d keys and %d values are not supported", c.headWidth, values)
	case c.headWidth%8 != 0 || c.width%32 != 0 || c.feedForward%32 != 0:
		r.fail("a width of %d with heads of %d and a feed-forward width of %d is not supported",
			c.width, c.headWidth, c.feedForward)
	case c.heads*c.headWidth > maxWidth || c.heads*c.headWidth%32 != 0:
		r.fail("%d heads of %d values are not supported", c.heads, c.headWidth)
	}
	c.rope = readRope(r, c)
	return c, r.err
}

// supported returns the names of the supported architectures, for error texts.
func supported() string {
	var names []string
	for name := range architectures {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
