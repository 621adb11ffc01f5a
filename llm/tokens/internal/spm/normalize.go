package spm

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/parley-llm/parley/llm/tokens/internal/normal"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

const space = "▁" // U+2581, stands for a space in tokens

// normalizer converts text to the form in which its tokens are written.
type normalizer struct {
	vocab.Normalizer
	simple bool      // no step adds, removes or changes characters other than spaces
	chars  *charsmap // nil if there is no map
	user   *trie     // texts that are not changed; nil if there are none
	steps  []step
}

func newNormalizer(v *vocab.Vocabulary, user *trie) (*normalizer, error) {
	n := &normalizer{Normalizer: v.Normalizer, user: user}
	if len(n.Charsmap) > 0 {
		var err error
		if n.chars, err = newCharsmap(n.Charsmap); err != nil {
			return nil, err
		}
	}
	var err error
	if n.steps, err = newSteps(n.Steps); err != nil {
		return nil, err
	}
	n.simple = n.chars == nil && !n.Trim && !n.Suffix && !n.WordPrefix && !n.NFC && len(n.Steps) == 0
	return n, nil
}

// none reports whether every text is already normalized.
func (n *normalizer) none() bool { return n.simple && n.Prefix == vocab.NoPrefix && !n.Escape }

// append appends the normalized text to dst.
func (n *normalizer) append(dst []byte, text string, first bool) []byte {
	if text == "" {
		return dst
	}
	for i := range n.steps {
		text = n.steps[i].apply(text)
	}
	if n.NFC {
		text = normal.String(norm.NFC, text)
	}
	switch {
	case n.WordPrefix:
		return n.appendWords(dst, text)
	case n.chars != nil || n.Trim || n.Suffix:
		return n.appendMapped(dst, text, first)
	}
	if text == "" {
		return dst
	}
	if first && (n.Prefix == vocab.AlwaysPrefix || n.Prefix == vocab.SparePrefix && !n.startsWithSpace(text)) {
		dst = n.appendSpace(dst)
	}
	return n.appendEscaped(dst, text)
}

func (n *normalizer) startsWithSpace(text string) bool {
	return text[0] == ' ' || strings.HasPrefix(text, space)
}

func (n *normalizer) appendSpace(dst []byte) []byte {
	if n.Escape {
		return append(dst, space...)
	}
	return append(dst, ' ')
}

func (n *normalizer) appendEscaped(dst []byte, text string) []byte {
	if !n.Escape {
		return append(dst, text...)
	}
	for {
		i := strings.IndexByte(text, ' ')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), space...)
		text = text[i+1:]
	}
}

// mapped returns the replacement of the beginning of text, and the length of that
// beginning. text must not be empty.
func (n *normalizer) mapped(text string) (to string, length int) {
	if n.user != nil {
		if id, length := n.user.longest(text); id >= 0 {
			return text[:length], length
		}
	}
	if n.chars != nil {
		if to, length := n.chars.longest(text); length > 0 {
			return to, length
		}
	}
	_, length = decode(text)
	return text[:length], length
}

// appendMapped normalizes as SentencePiece does.
// https://github.com/google/sentencepiece/blob/master/src/normalizer.cc, Normalize
func (n *normalizer) appendMapped(dst []byte, text string, first bool) []byte {
	if n.Trim {
		for text != "" {
			to, length := n.mapped(text)
			if to != " " {
				break
			}
			text = text[length:]
		}
	}
	if text == "" {
		return dst
	}
	begin := len(dst)
	if first && n.Prefix == vocab.AlwaysPrefix && !n.Suffix {
		dst = n.appendSpace(dst)
	}
	afterSpace := n.Trim
	for text != "" {
		to, length := n.mapped(text)
		text = text[length:]
		for afterSpace && strings.HasPrefix(to, " ") {
			to = to[1:]
		}
		if to != "" {
			dst = n.appendEscaped(dst, to)
			afterSpace = to[len(to)-1] == ' '
		}
		if !n.Trim {
			afterSpace = false
		}
	}
	if n.Trim {
		sep := " "
		if n.Escape {
			sep = space
		}
		for strings.HasSuffix(string(dst[max(begin, len(dst)-len(sep)):]), sep) {
			dst = dst[:len(dst)-len(sep)]
		}
	}
	if n.Suffix && n.Prefix == vocab.AlwaysPrefix {
		dst = n.appendSpace(dst)
	}
	return dst
}

// appendWords normalizes as llama.cpp does for Unigram vocabularies: the space before a
// text is put before its first word, and if spaces are trimmed, before every word.
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp,
// llm_tokenizer_ugm_session::normalize
func (n *normalizer) appendWords(dst []byte, text string) []byte {
	inWord, prefixed := false, false
	for text != "" {
		to, length := n.mapped(text)
		text = text[length:]
		for i := range len(to) {
			switch c := to[i]; {
			case c != ' ':
				if !inWord {
					inWord = true
					if n.Trim || n.Prefix == vocab.AlwaysPrefix && !n.Suffix && !prefixed {
						dst = n.appendSpace(dst)
						prefixed = true
					}
				}
				dst = append(dst, c)
			default:
				inWord = false
				if !n.Trim {
					dst = n.appendSpace(dst)
				}
			}
		}
	}
	if n.Suffix && n.Prefix == vocab.AlwaysPrefix {
		dst = n.appendSpace(dst)
	}
	return dst
}
