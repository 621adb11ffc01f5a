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
	// DefaultLimit is the bound, in bytes, used where none is given. Images
	// come base64-coded in one line, of 10 MB and more.
	DefaultLimit = 32 << 20

	// minBuffer is what a stream of ordinary frames needs; larger reads were
	// measured to gain nothing.
	minBuffer = 4 << 10
	// keepBuffer is the largest buffer kept after the long line it grew for.
	keepBuffer = 64 << 10
	// maxEmptyReads is how often a reader may return nothing, and no error.
	maxEmptyReads = 100
)

var (
	utf8BOM = []byte("\xEF\xBB\xBF")

	errBadCount = errors.New("reply: reader returned an impossible count")
	errClosed   = errors.New("reply: read after Close")
)

// TooLongError reports a line, or an event, longer than the limit.
type TooLongError struct {
	Limit int // in bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("reply: a line or event is longer than the limit of %d bytes", e.Limit)
}

// lines splits a reader into lines, within one buffer that is reused.
//
// The caller may hold the end of the line it has just got: held bytes stay in
// the buffer, and further ones are joined to them by a newline, until release.
// So the data of an event needs no buffer of its own. The limit counts the held
// bytes and the line being read together, as if they were joined.
//
//	buf: | free | held | gap | unread | free |
//	           heldAt       start    end
type lines struct {
	r     io.Reader
	limit int
	// lfOnly says that CR does not end a line.
	lfOnly bool

	buf        []byte
	start, end int // of what is unread
	// lf and cr are how far the search has come: there is no LF in
	// buf[start:lf], and no CR in buf[start:cr]. Each byte is searched once,
	// whatever mixture of newlines the server sends.
	lf, cr int

	lineAt, lineEnd int // the line returned last
	holding         bool
	heldAt, heldEnd int

	begun  bool  // a byte order mark can no longer come
	skipLF bool  // the last line ended with a CR; an LF next belongs to it
	err    error // what the reader said, once it has said it
	failed error // what next says from now on
}

func newLines(r io.Reader, limit int, lfOnly bool) lines {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return lines{r: r, limit: min(limit, math.MaxInt-minBuffer), lfOnly: lfOnly}
}

// next returns the next line without its newline, and whether it had one: only
// the last line can lack it. The line is valid until the next call.
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

// tooLong reports whether a line up to end, joined to what is held, would be
// over the limit.
func (l *lines) tooLong(end int) bool {
	size := end - l.start
	if l.holding {
		size += l.heldLen() + 1
	}
	return size > l.limit
}

// ahead returns what has been read and is not part of the lines returned; nil
// if it is not certain to begin a line.
func (l *lines) buffered() []byte {
	if !l.begun || l.skipLF || l.failed != nil {
		return nil
	}
	return l.buf[l.start:l.end]
}

// pass moves on by size bytes of what is ahead and the newlines after them, if
// they stand there and the limit allows that size.
func (l *lines) advance(size int, newlines string) bool {
	end := l.start + size + len(newlines)
	if size == 0 || size > l.limit || end > l.end || string(l.buf[l.start+size:end]) != newlines {
		return false
	}
	l.start = end
	return true
}

// unread gives the line returned last back, to be returned again. It must not
// have been held.
func (l *lines) unread() {
	l.start = l.lineAt
	l.skipLF = false
}

// hold keeps tail, the end of the line returned last, until release. It may
// move it: the line is no longer valid.
func (l *lines) hold(tail []byte) {
	if !l.holding {
		l.holding = true
		l.heldAt, l.heldEnd = l.lineEnd-len(tail), l.lineEnd
		return
	}
	// There is room: at least one byte, the gap, parts what is held from the line.
	l.buf[l.heldEnd] = '\n'
	l.heldEnd += 1 + copy(l.buf[l.heldEnd+1:], tail)
}

// held returns what is held, valid until the next call of next.
func (l *lines) held() []byte { return l.buf[l.heldAt:l.heldEnd:l.heldEnd] }

func (l *lines) heldLen() int { return l.heldEnd - l.heldAt }

// release forgets what is held.
func (l *lines) release() {
	l.holding = false
	l.heldAt, l.heldEnd = 0, 0
}

// skip drops what is not part of any line: a byte order mark at the very
// start, and the LF of a CRLF whose CR has already ended a line.
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

// close gives the buffer back for another stream. What was returned from it is
// no longer valid.
func (l *lines) close() {
	l.holding = false
	l.fail(errClosed)
}

// buffers are those of streams that have ended: half of what an answer of one
// chunk would allocate.
var buffers = sync.Pool{New: func() any { return new([minBuffer]byte) }}

// newline finds the end of the next line and the size of its newline, 0 where
// the buffer holds none.
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

// find returns the first position of c in b, at or after from; len(b) where
// there is none.
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
	// At the end of the buffer a CR may be half of a CRLF. Waiting for the next
	// byte to know could take as long as the model thinks.
	l.skipLF = newline == 1 && l.start == l.end && l.buf[end] == '\r'
	return l.buf[l.lineAt:end:end]
}

// fail makes err the answer of every later call. The buffer is given back, unless
// the caller may yet want what it holds.
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

// fill reads once: at least one byte, or an error.
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

// makeRoom sees to it that there is space to read into: a quarter of the buffer
// or more, unless the limit is near. Below that, reads would become tiny.
func (l *lines) makeRoom() {
	unread := l.end - l.start
	needed := l.heldLen() + 1 + unread // 1 for the gap
	size := len(l.buf)
	switch {
	case size == 0, size > keepBuffer && needed <= minBuffer/2:
		l.move(minBuffer)
	case needed > size/4*3:
		// What is needed is at most limit+1, so this always makes room.
		l.move(min(2*size, l.limit+minBuffer))
	case unread == 0 && !l.holding, size-l.end < size/4:
		l.move(size)
	}
}

// move puts what is held and what is unread at the start of a buffer of that
// size, closing the gaps before and between them but for the byte that hold
// writes to. Bytes in place already are not copied: a long event that comes in
// many small reads stays linear.
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
