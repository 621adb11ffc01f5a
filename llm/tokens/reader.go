package tokens

import (
	"io"
	"slices"
	"unicode/utf8"
)

// blockSize is the number of bytes that CountReader reads at a time.
const blockSize = 64 << 10

// CountReader returns the number of tokens of the text in r, read until [io.EOF]. The
// result is the same as Count for the whole text, however the text is divided into reads.
// If reading fails, CountReader returns the error unchanged, with the number of tokens of
// the text read before it. If r returns no data 100 times in a row, the error is
// [io.ErrNoProgress].
//
// CountReader uses about 200 KB of memory for a text of any length, and more only while a
// single word, or a single run of spaces or punctuation, is longer than that. Some
// encodings from files treat a text as one unit: unigram models, and models that
// normalize the text. For these, CountReader keeps the whole text in memory.
func (e *Encoding) CountReader(r io.Reader) (int, error) {
	return e.countBlocks(r, blockSize)
}

// countBlocks is CountReader with blocks of the given size.
func (e *Encoding) countBlocks(r io.Reader, size int) (int, error) {
	count := 0
	first := true
	var block []byte // unread text, beginning at the start of a part
	for {
		var err error
		block, err = fill(r, block, size)
		if err != nil {
			count += e.codec.Count(valid(string(block)), first)
			if err == io.EOF {
				err = nil
			}
			return count, err
		}
		complete := completeLen(block)
		text := valid(string(block[:complete]))
		n, settled := e.countSettled(text, first)
		count += n
		first = first && settled == 0
		cut := string(block[complete:])
		block = append(append(block[:0], text[settled:]...), cut...)
	}
}

// fill reads more text and appends it to block. It reads as many bytes as block already
// has, and at least size, so that a long part is not scanned too often. It returns
// io.EOF only at the end of the text.
func fill(r io.Reader, block []byte, size int) ([]byte, error) {
	want := len(block) + max(len(block), size)
	block = slices.Grow(block, want-len(block))
	for idle := 0; len(block) < want; {
		n, err := r.Read(block[len(block):want])
		block = block[:len(block)+n]
		if err != nil {
			return block, err
		}
		if n > 0 {
			idle = 0
		} else if idle++; idle == 100 {
			return block, io.ErrNoProgress
		}
	}
	return block, nil
}

// completeLen returns the length of block without a last character that may be
// incomplete.
func completeLen(block []byte) int {
	for i := len(block) - 1; i >= max(0, len(block)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(block[i]) {
			if utf8.FullRune(block[i:]) {
				break
			}
			return i
		}
	}
	return len(block)
}

// countSettled returns the number of tokens and the length of all parts of text except
// the last two. Text that follows cannot change these parts. It counts part by part,
// because one part before a word may be several parts at the end of a text.
func (e *Encoding) countSettled(text string, first bool) (count, settled int) {
	last := 0 // start of the last known part; settled is the start of the part before it
	for at := 0; at < len(text); at += e.codec.Part(text[at:]) {
		count += e.codec.Count(text[settled:last], first && settled == 0)
		settled, last = last, at
	}
	return count, settled
}
