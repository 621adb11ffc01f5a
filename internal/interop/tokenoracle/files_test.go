package tokenoracle

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"

	"github.com/parley-llm/parley/internal/interop/npmtest"
)

// llamaSpecial is how many special tokens begin LLaMA's vocabulary: <unk>, <s>
// and </s>. 256 bytes follow, and then the tokens in the order of their merges.
const llamaSpecial = 3

// llama3Pattern splits text for LLaMA 3.
const llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

type object = map[string]any

// llamaJSON returns a tokenizer.json as Hugging Face has it for LLaMA 1 and 2.
func llamaJSON(v *npmtest.Vocabulary) []byte {
	return marshal(object{
		"version":      "1.0",
		"added_tokens": added(v.Tokens[:llamaSpecial], 0),
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
		"model": object{"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": ids(v.Tokens), "merges": v.Merges},
	})
}

// llama3JSON returns a tokenizer.json as Hugging Face has it for LLaMA 3.
func llama3JSON(v *npmtest.Vocabulary) []byte {
	n := llama3Special(v)
	return marshal(object{
		"version":      "1.0",
		"added_tokens": added(v.Tokens[n:], n),
		"normalizer":   nil,
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": llama3Pattern}, "behavior": "Isolated", "invert": false},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}},
		"post_processor": object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
		"decoder":        object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model":          object{"type": "BPE", "ignore_merges": true, "byte_fallback": false, "vocab": ids(v.Tokens[:n]), "merges": v.Merges},
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

func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps, slices and strings alone
	}
	return data
}

func ids(list []string) map[string]int {
	byName := make(map[string]int, len(list))
	for id, token := range list {
		byName[token] = id
	}
	return byName
}

func added(names []string, first int) []object {
	var list []object
	for i, name := range names {
		list = append(list, object{"id": first + i, "content": name, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false})
	}
	return list
}

// llamaScore is the score of LLaMA's token id: SentencePiece numbered the
// tokens in the order of their merges, all but runs of spaces, which were added
// with a score lower than any other, the same for all.
func llamaScore(id int, token string) float32 {
	if len(token) > len("▁") && strings.Trim(token, "▁") == "" {
		return -1e9
	}
	return -float32(max(0, id-llamaSpecial-256))
}

// Kinds of tokens, the same numbers in GGUF and SentencePiece.
const (
	kindNormal  = 1
	kindUnknown = 2
	kindControl = 3
	kindByte    = 6
)

func llamaKind(id int, token string) uint32 {
	switch {
	case id == 0:
		return kindUnknown
	case id < llamaSpecial:
		return kindControl
	case strings.HasPrefix(token, "<0x") && id < llamaSpecial+256:
		return kindByte
	default:
		return kindNormal
	}
}

// llamaGGUF returns the metadata of a model for llama.cpp, without the model.
func llamaGGUF(v *npmtest.Vocabulary) []byte {
	var g gguf
	g.string("general.architecture", "llama")
	g.string("tokenizer.ggml.model", "llama")
	g.strings("tokenizer.ggml.tokens", v.Tokens)
	g.array("tokenizer.ggml.scores", 6, len(v.Tokens), func(id int) uint32 { return math.Float32bits(llamaScore(id, v.Tokens[id])) })
	g.array("tokenizer.ggml.token_type", 5, len(v.Tokens), func(id int) uint32 { return llamaKind(id, v.Tokens[id]) })
	g.uint32("tokenizer.ggml.bos_token_id", 1)
	g.uint32("tokenizer.ggml.eos_token_id", 2)
	g.uint32("tokenizer.ggml.unknown_token_id", 0)
	return g.file()
}

func llama3GGUF(v *npmtest.Vocabulary) []byte {
	special := llama3Special(v)
	var g gguf
	g.string("general.architecture", "llama")
	g.string("tokenizer.ggml.model", "gpt2")
	g.string("tokenizer.ggml.pre", "llama-bpe")
	g.strings("tokenizer.ggml.tokens", v.Tokens)
	g.array("tokenizer.ggml.token_type", 5, len(v.Tokens), func(id int) uint32 {
		if id >= special {
			return kindControl
		}
		return kindNormal
	})
	g.strings("tokenizer.ggml.merges", v.Merges)
	g.uint32("tokenizer.ggml.bos_token_id", uint32(special))
	g.uint32("tokenizer.ggml.eos_token_id", uint32(special+9))
	return g.file()
}

// A gguf collects metadata in the form they have in a file, version 3.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
type gguf struct {
	count uint64
	pairs []byte
}

var le = binary.LittleEndian

func (g *gguf) file() []byte {
	b := le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, 0) // tensors
	b = le.AppendUint64(b, g.count)
	return append(b, g.pairs...)
}

func (g *gguf) text(s string) {
	g.pairs = append(le.AppendUint64(g.pairs, uint64(len(s))), s...)
}

func (g *gguf) key(key string, valueType uint32) {
	g.count++
	g.text(key)
	g.pairs = le.AppendUint32(g.pairs, valueType)
}

func (g *gguf) string(key, value string) {
	g.key(key, 8)
	g.text(value)
}

func (g *gguf) uint32(key string, value uint32) {
	g.key(key, 4)
	g.pairs = le.AppendUint32(g.pairs, value)
}

func (g *gguf) strings(key string, list []string) {
	g.key(key, 9)
	g.pairs = le.AppendUint64(le.AppendUint32(g.pairs, 8), uint64(len(list)))
	for _, s := range list {
		g.text(s)
	}
}

// array appends n values of 32 bits.
func (g *gguf) array(key string, valueType uint32, n int, value func(int) uint32) {
	g.key(key, 9)
	g.pairs = le.AppendUint64(le.AppendUint32(g.pairs, valueType), uint64(n))
	for i := range n {
		g.pairs = le.AppendUint32(g.pairs, value(i))
	}
}

// llamaModel returns a tokenizer.model as Meta has it for LLaMA 1 and 2.
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
func llamaModel(v *npmtest.Vocabulary) []byte {
	var model, trainer, normalizer proto
	for id, token := range v.Tokens {
		var piece proto
		piece.bytes(1, token)
		piece.float(2, llamaScore(id, token))
		piece.varint(3, uint64(llamaKind(id, token)))
		model.bytes(1, string(piece))
	}
	trainer.varint(3, 2) // model_type: BPE
	trainer.varint(4, uint64(len(v.Tokens)))
	trainer.varint(35, 1) // byte_fallback
	trainer.varint(40, 0) // unk_id
	trainer.varint(41, 1) // bos_id
	trainer.varint(42, 2) // eos_id
	model.bytes(2, string(trainer))
	normalizer.bytes(1, "identity")
	normalizer.varint(3, 1) // add_dummy_prefix
	normalizer.varint(4, 0) // remove_extra_whitespaces
	normalizer.varint(5, 1) // escape_whitespaces
	model.bytes(3, string(normalizer))
	return model
}

// proto is a message of Protocol Buffers.
type proto []byte

func (p *proto) varint(field int, v uint64) {
	*p = binary.AppendUvarint(binary.AppendUvarint(*p, uint64(field)<<3), v)
}

func (p *proto) bytes(field int, s string) {
	*p = binary.AppendUvarint(binary.AppendUvarint(*p, uint64(field)<<3|2), uint64(len(s)))
	*p = append(*p, s...)
}

func (p *proto) float(field int, v float32) {
	*p = le.AppendUint32(binary.AppendUvarint(*p, uint64(field)<<3|5), math.Float32bits(v))
}
