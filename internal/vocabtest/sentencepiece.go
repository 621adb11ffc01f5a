package vocabtest

import (
	"encoding/binary"
	"math"
)

// The types of tokens. GGUF and tokenizer.model use the same numbers.
const (
	Normal      = 1
	Unknown     = 2
	Control     = 3
	UserDefined = 4
	Unused      = 5
	Byte        = 6
)

// Pieces is a SentencePiece vocabulary: tokens, scores and types by id.
type Pieces struct {
	Tokens []string
	Scores []float32
	Types  []int32
}

// Add adds a token.
func (p *Pieces) Add(token string, score float32, typ int32) {
	p.Tokens = append(p.Tokens, token)
	p.Scores = append(p.Scores, score)
	p.Types = append(p.Types, typ)
}

// ModelSettings are the settings of a tokenizer.model. The tokens 0, 1 and 2 must be
// <unk>, <s> and </s>.
type ModelSettings struct {
	BPE          bool // if false, the model is a unigram model
	ByteFallback bool
	DummyPrefix  bool // a space is put before a text
	Trim         bool // spaces at both ends are removed, and each run of spaces becomes one
	Suffix       bool // the space is put after the text instead
	Charsmap     []byte
}

// Model returns the vocabulary as a tokenizer.model.
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
func (p *Pieces) Model(s ModelSettings) []byte {
	var model, trainer, normalizer proto
	for id, token := range p.Tokens {
		var piece proto
		piece.bytes(1, token)
		piece.float(2, p.Scores[id])
		piece.varint(3, uint64(p.Types[id]))
		model.bytes(1, string(piece))
	}
	trainer.varint(3, 1+number(s.BPE)) // model_type
	trainer.varint(4, uint64(len(p.Tokens)))
	trainer.varint(24, number(s.Suffix))
	trainer.varint(35, number(s.ByteFallback))
	trainer.varint(40, 0) // unk_id
	trainer.varint(41, 1) // bos_id
	trainer.varint(42, 2) // eos_id
	model.bytes(2, string(trainer))
	normalizer.bytes(1, "identity")
	if s.Charsmap != nil {
		normalizer.bytes(2, string(s.Charsmap))
	}
	normalizer.varint(3, number(s.DummyPrefix))
	normalizer.varint(4, number(s.Trim))
	normalizer.varint(5, 1) // escape_whitespaces
	model.bytes(3, string(normalizer))
	return model
}

func number(truth bool) uint64 {
	if truth {
		return 1
	}
	return 0
}

// proto is an encoded Protocol Buffers message.
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
