package vocab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// FromMetadata returns the vocabulary in the metadata of a GGUF file. The keys are those
// under "Tokenizer" in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Numbers
// and lists may have any suitable Go type, including the types that encoding/json
// produces.
//
// If the keys leave a choice open, the choice is that of llama.cpp:
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp
func FromMetadata(metadata map[string]any) (*Vocabulary, error) {
	m := &metadataReader{values: metadata}
	v := m.vocabulary()
	if m.err != nil {
		return nil, m.err
	}
	return v, v.check()
}

// metadataReader reads values of an expected type. It keeps the first type mismatch as
// its error.
type metadataReader struct {
	values map[string]any
	err    error
}

const ggml = "tokenizer.ggml."

func (m *metadataReader) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *metadataReader) wrong(key string) {
	m.fail("%s has the unexpected type %T", key, m.values[key])
}

func (m *metadataReader) text(key string) string {
	v, ok := m.values[key]
	if !ok || v == nil {
		return ""
	}
	text, ok := v.(string)
	if !ok {
		m.wrong(key)
	}
	return text
}

func (m *metadataReader) flag(key string, otherwise bool) bool {
	v, ok := m.values[key]
	if !ok || v == nil {
		return otherwise
	}
	flag, ok := v.(bool)
	if !ok {
		m.wrong(key)
	}
	return flag
}

// id returns the id of a token.
func (m *metadataReader) id(key string, otherwise, size int) int {
	v, ok := m.values[key]
	if !ok || v == nil {
		if otherwise >= size {
			return -1
		}
		return otherwise
	}
	n, ok := number(v)
	if !ok || n != math.Trunc(n) {
		m.wrong(key)
		return -1
	}
	if n < 0 || n >= float64(size) {
		return -1 // as in llama.cpp, which logs a warning
	}
	return int(n)
}

// number returns the value of a number of any type.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int32:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint32:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float32:
		return float64(n), true
	case float64:
		return n, true
	case interface{ Float64() (float64, error) }: // json.Number
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

func (m *metadataReader) texts(key string) []string {
	switch list := m.values[key].(type) {
	case nil:
	case []string:
		return list
	case []any:
		texts := make([]string, len(list))
		for i, v := range list {
			text, ok := v.(string)
			if !ok {
				m.fail("%s has an element of the unexpected type %T", key, v)
				return nil
			}
			texts[i] = text
		}
		return texts
	default:
		m.wrong(key)
	}
	return nil
}

// numbers returns a list of numbers as T.
func numbers[T int32 | float32 | byte](m *metadataReader, key string) []T {
	switch list := m.values[key].(type) {
	case nil:
	case []T:
		return list
	case []int32:
		return convert[T](list)
	case []float32:
		return convert[T](list)
	case []float64:
		return convert[T](list)
	case []any:
		to := make([]T, len(list))
		for i, v := range list {
			n, ok := number(v)
			if !ok {
				m.fail("%s has an element of the unexpected type %T", key, v)
				return nil
			}
			to[i] = T(n)
		}
		return to
	default:
		m.wrong(key)
	}
	return nil
}

func convert[To, From int32 | float32 | float64 | byte](list []From) []To {
	to := make([]To, len(list))
	for i, v := range list {
		to[i] = To(v)
	}
	return to
}

func (m *metadataReader) vocabulary() *Vocabulary {
	v := &Vocabulary{
		Name:      m.text("general.name"),
		UseUnused: true,
		UnknownID: -1,
		Special:   make(map[string]int),
	}
	model := m.text(ggml + "model")
	if !m.fillTokens(v) {
		return v
	}
	var addBOS, addEOS bool
	switch model {
	case "llama":
		addBOS = m.fillLlama(v)
	case "gpt2":
		addBOS = m.fillGPT2(v)
	case "gemma4":
		addBOS = m.fillGemma4(v)
	case "t5":
		addEOS = m.fillT5(v)
	case "":
		m.fail("the file has no vocabulary: %smodel is missing", ggml)
	default:
		m.fail("the vocabulary %smodel = %.80q is not supported", ggml, model)
	}
	m.fillSpecial(v, model, addBOS, addEOS)
	return v
}

// fillTokens sets the tokens and their types.
func (m *metadataReader) fillTokens(v *Vocabulary) bool {
	v.Tokens = m.texts(ggml + "tokens")
	n := len(v.Tokens)
	if n == 0 || m.err != nil {
		m.fail("the file has no vocabulary: %stokens is missing", ggml)
		return false
	}
	types := numbers[int32](m, ggml+"token_type")
	if types != nil && len(types) < n {
		m.fail("%d tokens have %d types", n, len(types))
		return false
	}
	v.Types = make([]Type, n)
	for id := range v.Types {
		v.Types[id] = Normal
		if types != nil && types[id] >= 1 && types[id] <= 6 {
			v.Types[id] = Type(types[id])
		}
		if !utf8.ValidString(v.Tokens[id]) {
			m.fail("token %d is not valid UTF-8", id)
			return false
		}
	}
	m.fillControl(v)
	return true
}

// fillScores sets the scores.
func (m *metadataReader) fillScores(v *Vocabulary) {
	v.Scores = numbers[float32](m, ggml+"scores")
	if len(v.Scores) > len(v.Tokens) {
		v.Scores = v.Scores[:len(v.Tokens)]
	}
	if v.Scores == nil {
		v.Scores = make([]float32, len(v.Tokens))
	}
}

// fillLlama sets the fields for SentencePiece's BPE.
func (m *metadataReader) fillLlama(v *Vocabulary) (addBOS bool) {
	v.Kind = Scores
	m.fillScores(v)
	v.ByteFallback = hasBytes(v)
	v.Normalizer.Escape = true
	if m.flag(ggml+"add_space_prefix", true) {
		v.Normalizer.Prefix, v.FreshAfterMatch = AlwaysPrefix, true
	}
	return true
}

func hasBytes(v *Vocabulary) bool {
	for id, typ := range v.Types {
		if _, ok := ByteOf(v.Tokens[id]); ok && typ == Byte {
			return true
		}
	}
	return false
}

// fillT5 sets the fields for SentencePiece's Unigram.
func (m *metadataReader) fillT5(v *Vocabulary) (addEOS bool) {
	v.Kind = Unigram
	m.fillScores(v)
	v.FuseUnknown = true
	v.Normalizer = Normalizer{
		Escape:     true,
		WordPrefix: true,
		Trim:       m.flag(ggml+"remove_extra_whitespaces", false),
		Charsmap:   numbers[byte](m, ggml+"precompiled_charsmap"),
	}
	if m.flag(ggml+"add_space_prefix", false) {
		v.Normalizer.Prefix, v.FreshAfterMatch = AlwaysPrefix, true
	}
	return true
}

// fillGPT2 sets the fields for byte-level BPE.
func (m *metadataReader) fillGPT2(v *Vocabulary) (addBOS bool) {
	pre := m.text(ggml + "pre")
	var ok bool
	if v.Split, ok = split.LlamaCpp(pre); !ok {
		m.fail("the pre-tokenizer %spre = %.80q is not supported", ggml, pre)
		return false
	}
	v.Kind, v.ByteLevel = Merges, true
	m.fillMerges(v)
	if m.err != nil {
		return false
	}
	names := v.Tokens
	v.Tokens = slices.Clone(names)
	v.spellBytes()
	m.name(v, names)
	switch pre {
	case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano", "tekken":
		v.IgnoreMerges = true
		return true
	case "minicpm5", "youtu", "granite-embed-multi-97m":
		v.IgnoreMerges = true
	case "chameleon":
		return true
	}
	return false
}

// fillGemma4 sets the fields for BPE by merges of characters.
func (m *metadataReader) fillGemma4(v *Vocabulary) (addBOS bool) {
	v.Kind, v.SplitLines = Merges, true
	v.Normalizer.Escape = true
	v.ByteFallback = true // by the names of the tokens, regardless of their types
	m.fillMerges(v)
	return true
}

// fillMerges reads the merges, each in the form "left right".
func (m *metadataReader) fillMerges(v *Vocabulary) {
	ids := make(map[string]int32, len(v.Tokens))
	for id, token := range v.Tokens {
		ids[token] = int32(id)
	}
	merges := m.texts(ggml + "merges")
	if merges == nil {
		m.fail("the file has no %smerges", ggml)
		return
	}
	v.Merges = make([][2]int32, 0, len(merges))
	for i, merge := range merges {
		// A token may begin with a space but not contain another one.
		at := -1
		if merge != "" {
			at = 1 + strings.IndexByte(merge[1:], ' ')
		}
		if at <= 0 {
			m.fail("merge %d, %.80q, does not have two tokens", i, merge)
			return
		}
		left, ok := ids[merge[:at]]
		right, ok2 := ids[merge[at+1:]]
		if !ok || !ok2 {
			m.fail("merge %d, %.80q, has a part that is not a token", i, merge)
			return
		}
		v.Merges = append(v.Merges, [2]int32{left, right})
	}
}

// name records control tokens and matched tokens by name.
func (m *metadataReader) name(v *Vocabulary, names []string) {
	for id, name := range names {
		switch v.Types[id] {
		case Control, Unknown: // llama.cpp treats both as control tokens in a prompt
			v.Special[name] = id
		case UserDefined:
			v.Matched = append(v.Matched, Matched{Text: name, ID: id})
		}
	}
}

// fillSpecial sets the special tokens of the model.
func (m *metadataReader) fillSpecial(v *Vocabulary, model string, addBOS, addEOS bool) {
	n := len(v.Tokens)
	bos, eos, unknown := 1, 2, 0
	switch model {
	case "gpt2":
		bos, eos, unknown = 11, 11, -1
	case "t5":
		bos, eos, unknown = -1, 1, 2
	case "gemma4":
		bos, eos, unknown = -1, -1, -1
	}
	if model != "gpt2" {
		m.name(v, v.Tokens)
	}
	v.BOS = m.id(ggml+"bos_token_id", bos, n)
	v.EOS = m.id(ggml+"eos_token_id", eos, n)
	v.UnknownID = m.id(ggml+"unknown_token_id", unknown, n)
	if m.flag(ggml+"add_bos_token", addBOS) && v.BOS >= 0 {
		v.Before = []int{v.BOS}
	}
	if m.flag(ggml+"add_eos_token", addEOS) && v.EOS >= 0 {
		v.After = []int{v.EOS}
	}
	v.ChatTemplate = m.text("tokenizer.chat_template")
}
