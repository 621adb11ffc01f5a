package tokens

import (
	"io"
	"slices"
	"unicode/utf8"
)

// blockSize is how much CountReader reads at a time.
const blockSize = 64 << 10

// CountReader returns the number of tokens of all that r gives until [io.EOF]:
// what Count returns for it as one text, however it arrives. If reading fails,
// CountReader returns the error as it is, and the number of tokens of what had
// arrived.
//
// It holds about 200 KB, whatever the length of the text, and more only while a
// single word or a single run of spaces or punctuation is longer than that. For
// the encoding of a file that takes a text as one, as unigram models do and those
// that normalise, it holds all of the text.
func (e *Encoding) CountReader(r io.Reader) (int, error) {
	count := 0
	first := true
	var block []byte // the unread text, which begins where a part does
	for {
		var err error
		block, err = fill(r, block)
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

// fill reads more text onto block: as much as is there already, so that a part
// that does not end is not looked at too often, but at least blockSize. It
// returns io.EOF at the end and only there.
func fill(r io.Reader, block []byte) ([]byte, error) {
	want := len(block) + max(len(block), blockSize)
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

// completeLen returns the length of block without a last character of which
// bytes may be missing.
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

// countSettled returns the number of tokens in those parts of text that cannot be
// changed by what follows it, all but the last two, and their length. It counts
// part by part, since what is one part before a word may be more at the end of a
// text.
func (e *Encoding) countSettled(text string, first bool) (count, settled int) {
	last := 0 // where the last part that is known begins; settled is the one before
	for at := 0; at < len(text); at += e.codec.Part(text[at:]) {
		count += e.codec.Count(text[settled:last], first && settled == 0)
		settled, last = last, at
	}
	return count, settled
}
