package llama

import (
	"strings"
	"unicode/utf8"
)

// Stopper collects the text of tokens, holds back the parts that may belong to a stop string
// or to an incomplete character, and finds the first stop string. It must not be used by
// several goroutines at once.
type Stopper struct {
	stops   []string
	pending string // not returned yet
	matched string
}

// NewStopper returns a stopper for these strings. Empty ones are ignored.
func NewStopper(stops []string) *Stopper {
	s := new(Stopper)
	for _, stop := range stops {
		if stop != "" {
			s.stops = append(s.stops, stop)
		}
	}
	return s
}

// Add adds the bytes of a token. It returns the text that is complete, and whether a stop
// string has been found. The stop string and the text after it are not returned.
//
// Bytes that cannot be part of a character are returned as U+FFFD. After a stop string, Add
// must not be called again.
func (s *Stopper) Add(token string) (text string, stopped bool) {
	s.pending += token
	at := -1
	for _, stop := range s.stops {
		if i := strings.Index(s.pending, stop); i >= 0 && (at < 0 || i < at) {
			at, s.matched = i, stop
		}
	}
	if at >= 0 {
		text, s.pending = s.pending[:at], ""
		return strings.ToValidUTF8(text, "\uFFFD"), true
	}
	n := min(s.undecided(), completeLen(s.pending))
	text, s.pending = s.pending[:n], s.pending[n:]
	return strings.ToValidUTF8(text, "\uFFFD"), false
}

// Matched returns the stop string that has been found, or "".
func (s *Stopper) Matched() string { return s.matched }

// Rest returns the text that has been held back. The caller calls it when the answer has
// ended without a stop string.
func (s *Stopper) Rest() string {
	text := s.pending
	s.pending = ""
	return strings.ToValidUTF8(text, "\uFFFD")
}

// undecided returns the position of the first suffix that is the beginning of a stop string.
func (s *Stopper) undecided() int {
	first := len(s.pending)
	for _, stop := range s.stops {
		for i := max(0, len(s.pending)-len(stop)+1); i < first; i++ {
			if strings.HasPrefix(stop, s.pending[i:]) {
				first = i
			}
		}
	}
	return first
}

// completeLen returns the length of text without a last character of which bytes may be
// missing.
func completeLen(text string) int {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRuneInString(text[i:]) {
				return i
			}
			break
		}
	}
	return len(text)
}
