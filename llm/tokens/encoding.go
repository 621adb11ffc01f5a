package tokens

import (
	"fmt"
	"iter"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens/internal/match"
)

// Encoding turns text into tokens and back. It is immutable, and any number of
// goroutines may use it at once. Get one from [For] or from the function of
// its name.
//
// Text that is not valid UTF-8 is encoded as it would be sent: JSON has U+FFFD in
// place of each invalid byte.
type Encoding struct {
	name    string
	codec   match.Codec
	special specials
	// control finds all special tokens; it is nil if there are none.
	control func() *match.Finder
	// specialFirst says that text after a special token is the beginning of a
	// text to the codec, not the continuation of one.
	specialFirst bool
	// file is set for the encodings of files.
	file *fileInfo
}

// newEncoding returns an encoding with these special tokens, ids by name.
func newEncoding(name string, codec match.Codec, special map[string]int) *Encoding {
	e := &Encoding{name: name, codec: codec, special: newSpecials(special)}
	e.control = sync.OnceValue(func() *match.Finder { return e.special.search(e.Special()) })
	return e
}

// Name returns the encoding's name, such as "o200k_base".
func (e *Encoding) Name() string { return e.name }

// Size returns the size of the vocabulary with its special tokens: one more
// than the largest id.
func (e *Encoding) Size() int { return max(e.codec.Size(), e.special.size) }

// Count returns the number of tokens of text. What looks like a special token is
// counted as the text that it is. Count allocates nothing if text is valid
// UTF-8.
func (e *Encoding) Count(text string) int {
	return e.codec.Count(valid(text), true)
}

// Encode returns the ids of text's tokens.
//
// A special token's name in text is text like any other, as it must be in what
// a user has written. The names in allowed are those that are control tokens
// here; a name that the encoding does not have is ignored.
func (e *Encoding) Encode(text string, allowed ...string) []int {
	return e.AppendEncode(nil, text, allowed...)
}

// AppendEncode is [Encoding.Encode] that appends to dst.
func (e *Encoding) AppendEncode(dst []int, text string, allowed ...string) []int {
	return e.appendEncode(dst, text, e.special.search(allowed))
}

// appendEncode is AppendEncode for what search finds; nil finds nothing.
func (e *Encoding) appendEncode(dst []int, text string, search *match.Finder) []int {
	text = valid(text)
	first := true
	if search != nil {
		for {
			start, end, id := search.Next(text, len(text), nil)
			if start < 0 {
				break
			}
			dst = e.codec.AppendEncode(dst, text[:start], first)
			dst = append(dst, id)
			text = text[end:]
			first = e.specialFirst
		}
	}
	return e.codec.AppendEncode(dst, text, first)
}

// Decode returns the text that ids stand for; special tokens stand for their
// names. The text is not valid UTF-8 if ids begin or end inside a character. An
// id that the encoding does not have is an [*llm.Error] of the kind
// [llm.InvalidRequest].
func (e *Encoding) Decode(ids []int) (string, error) {
	var text []byte
	first := true
	for i, id := range ids {
		if name, ok := e.special.names[id]; ok {
			text = append(text, name...)
			first = e.specialFirst
			continue
		}
		var ok bool
		if text, ok = e.codec.AppendBytes(text, id, first); !ok {
			return "", &llm.Error{
				Kind:    llm.InvalidRequest,
				Message: fmt.Sprintf("token %d of %d: %s has no token %d", i+1, len(ids), e.name, id),
			}
		}
		first = false
	}
	return string(text), nil
}

// Tokens iterates over the tokens of text: their ids, and the bytes that each
// stands for. A character may be spread over several tokens, so the bytes need
// not be valid UTF-8; together they are the text.
func (e *Encoding) Tokens(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		var ids []int
		var bytes []byte
		first := true
		for rest := valid(text); rest != ""; {
			n := e.codec.Part(rest)
			ids = e.codec.AppendEncode(ids[:0], rest[:n], first)
			for _, id := range ids {
				bytes, _ = e.codec.AppendBytes(bytes[:0], id, first)
				first = false
				if !yield(id, string(bytes)) {
					return
				}
			}
			rest = rest[n:]
		}
	}
}

// valid returns text with U+FFFD in place of each byte that is not valid
// UTF-8, as encoding/json writes it.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for _, r := range text {
		b.WriteRune(r)
	}
	return b.String()
}
