package tokens

import (
	_ "embed" // for the vocabularies
	"fmt"
	"sync"

	"github.com/parley-llm/parley/llm/tokens/internal/bpe"
	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

//go:generate go run ./internal/bpe/pack data

// Each vocabulary is a separate variable, and only the functions below refer to it, so
// that the linker removes the vocabularies that a program cannot reach. Variables that
// are set during package initialization would keep all of them.

//go:embed data/cl100k_base.bpe
var cl100kData []byte

//go:embed data/o200k_base.bpe
var o200kData []byte

var cl100kBase, o200kBase, o200kHarmony struct {
	once     sync.Once
	encoding *Encoding
}

var o200kVocab struct {
	once  sync.Once
	vocab *bpe.Vocab
}

// CL100kBase returns cl100k_base, the encoding of GPT-3.5, GPT-4 and OpenAI's embedding
// models. The first call loads the vocabulary; later calls return the same Encoding.
func CL100kBase() *Encoding {
	c := &cl100kBase
	c.once.Do(func() {
		vocab := unpack(cl100kData, split.CL100k)
		// tiktoken_ext/openai_public.py, cl100k_base.
		c.encoding = newEncoding("cl100k_base", vocab, map[string]int{
			"<|endoftext|>":   100257,
			"<|fim_prefix|>":  100258,
			"<|fim_middle|>":  100259,
			"<|fim_suffix|>":  100260,
			"<|endofprompt|>": 100276,
		})
	})
	return c.encoding
}

// O200kBase returns o200k_base, the encoding of GPT-4o and of OpenAI's later hosted
// models. The first call loads the vocabulary; later calls return the same Encoding.
func O200kBase() *Encoding {
	c := &o200kBase
	c.once.Do(func() {
		// tiktoken_ext/openai_public.py, o200k_base.
		c.encoding = newEncoding("o200k_base", o200k(), map[string]int{
			"<|endoftext|>":   199999,
			"<|endofprompt|>": 200018,
		})
	})
	return c.encoding
}

// O200kHarmony returns o200k_harmony, the encoding of gpt-oss: o200k_base with the
// special tokens of the harmony format. The two encodings share one copy of the
// vocabulary. The first call loads it; later calls return the same Encoding.
func O200kHarmony() *Encoding {
	c := &o200kHarmony
	c.once.Do(func() {
		// tiktoken_ext/openai_public.py, o200k_harmony.
		special := map[string]int{
			"<|startoftext|>": 199998,
			"<|endoftext|>":   199999,
			"<|return|>":      200002,
			"<|constrain|>":   200003,
			"<|channel|>":     200005,
			"<|start|>":       200006,
			"<|end|>":         200007,
			"<|message|>":     200008,
			"<|call|>":        200012,
			"<|endofprompt|>": 200018, // from o200k_base; it is also in the reserved range below
		}
		for _, id := range []int{200000, 200001, 200004, 200009, 200010, 200011} {
			special[fmt.Sprintf("<|reserved_%d|>", id)] = id
		}
		for id := 200013; id < 201088; id++ {
			special[fmt.Sprintf("<|reserved_%d|>", id)] = id
		}
		c.encoding = newEncoding("o200k_harmony", o200k(), special)
	})
	return c.encoding
}

// o200k returns the vocabulary that o200k_base and o200k_harmony share.
func o200k() *bpe.Vocab {
	o200kVocab.once.Do(func() { o200kVocab.vocab = unpack(o200kData, split.O200k) })
	return o200kVocab.vocab
}

// unpack reads an embedded vocabulary.
func unpack(data []byte, pattern split.Pattern) *bpe.Vocab {
	vocab, err := bpe.Unpack(data, pattern)
	if err != nil {
		panic("parley: damaged embedded vocabulary: " + err.Error()) // cannot be caused by input
	}
	return vocab
}
