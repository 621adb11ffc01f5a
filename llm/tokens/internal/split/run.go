package split

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// run returns the end of the characters from i on that are in a class of set.
func run(s string, i int, set class) int {
	for i < len(s) {
		if b := s[i]; b < utf8.RuneSelf {
			if ascii[b]&set == 0 {
				break
			}
			i++
			continue
		}
		c, width := wideAt(s, i)
		if c&set == 0 {
			break
		}
		i += width
	}
	return i
}

// runOutside returns the end of the characters from i on that are in no class of set.
func runOutside(s string, i int, set class) int {
	for i < len(s) {
		if b := s[i]; b < utf8.RuneSelf {
			if ascii[b]&set != 0 {
				break
			}
			i++
			continue
		}
		c, width := wideAt(s, i)
		if c&set != 0 {
			break
		}
		i += width
	}
	return i
}

// upTo returns the end of at most n characters from i on that are in a class of set.
func upTo(s string, i int, set class, n int) int {
	for ; n > 0 && i < len(s); n-- {
		c, width := classAt(s, i)
		if c&set == 0 {
			break
		}
		i += width
	}
	return i
}

// lineEnds returns the end of the characters \r and \n from i on.
func lineEnds(s string, i int) int {
	for i < len(s) && (s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// lineEndsAndSlashes is like lineEnds but also accepts '/'.
func lineEndsAndSlashes(s string, i int) int {
	for i < len(s) && (s[i] == '\r' || s[i] == '\n' || s[i] == '/') {
		i++
	}
	return i
}

// letterEnd returns the end of the ASCII letters from i on.
func letterEnd(s string, i int) int {
	for len(s)-i >= 8 {
		if n := smallLetters(eight(s, i) | 0x20*each); n < 8 {
			return i + n
		}
		i += 8
	}
	for i < len(s) && isASCIILetter(s[i]) {
		i++
	}
	return i
}

// smallEnd returns the end of the ASCII letters a to z from i on.
func smallEnd(s string, i int) int {
	for len(s)-i >= 8 {
		if n := smallLetters(eight(s, i)); n < 8 {
			return i + n
		}
		i += 8
	}
	for i < len(s) && s[i] >= 'a' && s[i] <= 'z' {
		i++
	}
	return i
}

// Processors predict the end of a word badly, so eight bytes are tested at once without a
// branch for each byte.

// each has the lowest bit of each byte set.
const each = 0x0101010101010101

// eight returns the eight bytes from i on, the first one in the lowest position.
func eight(s string, i int) uint64 {
	return binary.LittleEndian.Uint64([]byte(s[i : i+8]))
}

// smallLetters returns the number of consecutive letters a to z, starting at the lowest
// byte.
func smallLetters(x uint64) int {
	low := x &^ (utf8.RuneSelf * each) // prevents overflow from one byte into the next
	atLeastA := low + (utf8.RuneSelf-'a')*each
	pastZ := low + (utf8.RuneSelf-'z'-1)*each
	not := (^atLeastA | pastZ | x) & (utf8.RuneSelf * each)
	return bits.TrailingZeros64(not) / 8
}

func isASCIILetter(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z'
}
