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

// Encoding converts text to tokens and back. Get one from [For], from [Open], or from a
// function such as [O200kBase]. An Encoding is immutable and safe for concurrent use.
//
// Text that is not valid UTF-8 is encoded as it would be sent: JSON has U+FFFD in place
// of each invalid byte.
type Encoding struct {
	name    string
	codec   match.Codec
	special specials
	// control finds all special tokens. It returns nil if there are none.
	control func() *match.Finder
	// specialFirst reports whether the codec treats text after a special token as the
	// beginning of a text rather than a continuation.
	specialFirst bool
	// file is set for encodings that come from a file.
	file *fileInfo
}

// newEncoding returns an encoding with the given special tokens, as ids by name.
func newEncoding(name string, codec match.Codec, special map[string]int) *Encoding {
	e := &Encoding{name: name, codec: codec, special: newSpecials(special)}
	e.control = sync.OnceValue(func() *match.Finder { return e.special.search(e.Special()) })
	return e
}

// Name returns the name of the encoding, for example "o200k_base".
func (e *Encoding) Name() string { return e.name }

// Size returns the size of the vocabulary including special tokens: the largest id plus
// one.
func (e *Encoding) Size() int { return max(e.codec.Size(), e.special.size) }

// Count returns the number of tokens of text. Names of special tokens are counted as
// ordinary text. Count does not allocate if text is valid UTF-8.
func (e *Encoding) Count(text string) int {
	return e.codec.Count(valid(text), true)
}

// Encode returns the ids of text's tokens.
//
// By default, the name of a special token is encoded as ordinary text. The names in
// allowed become control tokens. Names that the encoding does not have are ignored.
//
// Security: do not allow special tokens in text from users. A user could otherwise end a
// message or imitate another role.
func (e *Encoding) Encode(text string, allowed ...string) []int {
	return e.AppendEncode(nil, text, allowed...)
}

// AppendEncode is like [Encoding.Encode] but appends the ids to dst.
func (e *Encoding) AppendEncode(dst []int, text string, allowed ...string) []int {
	return e.appendEncode(dst, text, e.special.search(allowed))
}

// appendEncode is AppendEncode with a finder of the allowed names. A nil finder finds
// none.
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

// Decode returns the text of ids. A special token is decoded to its name. The text is not
// valid UTF-8 if ids begin or end inside a character. For an id that the encoding does
// not have, Decode returns an [*llm.Error] of kind [llm.InvalidRequest].
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

// Tokens iterates over the tokens of text and yields the id and the bytes of each. A
// character may be spread over several tokens, so the bytes of one token can be invalid
// UTF-8. All bytes together are the text.
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

// valid returns text with each invalid byte replaced by U+FFFD, as encoding/json does.
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
