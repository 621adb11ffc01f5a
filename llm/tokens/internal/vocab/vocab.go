// Package vocab reads the vocabulary of a model from the metadata of a GGUF file, from
// Hugging Face's tokenizer.json, or from SentencePiece's tokenizer.model. The result is
// always a [Vocabulary].
//
// Security: files are not trusted. Memory use is bounded by the length of the file, and
// every value is checked before it is used.
//
// If a file contains a setting about tokenization that this package does not know,
// reading fails with an error that names the setting. A vocabulary that is only partly
// understood would give wrong counts.
package vocab

import (
	"fmt"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// Kind is the tokenization algorithm.
type Kind int

// The kinds of vocabulary.
const (
	// Scores merges characters. Of all neighbors that form a token, those that form the
	// token with the highest score are merged first. This is SentencePiece's BPE.
	Scores Kind = iota + 1
	// Merges merges characters (or bytes if ByteLevel is set) in the order of a list of
	// pairs. This is the BPE of Hugging Face and GPT-2.
	Merges
	// Unigram chooses the sequence of tokens with the highest sum of scores.
	Unigram
)

// Type is the type of a token. The numbers are those of SentencePiece's
// ModelProto.SentencePiece.Type and of GGUF's tokenizer.ggml.token_type.
type Type uint8

// The types of token.
const (
	Normal      Type = 1
	Unknown     Type = 2 // stands for text without a token
	Control     Type = 3 // is never made from text
	UserDefined Type = 4 // is found in text before anything else
	Unused      Type = 5
	Byte        Type = 6 // <0x00> … <0xFF>
)

// Vocabulary describes how a model's text becomes tokens.
type Vocabulary struct {
	Name string // name in the file, often empty
	Kind Kind

	// Tokens are the tokens by id, "" for an unused id. For a ByteLevel vocabulary, they
	// are the bytes of the token.
	Tokens []string
	Scores []float32 // by id, unless Kind is Merges
	// Scores64 replaces Scores if the file has more precise values.
	Scores64 []float64
	Types    []Type // by id
	Merges   [][2]int32

	ByteLevel    bool // merging starts from bytes, not from characters
	ByteFallback bool // a character without a token becomes the tokens of its bytes
	IgnoreMerges bool // a piece of text that is a token becomes that token, regardless of the merges
	FuseUnknown  bool // consecutive unknown characters are one unknown token
	Float32      bool // scores are added in 32 bits, as in SentencePiece
	UserSymbols  bool // tokens of type UserDefined are found as in SentencePiece: neither mapped nor merged
	UseUnused    bool // tokens of type Unused are used like others
	UnknownID    int  // -1 if there is none

	Normalizer Normalizer
	Split      split.Pattern // cuts text into the pieces that are merged; nil if text is not cut
	SplitSpace bool          // text is cut before each ▁
	SplitLines bool          // text is cut where runs of line feeds begin and end; a run that is a token becomes that token

	// Matched are the tokens that are found in text before anything else.
	Matched []Matched
	// FreshAfterMatch reports whether text after a matched or control token is normalized
	// like the beginning of a text.
	FreshAfterMatch bool
	// Special are the ids of the control tokens by name.
	Special map[string]int

	BOS, EOS int // -1 if there is none
	// Before and After are the tokens that the model's tokenizer adds around a prompt.
	Before, After []int
	ChatTemplate  string
}

// Matched is a token that is found in text before anything else.
type Matched struct {
	Text string
	ID   int
	// Normalized tokens are searched for in normalized text.
	Normalized bool
}

// Prefix is the rule for adding a space before a text.
type Prefix int

// The values of Prefix.
const (
	NoPrefix     Prefix = iota
	AlwaysPrefix        // before every text that is not empty
	SparePrefix         // only if the text does not begin with a space
)

// Op is the operation of a [Step].
type Op int

// The operations in a tokenizer.json.
const (
	StepReplace       Op = iota + 1 // replaces each From by To
	StepReplaceSpaces               // replaces two or more consecutive spaces by To
	StepPrepend                     // puts To before the text, unless the text is empty
	StepTrimLeft                    // removes white space
	StepTrimRight
	StepNFC
	StepNFD
	StepNFKC
	StepNFKD
	StepWords    // splits at white space and puts To before each word that does not begin with it
	StepCharsmap // applies SentencePiece's map of characters in From, as Hugging Face does
)

// Step is one step of a [Normalizer].
type Step struct {
	Op       Op
	From, To string
}

// Normalizer describes the changes to text before it becomes tokens. They are applied in
// the order of the fields: characters are mapped first, then spaces are treated.
type Normalizer struct {
	Steps []Step
	NFC   bool // Unicode's normalization form C
	// Charsmap is SentencePiece's compiled map of characters.
	Charsmap []byte
	// Prefix is the space put before a text. If Suffix is set, it is put after the text
	// instead.
	Prefix Prefix
	Suffix bool
	// Escape replaces each space by U+2581, "▁".
	Escape bool
	// Trim removes spaces at both ends and reduces each run of spaces to one.
	Trim bool
	// WordPrefix treats spaces as llama.cpp does for Unigram vocabularies.
	WordPrefix bool
}

const (
	// These limits are far above every known vocabulary. They reject a hostile file
	// before it uses much memory.
	maxTokens     = 1 << 22
	maxTokenBytes = 1 << 13
	maxNameBytes  = 1 << 9  // of a token that is searched for at each position of a text
	maxFileBytes  = 1 << 27 // a whole file, without a model's weights
)

// check returns an error if the vocabulary is unusable.
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
		return fmt.Errorf("the id of the unknown token is %d, and there are %d tokens", v.UnknownID, n)
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

// ByteOf returns the byte of a token such as <0x0A>.
func ByteOf(token string) (b byte, ok bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	high, low := hexDigit(token[3]), hexDigit(token[4])
	return high<<4 | low&15, high < 16 && low < 16
}

// hexDigit returns the value of a digit, or 255 if c is not a digit. Byte tokens use
// capital letters.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
