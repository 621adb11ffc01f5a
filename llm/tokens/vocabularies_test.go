package tokens_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/vocabtest"
	"github.com/parley-llm/parley/llm/tokens"
)

// A toy is a vocabulary that is small enough to encode by hand, in each file format of
// its kind.
type toy struct {
	name   string
	tokens []string // by id
	forms  map[string][]byte
}

// ids returns the ids of tokens by their names.
func (v *toy) ids(t testing.TB, names ...string) []int {
	t.Helper()
	var ids []int
	for _, name := range names {
		id := slices.Index(v.tokens, name)
		if id < 0 {
			t.Fatalf("the toy vocabulary %s has no token %q", v.name, name)
		}
		ids = append(ids, id)
	}
	return ids
}

func toys() []toy { return []toy{llamaToy(), unigramToy(), gpt2Toy()} }

// control are the first tokens of SentencePiece's vocabularies.
var control = []string{"<unk>", "<s>", "</s>"}

func newPieces() *vocabtest.Pieces {
	var p vocabtest.Pieces
	p.Add(control[0], 0, vocabtest.Unknown)
	p.Add(control[1], 0, vocabtest.Control)
	p.Add(control[2], 0, vocabtest.Control)
	return &p
}

func spmMetadata(model string, p *vocabtest.Pieces) *vocabtest.GGUF {
	var g vocabtest.GGUF
	g.String("general.architecture", "llama")
	g.String("tokenizer.ggml.model", model)
	g.Strings("tokenizer.ggml.tokens", p.Tokens)
	g.Float32s("tokenizer.ggml.scores", p.Scores)
	g.Int32s("tokenizer.ggml.token_type", p.Types)
	g.Uint32("tokenizer.ggml.bos_token_id", 1)
	g.Uint32("tokenizer.ggml.eos_token_id", 2)
	g.Uint32("tokenizer.ggml.unknown_token_id", 0)
	return &g
}

// beginWithBOS is a post_processor that puts <s> before a text.
var beginWithBOS = vocabtest.Object{
	"type": "TemplateProcessing",
	"single": []vocabtest.Object{
		{"SpecialToken": vocabtest.Object{"id": "<s>", "type_id": 0}},
		{"Sequence": vocabtest.Object{"id": "A", "type_id": 0}},
	},
	"special_tokens": vocabtest.Object{"<s>": vocabtest.Object{"id": "<s>", "ids": []int{1}, "tokens": []string{"<s>"}}},
}

// llamaToy is a vocabulary as LLaMA 1 and 2, Mistral and Gemma have one:
// SentencePiece's BPE with a token for each byte.
func llamaToy() toy {
	p := newPieces()
	for b := range 256 {
		p.Add(fmt.Sprintf("<0x%02X>", b), 0, vocabtest.Byte)
	}
	for i, token := range []string{"ab", "▁a", "abc", "▁b", "a", "b", "c", "▁"} {
		p.Add(token, float32(-i), vocabtest.Normal)
	}
	g := spmMetadata("llama", p)
	g.Bool("tokenizer.ggml.add_space_prefix", true)
	json := vocabtest.JSON(vocabtest.Object{
		"added_tokens": vocabtest.Added(control, 0),
		"normalizer": vocabtest.Object{"type": "Sequence", "normalizers": []vocabtest.Object{
			{"type": "Prepend", "prepend": "▁"},
			{"type": "Replace", "pattern": vocabtest.Object{"String": " "}, "content": "▁"},
		}},
		"post_processor": beginWithBOS,
		"model": vocabtest.Object{
			"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
			"vocab": vocabtest.IDs(p.Tokens), "merges": []string{"a b", "▁ a", "ab c", "▁ b"},
		},
	})
	return toy{"LLaMA", p.Tokens, map[string][]byte{
		"GGUF":            g.File(),
		"tokenizer.json":  json,
		"tokenizer.model": p.Model(vocabtest.ModelSettings{BPE: true, ByteFallback: true, DummyPrefix: true}),
	}}
}

// unigramToy is a vocabulary as T5 has one.
func unigramToy() toy {
	p := newPieces()
	for _, piece := range []struct {
		token string
		score float32
	}{{"▁", -2}, {"a", -3}, {"b", -3}, {"c", -4}, {"ab", -4}, {"bc", -3.5}, {"▁ab", -5}} {
		p.Add(piece.token, piece.score, vocabtest.Normal)
	}
	g := spmMetadata("t5", p)
	g.Bool("tokenizer.ggml.add_space_prefix", true)
	g.Bool("tokenizer.ggml.add_bos_token", true)
	g.Bool("tokenizer.ggml.add_eos_token", false)
	var pieces [][2]any
	for id, token := range p.Tokens {
		pieces = append(pieces, [2]any{token, p.Scores[id]})
	}
	json := vocabtest.JSON(vocabtest.Object{
		"added_tokens":   vocabtest.Added(control, 0),
		"pre_tokenizer":  vocabtest.Object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
		"post_processor": beginWithBOS,
		"model":          vocabtest.Object{"type": "Unigram", "unk_id": 0, "vocab": pieces},
	})
	return toy{"unigram", p.Tokens, map[string][]byte{
		"GGUF":            g.File(),
		"tokenizer.json":  json,
		"tokenizer.model": p.Model(vocabtest.ModelSettings{DummyPrefix: true}),
	}}
}

// gpt2Toy is a vocabulary as GPT-2, LLaMA 3 and Qwen have one: byte-level BPE.
func gpt2Toy() toy {
	names := vocabtest.ByteNames()
	list := slices.Concat(names[:], []string{"he", "ll", "hell", "hello", "Ġw", "<|end|>"})
	merges := []string{"h e", "l l", "he ll", "hell o", "Ġ w"}
	end := len(list) - 1
	types := slices.Repeat([]int32{vocabtest.Normal}, len(list))
	types[end] = vocabtest.Control

	var g vocabtest.GGUF
	g.String("tokenizer.ggml.model", "gpt2")
	g.String("tokenizer.ggml.pre", "gpt-2")
	g.Strings("tokenizer.ggml.tokens", list)
	g.Int32s("tokenizer.ggml.token_type", types)
	g.Strings("tokenizer.ggml.merges", merges)
	g.Uint32("tokenizer.ggml.bos_token_id", uint32(end))
	g.Bool("tokenizer.ggml.add_bos_token", false)
	json := vocabtest.JSON(vocabtest.Object{
		"added_tokens":  vocabtest.Added(list[end:], end),
		"pre_tokenizer": vocabtest.Object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
		"model":         vocabtest.Object{"type": "BPE", "vocab": vocabtest.IDs(list[:end]), "merges": merges},
	})
	return toy{"GPT-2", list, map[string][]byte{"GGUF": g.File(), "tokenizer.json": json}}
}

func read(t testing.TB, name string, data []byte) *tokens.Encoding {
	t.Helper()
	e, err := tokens.Read(name, bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}
