package tinyllama

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// The first tokens of every vocabulary, as in LLaMA.
const (
	tokenUnknown = iota // <unk>
	tokenStart          // <s>
	tokenEnd            // </s>
	tokenByte0          // <0x00>, the first of 256
)

// Token types: tokenizer.ggml.token_type in the GGUF specification.
const (
	kindNormal  = 1
	kindUnknown = 2
	kindControl = 3
	kindUnused  = 5
	kindByte    = 6
)

// vocabularyStep divides the size of every vocabulary. It is the number of values in a
// Q8_0 block.
const vocabularyStep = blockValues

// space represents a space in a SentencePiece vocabulary.
const space = "\u2581"

// mergedPieces contains pieces of English, one per line, in the order in which byte pair
// encoding found them. Each consists of two earlier pieces or characters.
//
//go:embed pieces.txt
var mergedPieces string

// A vocabulary is a SentencePiece vocabulary with byte fallback. The id of a token is its
// index. Of two possible merges, the tokenizer chooses the one with the higher score.
type vocabulary struct {
	tokens []string
	scores []float32
	kinds  []int32
}

// newVocabulary returns the tokens that all models share.
func newVocabulary() *vocabulary {
	v := new(vocabulary)
	v.add("<unk>", 0, kindUnknown)
	v.add("<s>", 0, kindControl)
	v.add("</s>", 0, kindControl)
	for b := range 256 {
		v.add(fmt.Sprintf("<0x%02X>", b), 0, kindByte)
	}
	v.addText(strings.Fields(mergedPieces)...)
	v.addText(space)
	for c := '!'; c <= '~'; c++ {
		v.addText(string(c))
	}
	return v
}

func (v *vocabulary) add(token string, score float32, kind int32) {
	v.tokens = append(v.tokens, token)
	v.scores = append(v.scores, score)
	v.kinds = append(v.kinds, kind)
}

// addText adds ordinary tokens. Each one has a lower score than the one before.
func (v *vocabulary) addText(tokens ...string) {
	const firstText = tokenByte0 + 256
	for _, token := range tokens {
		v.add(token, -float32(len(v.tokens)-firstText), kindNormal)
	}
}

// pad adds unused tokens until the size is a multiple of vocabularyStep.
func (v *vocabulary) pad() {
	for len(v.tokens)%vocabularyStep != 0 {
		v.add(fmt.Sprintf("<pad%d>", len(v.tokens)), -1e6, kindUnused)
	}
}

// piece returns the token for a text, and adds it if it is new.
func (v *vocabulary) piece(text string) (int, error) {
	switch len(text) {
	case 0:
		return 0, fmt.Errorf("tinyllama: a piece of the script is empty")
	case 1:
		return byteToken(text[0]), nil
	}
	token := strings.ReplaceAll(text, " ", space)
	id := slices.Index(v.tokens, token)
	if id < 0 {
		v.addText(token)
		return len(v.tokens) - 1, nil
	}
	if v.kinds[id] != kindNormal {
		return 0, fmt.Errorf("tinyllama: piece %q is the name of a control or byte token", text)
	}
	return id, nil
}

func byteToken(b byte) int { return tokenByte0 + int(b) }
