package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

const (
	// DefaultLimit is the default limit in bytes. Images are sent in base64 on one line,
	// which can have 10 MB and more.
	DefaultLimit = 32 << 20

	// minBuffer is the size of the buffer for ordinary frames. In measurements, larger
	// reads were not faster.
	minBuffer = 4 << 10
	// keepBuffer is the size of the largest buffer that is kept after a long line.
	keepBuffer = 64 << 10
	// maxEmptyReads is the maximum number of reads in a row without a byte or an error.
	maxEmptyReads = 100
)

var (
	utf8BOM = []byte("\xEF\xBB\xBF")

	errBadCount = errors.New("stream: the reader returned an impossible count")
	errClosed   = errors.New("stream: read after Close")
)

// TooLongError reports a line or an event that is longer than the limit.
type TooLongError struct {
	Limit int // in bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("a line or event of the stream is longer than the limit of %d bytes", e.Limit)
}

// lines splits a reader into lines, in one buffer that is reused.
//
// The caller can hold the end of the last line: held bytes stay in the buffer, and further
// ones are joined to them by a newline, until release. So the data of an event needs no
// separate buffer. The limit counts the held bytes and the current line together.
//
//	buf: | free | held | gap | unread | free |
//	           heldAt       start    end
type lines struct {
	r     io.Reader
	limit int
	// lfOnly says that CR does not end a line.
	lfOnly bool

	buf        []byte
	start, end int // of the unread bytes
	// lf and cr are the progress of the search: there is no LF in buf[start:lf], and no
	// CR in buf[start:cr]. So each byte is searched once, with any mixture of newlines.
	lf, cr int

	lineAt, lineEnd int // the last line
	holding         bool
	heldAt, heldEnd int

	begun  bool  // there can be no more byte order mark
	skipLF bool  // the last line ended with a CR, so a following LF belongs to it
	err    error // of the reader
	failed error // the result of every later call of next
}

func newLines(r io.Reader, limit int, lfOnly bool) lines {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return lines{r: r, limit: min(limit, math.MaxInt-minBuffer), lfOnly: lfOnly}
}

// next returns the next line without its newline, and reports whether it had one. Only the
// last line can be without. The line is valid until the next call.
func (l *lines) next() (line []byte, whole bool, err error) {
	for l.failed == nil {
		l.skip()
		end, size := l.newline()
		if size == 0 {
			if l.begun && l.start < l.end && l.tooLong(l.end) {
				return nil, false, l.fail(&TooLongError{Limit: l.limit})
			}
			err := l.fill()
			if err == nil {
				continue
			}
			if err != io.EOF || l.start == l.end {
				return nil, false, l.fail(err)
			}
			end = l.end
		}
		if l.tooLong(end) {
			return nil, false, l.fail(&TooLongError{Limit: l.limit})
		}
		return l.take(end, size), size > 0, nil
	}
	return nil, false, l.fail(l.failed)
}

// tooLong reports whether a line up to end, joined to the held bytes, is over the limit.
func (l *lines) tooLong(end int) bool {
	size := end - l.start
	if l.holding {
		size += l.heldLen() + 1
	}
	return size > l.limit
}

// buffered returns the bytes read beyond the last line. It returns nil if they may not be
// the beginning of a line.
func (l *lines) buffered() []byte {
	if !l.begun || l.skipLF || l.failed != nil {
		return nil
	}
	return l.buf[l.start:l.end]
}

// advance skips size buffered bytes and the newlines after them, if there are such newlines
// and the size is within the limit.
func (l *lines) advance(size int, newlines string) bool {
	end := l.start + size + len(newlines)
	if size == 0 || size > l.limit || end > l.end || string(l.buf[l.start+size:end]) != newlines {
		return false
	}
	l.start = end
	return true
}

// unread makes next return the last line again. The line must not have been held.
func (l *lines) unread() {
	l.start = l.lineAt
	l.skipLF = false
}

// hold keeps tail, the end of the last line, until release. It can move the bytes, so the
// line is no longer valid.
func (l *lines) hold(tail []byte) {
	if !l.holding {
		l.holding = true
		l.heldAt, l.heldEnd = l.lineEnd-len(tail), l.lineEnd
		return
	}
	// There is space: at least one byte, the gap, is between the held bytes and the line.
	l.buf[l.heldEnd] = '\n'
	l.heldEnd += 1 + copy(l.buf[l.heldEnd+1:], tail)
}

// held returns the held bytes. They are valid until the next call of next.
func (l *lines) held() []byte { return l.buf[l.heldAt:l.heldEnd:l.heldEnd] }

func (l *lines) heldLen() int { return l.heldEnd - l.heldAt }

// release ends the holding of bytes.
func (l *lines) release() {
	l.holding = false
	l.heldAt, l.heldEnd = 0, 0
}

// skip skips bytes that belong to no line: a byte order mark at the start, and the LF of a
// CRLF whose CR has already ended a line.
func (l *lines) skip() {
	if !l.begun && l.end-l.start >= len(utf8BOM) {
		l.begun = true
		if bytes.HasPrefix(l.buf[l.start:l.end], utf8BOM) {
			l.start += len(utf8BOM)
		}
	}
	if l.skipLF && l.start < l.end {
		l.skipLF = false
		if l.buf[l.start] == '\n' {
			l.start++
		}
	}
}

// close returns the buffer to the pool. Lines are no longer valid.
func (l *lines) close() {
	l.holding = false
	l.fail(errClosed)
}

// buffers are the buffers of streams that have ended. Reuse halves the allocated bytes of
// an answer of one chunk.
var buffers = sync.Pool{New: func() any { return new([minBuffer]byte) }}

// newline finds the end of the next line and the size of its newline. The size is 0 if
// there is none in the buffer.
func (l *lines) newline() (end, size int) {
	l.lf = find(l.buf[:l.end], max(l.lf, l.start), '\n')
	if !l.lfOnly {
		if l.cr = find(l.buf[:l.lf], max(l.cr, l.start), '\r'); l.cr < l.lf {
			if l.lf == l.cr+1 && l.lf < l.end {
				return l.cr, 2
			}
			return l.cr, 1
		}
	}
	if l.lf < l.end {
		return l.lf, 1
	}
	return 0, 0
}

// find returns the first position of c in b at or after from, or len(b) if there is none.
func find(b []byte, from int, c byte) int {
	if from >= len(b) || b[from] == c {
		return min(from, len(b))
	}
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

func (l *lines) take(end, newline int) []byte {
	l.begun = true
	l.lineAt, l.lineEnd = l.start, end
	l.start = end + newline
	// At the end of the buffer, a CR can be half of a CRLF. Reading the next byte to find
	// out could take as long as the model thinks.
	l.skipLF = newline == 1 && l.start == l.end && l.buf[end] == '\r'
	return l.buf[l.lineAt:end:end]
}

// fail makes err the result of every later call. It returns the buffer to the pool, unless
// bytes are held.
func (l *lines) fail(err error) error {
	l.failed = err
	if !l.holding {
		if len(l.buf) == minBuffer {
			buffers.Put((*[minBuffer]byte)(l.buf))
		}
		l.buf, l.start, l.end = nil, 0, 0
	}
	return err
}

// fill reads at least one byte, or returns an error.
func (l *lines) fill() error {
	if l.err != nil {
		return l.err
	}
	l.makeRoom()
	for range maxEmptyReads {
		n, err := l.r.Read(l.buf[l.end:])
		if n < 0 || n > len(l.buf)-l.end {
			n, err = 0, errBadCount
		}
		l.end += n
		l.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	l.err = io.ErrNoProgress
	return l.err
}

// makeRoom makes space to read into: a quarter of the buffer or more, unless the limit is
// near. With less space, reads would become too small.
func (l *lines) makeRoom() {
	unread := l.end - l.start
	needed := l.heldLen() + 1 + unread // 1 for the gap
	size := len(l.buf)
	switch {
	case size == 0, size > keepBuffer && needed <= minBuffer/2:
		l.move(minBuffer)
	case needed > size/4*3:
		// At most limit+1 bytes are needed, so this always makes room.
		l.move(min(2*size, l.limit+minBuffer))
	case unread == 0 && !l.holding, size-l.end < size/4:
		l.move(size)
	}
}

// move moves the held and the unread bytes to the start of a buffer of the given size. It
// closes the gaps before and between them, except for the one byte that hold writes. Bytes
// already in place are not copied, so a long event in many small reads takes linear time.
func (l *lines) move(size int) {
	old, grown := l.buf, size != len(l.buf)
	switch {
	case grown && size == minBuffer:
		l.buf = buffers.Get().(*[minBuffer]byte)[:]
	case grown:
		l.buf = make([]byte, size)
	}
	to := 0
	if l.holding {
		if to = l.heldLen(); grown || l.heldAt > 0 {
			copy(l.buf, old[l.heldAt:l.heldEnd])
		}
		l.heldAt, l.heldEnd = 0, to
		to++
	}
	by := l.start - to
	if grown || by > 0 {
		copy(l.buf[to:], old[l.start:l.end])
	}
	l.start, l.end = l.start-by, l.end-by
	l.lf, l.cr = max(l.lf-by, 0), max(l.cr-by, 0)
}
