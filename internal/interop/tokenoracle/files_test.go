package tokenoracle

import (
	"strings"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/vocabtest"
)

// llamaSpecial is the number of special tokens at the beginning of LLaMA's vocabulary:
// <unk>, <s> and </s>. They are followed by 256 bytes, and by the other tokens in the
// order of their merges.
const llamaSpecial = 3

// llama3Pattern splits text for LLaMA 3.
const llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

type object = vocabtest.Object

// llamaJSON returns Hugging Face's tokenizer.json of LLaMA 1 and 2.
func llamaJSON(v *npmtest.Vocabulary) []byte {
	return vocabtest.JSON(object{
		"version":      "1.0",
		"added_tokens": vocabtest.Added(v.Tokens[:llamaSpecial], 0),
		"normalizer": object{"type": "Sequence", "normalizers": []object{
			{"type": "Prepend", "prepend": "▁"},
			{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"},
		}},
		"pre_tokenizer": nil,
		"post_processor": object{"type": "TemplateProcessing",
			"single": []object{
				{"SpecialToken": object{"id": "<s>", "type_id": 0}},
				{"Sequence": object{"id": "A", "type_id": 0}},
			},
			"pair":           []object{},
			"special_tokens": object{"<s>": object{"id": "<s>", "ids": []int{1}, "tokens": []string{"<s>"}}},
		},
		"decoder": object{"type": "Sequence", "decoders": []object{
			{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "},
			{"type": "ByteFallback"},
			{"type": "Fuse"},
			{"type": "Strip", "content": " ", "start": 1, "stop": 0},
		}},
		"model": object{"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": vocabtest.IDs(v.Tokens), "merges": v.Merges},
	})
}

// llama3JSON returns Hugging Face's tokenizer.json of LLaMA 3.
func llama3JSON(v *npmtest.Vocabulary) []byte {
	n := llama3Special(v)
	return vocabtest.JSON(object{
		"version":      "1.0",
		"added_tokens": vocabtest.Added(v.Tokens[n:], n),
		"normalizer":   nil,
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": llama3Pattern}, "behavior": "Isolated", "invert": false},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}},
		"post_processor": object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
		"decoder":        object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model":          object{"type": "BPE", "ignore_merges": true, "byte_fallback": false, "vocab": vocabtest.IDs(v.Tokens[:n]), "merges": v.Merges},
	})
}

// llama3Special returns the id of the first special token.
func llama3Special(v *npmtest.Vocabulary) int {
	for id, token := range v.Tokens {
		if token == "<|begin_of_text|>" {
			return id
		}
	}
	return len(v.Tokens)
}

// llamaScore returns the score of a LLaMA token. SentencePiece numbered the tokens in the
// order of their merges, except runs of spaces. These were added with one score below all
// others.
func llamaScore(id int, token string) float32 {
	if len(token) > len("▁") && strings.Trim(token, "▁") == "" {
		return -1e9
	}
	return -float32(max(0, id-llamaSpecial-256))
}

func llamaKind(id int, token string) int32 {
	switch {
	case id == 0:
		return vocabtest.Unknown
	case id < llamaSpecial:
		return vocabtest.Control
	case strings.HasPrefix(token, "<0x") && id < llamaSpecial+256:
		return vocabtest.Byte
	default:
		return vocabtest.Normal
	}
}

func llamaPieces(v *npmtest.Vocabulary) *vocabtest.Pieces {
	var p vocabtest.Pieces
	for id, token := range v.Tokens {
		p.Add(token, llamaScore(id, token), llamaKind(id, token))
	}
	return &p
}

// llamaGGUF returns the metadata of a model for llama.cpp, without the weights.
func llamaGGUF(v *npmtest.Vocabulary) []byte {
	p := llamaPieces(v)
	var g vocabtest.GGUF
	g.String("general.architecture", "llama")
	g.String("tokenizer.ggml.model", "llama")
	g.Strings("tokenizer.ggml.tokens", p.Tokens)
	g.Float32s("tokenizer.ggml.scores", p.Scores)
	g.Int32s("tokenizer.ggml.token_type", p.Types)
	g.Uint32("tokenizer.ggml.bos_token_id", 1)
	g.Uint32("tokenizer.ggml.eos_token_id", 2)
	g.Uint32("tokenizer.ggml.unknown_token_id", 0)
	return g.File()
}

func llama3GGUF(v *npmtest.Vocabulary) []byte {
	special := llama3Special(v)
	types := make([]int32, len(v.Tokens))
	for id := range types {
		types[id] = vocabtest.Normal
		if id >= special {
			types[id] = vocabtest.Control
		}
	}
	var g vocabtest.GGUF
	g.String("general.architecture", "llama")
	g.String("tokenizer.ggml.model", "gpt2")
	g.String("tokenizer.ggml.pre", "llama-bpe")
	g.Strings("tokenizer.ggml.tokens", v.Tokens)
	g.Int32s("tokenizer.ggml.token_type", types)
	g.Strings("tokenizer.ggml.merges", v.Merges)
	g.Uint32("tokenizer.ggml.bos_token_id", uint32(special))
	g.Uint32("tokenizer.ggml.eos_token_id", uint32(special+9))
	return g.File()
}

// llamaModel returns Meta's tokenizer.model of LLaMA 1 and 2.
func llamaModel(v *npmtest.Vocabulary) []byte {
	p := llamaPieces(v)
	return p.Model(vocabtest.ModelSettings{BPE: true, ByteFallback: true, DummyPrefix: true})
}
