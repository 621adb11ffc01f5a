package tokens

import "unicode/utf8"

// Truncate returns the longest beginning of text that has at most n tokens,
// counted as a text of its own, and that splits no character. Only if the
// tokens run out within a single word or run of more than about 1 KB may a longer
// one fit, as the count can sink by a token where the text grows; with the next
// character there are more than n all the same.
func (e *Encoding) Truncate(text string, n int) string {
	clean := valid(text)
	left := e.truncatedLen(clean, n)
	if len(clean) == len(text) {
		return text[:left]
	}
	// Find the same place in text, where one byte may stand for a U+FFFD of three.
	for i, r := range text {
		if left <= 0 {
			return text[:i]
		}
		left -= utf8.RuneLen(r)
	}
	return text
}

// border is a place between two parts of a text, and the number of tokens
// before it.
type border struct{ at, count int }

// The end of a beginning may fall into parts in another way than the same place
// of the whole text does. So truncatedLen searches from some parts before the
// one that is too much to some after it: no more than two change (see match.Codec).
const (
	partsBefore = 4
	partsAfter  = 2
)

// longestSearch is the length within which every character is tried.
const longestSearch = 1 << 10

// truncatedLen is Truncate for valid text. It returns the length.
func (e *Encoding) truncatedLen(text string, n int) int {
	if n <= 0 {
		return 0
	}
	var last [partsBefore]border // a ring of borders passed
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

// lastFit returns the length of the longest beginning of text with at most n
// tokens, no shorter than base.
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

// bisect returns the length of a beginning of text with at most n tokens that
// has more than n with the next character. It is for long texts of one part, in
// which it counts some twenty times. The text as a whole has more than n.
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
