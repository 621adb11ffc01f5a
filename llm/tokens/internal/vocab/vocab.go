// Package vocab reads the vocabulary of a model from a file: the metadata of a
// GGUF model, Hugging Face's tokenizer.json, SentencePiece's tokenizer.model.
// Whatever the file, the result is one [Vocabulary].
//
// A file is not trusted: what it asks to allocate is bounded by its own length,
// and what it says is checked before it is used. A file that says something this
// package does not know about how text becomes tokens is an error that names
// it, since a vocabulary that is nearly understood counts wrong.
package vocab

import (
	"fmt"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// Kind is how text becomes tokens.
type Kind int

// The kinds of vocabulary.
const (
	// Scores: characters are merged; of all neighbours that make a token, those
	// that make the one of the highest score first. SentencePiece's BPE.
	Scores Kind = iota + 1
	// Merges: characters are merged, or bytes if ByteLevel is set, in the order of
	// a list of pairs. The BPE of Hugging Face and GPT-2.
	Merges
	// Unigram: of all ways to spell the text in tokens, the one whose scores add
	// up to the most.
	Unigram
)

// Type is the type of a token, as SentencePiece's ModelProto.SentencePiece.Type
// and GGUF's tokenizer.ggml.token_type number it.
type Type uint8

// The types of token.
const (
	Normal      Type = 1
	Unknown     Type = 2 // stands for what has no token
	Control     Type = 3 // is never made from text
	UserDefined Type = 4 // is found in text before all else
	Unused      Type = 5
	Byte        Type = 6 // <0x00> … <0xFF>
)

// Vocabulary is what a file says about how text becomes tokens.
type Vocabulary struct {
	Name string // what the file calls itself, often empty
	Kind Kind

	// Tokens are the tokens by id; "" where there is none. Those of a ByteLevel
	// vocabulary are the bytes that they stand for.
	Tokens []string
	Scores []float32 // by id, unless Kind is Merges
	// Scores64 stands in for Scores where the file is more exact.
	Scores64 []float64
	Types    []Type // by id
	Merges   [][2]int32

	ByteLevel    bool // text is merged from its bytes, not from its characters
	ByteFallback bool // a character without a token becomes the tokens of its bytes
	IgnoreMerges bool // a piece of text that is a token is that token, whatever the merges
	FuseUnknown  bool // several unknown characters in a row are one unknown token
	Float32      bool // scores are added up in 32 bits, as SentencePiece does
	UserSymbols  bool // tokens of type UserDefined are found as SentencePiece does: neither mapped nor merged
	UseUnused    bool // tokens of type Unused are used like others
	UnknownID    int  // -1: none

	Normalizer Normalizer
	Split      split.Pattern // cuts text into the pieces that are merged; nil: it is not cut
	SplitSpace bool          // text is cut before each ▁
	SplitLines bool          // text is cut where runs of line feeds begin and end; each run that is a token is that token

	// Matched are the tokens that are found in text before all else.
	Matched []Matched
	// FreshAfterMatch says that the text after a matched or control token is
	// normalised as if it were the beginning of a text.
	FreshAfterMatch bool
	// Special are the control tokens by name.
	Special map[string]int

	BOS, EOS int // -1: none
	// Before and After are the tokens that the model's own tokenizer puts around
	// a prompt.
	Before, After []int
	ChatTemplate  string
}

// Matched is a token that is found in text before all else.
type Matched struct {
	Text string
	ID   int
	// Normalized says that it is looked for in text that has been normalised.
	Normalized bool
}

// Prefix says when a text is given a space that it does not have.
type Prefix int

// Prefixes of a text.
const (
	NoPrefix     Prefix = iota
	AlwaysPrefix        // before every text that is not empty
	SparePrefix         // unless the text begins with a space
)

// Op is what a [Step] does.
type Op int

// The steps that a tokenizer.json can ask for.
const (
	StepReplace       Op = iota + 1 // each From by To
	StepReplaceSpaces               // two or more spaces in a row by To
	StepPrepend                     // To, unless the text is empty
	StepTrimLeft                    // white space
	StepTrimRight
	StepNFC
	StepNFD
	StepNFKC
	StepNFKD
	StepWords    // each word, as white space bounds it, with To before it unless it begins so
	StepCharsmap // SentencePiece's map of characters in From, as Hugging Face applies it
)

// Step is one step of a [Normalizer].
type Step struct {
	Op       Op
	From, To string
}

// Normalizer is what is done to text before it becomes tokens, in the order of
// the fields: characters are mapped, then spaces are treated.
type Normalizer struct {
	Steps []Step
	NFC   bool // Unicode's normalisation form C
	// Charsmap is SentencePiece's compiled map of characters.
	Charsmap []byte
	// Prefix is the space put before a text; Suffix puts it at the end instead.
	Prefix Prefix
	Suffix bool
	// Escape replaces each space by U+2581, "▁".
	Escape bool
	// Trim removes spaces at both ends and all but one of several in a row.
	Trim bool
	// WordPrefix is llama.cpp's way with spaces for Unigram vocabularies.
	WordPrefix bool
}

const (
	// Limits that no vocabulary comes near to, so that a hostile file is refused
	// before it costs anything.
	maxTokens     = 1 << 22
	maxTokenBytes = 1 << 13
	maxNameBytes  = 1 << 9  // of a token that is looked for at each place of a text
	maxFileBytes  = 1 << 27 // all of a file but a model's weights
)

// check reports what would make the vocabulary unusable.
func (v *Vocabulary) check() error {
	n := len(v.Tokens)
	switch {
	case n == 0:
		return fmt.Errorf("the vocabulary has no tokens")
	case n > maxTokens:
		return fmt.Errorf("the vocabulary has %d tokens; the limit is %d", n, maxTokens)
	case len(v.Types) != n:
		return fmt.Errorf("%d tokens have %d types", n, len(v.Types))
	case v.Kind != Merges && len(v.Scores) != n && len(v.Scores64) != n:
		return fmt.Errorf("%d tokens have %d scores", n, max(len(v.Scores), len(v.Scores64)))
	case v.UnknownID >= n:
		return fmt.Errorf("the unknown token is %d of %d", v.UnknownID, n)
	}
	for id, token := range v.Tokens {
		if len(token) > maxTokenBytes {
			return fmt.Errorf("token %d has %d bytes; the limit is %d", id, len(token), maxTokenBytes)
		}
	}
	for _, m := range v.Matched {
		if err := checkName(m.Text, m.ID); err != nil {
			return err
		}
	}
	for name, id := range v.Special {
		if err := checkName(name, id); err != nil {
			return err
		}
	}
	for _, score := range v.Scores {
		if score != score {
			return fmt.Errorf("a score is not a number")
		}
	}
	if v.BOS >= n || v.BOS < 0 {
		v.BOS = -1
	}
	if v.EOS >= n || v.EOS < 0 {
		v.EOS = -1
	}
	return nil
}

func checkName(name string, id int) error {
	if len(name) > maxNameBytes {
		return fmt.Errorf("the name of token %d has %d bytes; the limit is %d", id, len(name), maxNameBytes)
	}
	return nil
}

// ByteOf returns the byte that a token like <0x0A> stands for.
func ByteOf(token string) (b byte, ok bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	high, low := hexDigit(token[3]), hexDigit(token[4])
	return high<<4 | low&15, high < 16 && low < 16
}

// hexDigit returns the value of a digit; 255 if it is none. Byte tokens are
// written in capitals.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
