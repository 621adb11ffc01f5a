package spm

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// charsmap is SentencePiece's map of characters, or sequences of them, to their
// normal form: the length of a double-array trie, the trie, and the texts that
// its values point into, each ended by a zero byte.
// https://github.com/google/sentencepiece/blob/master/src/normalizer.cc,
// EncodePrecompiledCharsMap
type charsmap struct {
	units       []uint32
	texts       string
	longestText int
}

// maxMatches is how many keys that begin one another are looked at:
// Normalizer::kMaxTrieResultsSize.
const maxMatches = 32

// mostText bounds how much longer a text can become; the longest that Unicode's
// normalisation asks for has 33 bytes.
const mostText = 64

func newCharsmap(blob []byte) (*charsmap, error) {
	if len(blob) < 4 {
		return nil, fmt.Errorf("the map of characters is cut short")
	}
	n := binary.LittleEndian.Uint32(blob)
	blob = blob[4:]
	if uint64(n) >= uint64(len(blob)) || n%4 != 0 {
		return nil, fmt.Errorf("the map of characters has a trie of %d bytes in %d", n, len(blob))
	}
	c := &charsmap{units: make([]uint32, n/4), texts: string(blob[n:])}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	if c.texts[len(c.texts)-1] != 0 {
		return nil, fmt.Errorf("the map of characters has a text without an end")
	}
	if !utf8.ValidString(c.texts) {
		return nil, fmt.Errorf("the map of characters has a text that is not UTF-8")
	}
	for text := range strings.SplitSeq(c.texts, "\x00") {
		if len(text) > mostText {
			return nil, fmt.Errorf("the map of characters has a text of %d bytes; the limit is %d", len(text), mostText)
		}
		c.longestText = max(c.longestText, len(text))
	}
	return c, nil
}

// unit returns a unit of the array, a dead end where there is none.
func (c *charsmap) unit(at uint32) uint32 {
	if uint64(at) >= uint64(len(c.units)) {
		return 1 << 31 // no key has this label
	}
	return c.units[at]
}

// offset is where a unit's children are, relative to it.
func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// longest returns what the longest key that text begins with is mapped to, and
// the key's length, 0 if there is none.
//
// A unit of Darts-clone has its label in the low 8 bits, with bit 31 clear; bit 8
// says that a key ends there, and its value is then in the first child.
// https://github.com/s-yata/darts-clone/blob/master/include/darts.h
func (c *charsmap) longest(text string) (to string, n int) { return c.find(text, maxMatches) }

// shortest is longest for the shortest key.
func (c *charsmap) shortest(text string) (to string, n int) { return c.find(text, 1) }

func (c *charsmap) find(text string, most int) (to string, n int) {
	at := uint32(0)
	unit := c.unit(at)
	at ^= offset(unit)
	value, matches := uint32(0), 0
	for i := 0; i < len(text) && text[i] != 0 && matches < most; i++ {
		at ^= uint32(text[i])
		if unit = c.unit(at); unit&(1<<31|0xff) != uint32(text[i]) {
			break
		}
		at ^= offset(unit)
		if unit>>8&1 != 0 {
			value, n = c.unit(at)&(1<<31-1), i+1
			matches++
		}
	}
	if n == 0 {
		return "", 0
	}
	return c.text(value), n
}

// text returns the text that begins at an offset.
func (c *charsmap) text(at uint32) string {
	if uint64(at) >= uint64(len(c.texts)) {
		return ""
	}
	end := int(at)
	for c.texts[end] != 0 { // the last is zero
		end++
	}
	return c.texts[at:end]
}
