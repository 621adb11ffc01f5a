package spm

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// charsmap is SentencePiece's map from characters or sequences of characters to their
// normal form. The data consist of the length of a double-array trie, the trie, and the
// texts that its values point to, each terminated by a zero byte.
// https://github.com/google/sentencepiece/blob/master/src/normalizer.cc,
// EncodePrecompiledCharsMap
type charsmap struct {
	units       []uint32
	texts       string
	longestText int
}

// maxMatches limits the number of nested keys that are considered:
// Normalizer::kMaxTrieResultsSize.
const maxMatches = 32

// mostText limits the length of a replacement in bytes. The longest one in Unicode's
// normalization has 33 bytes.
const mostText = 64

func newCharsmap(blob []byte) (*charsmap, error) {
	if len(blob) < 4 {
		return nil, fmt.Errorf("the map of characters is truncated")
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
		return nil, fmt.Errorf("the map of characters has an unterminated text")
	}
	if !utf8.ValidString(c.texts) {
		return nil, fmt.Errorf("the map of characters has a text that is not valid UTF-8")
	}
	for text := range strings.SplitSeq(c.texts, "\x00") {
		if len(text) > mostText {
			return nil, fmt.Errorf("the map of characters has a text of %d bytes; the limit is %d", len(text), mostText)
		}
		c.longestText = max(c.longestText, len(text))
	}
	return c, nil
}

// unit returns a unit of the array, or a dead end if the index is out of range.
func (c *charsmap) unit(at uint32) uint32 {
	if uint64(at) >= uint64(len(c.units)) {
		return 1 << 31 // no key has this label
	}
	return c.units[at]
}

// offset is the position of a unit's children, relative to the unit.
func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// longest returns the replacement of the longest key that text begins with, and the
// length of the key. The length is 0 if no key matches.
//
// A unit of Darts-clone has its label in the low 8 bits, with bit 31 clear. Bit 8 is set
// if a key ends at the unit; its value is in the first child.
// https://github.com/s-yata/darts-clone/blob/master/include/darts.h
func (c *charsmap) longest(text string) (to string, n int) { return c.find(text, maxMatches) }

// shortest is like longest, for the shortest key.
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
	for c.texts[end] != 0 { // the last byte is zero
		end++
	}
	return c.texts[at:end]
}
