package tokens

import "unicode/utf8"

// Truncate returns the longest prefix of text that has at most n tokens when counted as a
// separate text. It never splits a character. If n is zero or negative, the result is
// empty.
//
// There is one exception to "longest": if the limit falls inside a single word or run of
// more than about 1 KB, a longer prefix may also fit, because the count can decrease by
// one token when the text grows. Even then, the result plus the next character has more
// than n tokens.
func (e *Encoding) Truncate(text string, n int) string {
	clean := valid(text)
	left := e.truncatedLen(clean, n)
	if len(clean) == len(text) {
		return text[:left]
	}
	// Find the same position in text, where one invalid byte corresponds to a U+FFFD of
	// three bytes.
	for i, r := range text {
		if left <= 0 {
			return text[:i]
		}
		left -= utf8.RuneLen(r)
	}
	return text
}

// border is a position between two parts of a text, with the number of tokens before it.
type border struct{ at, count int }

// The end of a prefix may be divided into parts differently from the same position in the
// whole text. So truncatedLen searches from a few parts before the first part that
// exceeds the limit to a few parts after it. At most two parts can change (see
// match.Codec).
const (
	partsBefore = 4
	partsAfter  = 2
)

// longestSearch is the length in bytes up to which every character is tried.
const longestSearch = 1 << 10

// truncatedLen is Truncate for valid text. It returns the length of the prefix in bytes.
func (e *Encoding) truncatedLen(text string, n int) int {
	if n <= 0 {
		return 0
	}
	var last [partsBefore]border // a ring buffer of the last borders
	here := border{}
	for i := 0; here.at < len(text); i++ {
		last[i%partsBefore] = here
		end := here.at + e.codec.Part(text[here.at:])
		count := here.count + e.codec.Count(text[here.at:end], here.at == 0)
		if count <= n {
			here = border{end, count}
			continue
		}
		base := last[max(0, i+1-partsBefore)%partsBefore]
		far := end
		for range partsAfter {
			if far < len(text) {
				far += e.codec.Part(text[far:])
			}
		}
		if far-base.at <= longestSearch {
			return e.lastFit(text[:far], base, n)
		}
		return e.bisect(text[:end], base, here, n)
	}
	return len(text)
}

// lastFit returns the length of the longest prefix of text with at most n tokens. The
// result is at least base.
func (e *Encoding) lastFit(text string, base border, n int) int {
	for end := len(text); end > base.at; {
		if base.count+e.codec.Count(text[base.at:end], base.at == 0) <= n {
			return end
		}
		_, size := utf8.DecodeLastRuneInString(text[:end])
		end -= size
	}
	return base.at
}

// bisect returns the length of a prefix of text that has at most n tokens, and more than
// n with the next character. It is for long texts that are one part, and counts about
// twenty times. The whole text must have more than n tokens.
func (e *Encoding) bisect(text string, base, here border, n int) int {
	fits := func(end int) bool {
		return base.count+e.codec.Count(text[base.at:end], base.at == 0) <= n
	}
	low, high := here.at, len(text)
	if !fits(low) {
		low = base.at
	}
	for {
		middle := low + (high-low)/2
		for middle > low && !utf8.RuneStart(text[middle]) {
			middle--
		}
		if middle == low {
			_, size := utf8.DecodeRuneInString(text[low:])
			if middle += size; middle >= high {
				return low
			}
		}
		if fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
}
