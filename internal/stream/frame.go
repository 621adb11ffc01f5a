package stream

// Frame is one unit of a streamed reply: an event of an event stream, or one line of
// NDJSON.
type Frame struct {
	// Event is the event's name. It is empty if the server sent none, and in NDJSON.
	Event string
	// Data is the payload. It is valid until the next call of Next or Buffered. It is not
	// changed: invalid UTF-8 is left for the decoder to replace.
	Data []byte
	// Bare reports that the payload is a JSON value without a field name, in an event
	// stream. Some servers send errors in this form.
	Bare bool
	// Unterminated reports that the end of the frame is missing: the blank line of an
	// event, the newline of the last line, or the closing bracket of a bare value. The
	// payload may be whole or cut.
	Unterminated bool
}

// Frames is a source of frames: [SSE] or [NDJSON].
type Frames interface {
	// Next returns the next frame. At the end of the body the error is io.EOF. If a line
	// or an event is over the limit, it is a *[TooLongError]. Other errors are those of
	// the reader; frames that were complete before the error are returned first. After an
	// error, every call returns it again.
	Next() (Frame, error)

	// Buffered returns the bytes that have been read beyond the last frame, beginning with
	// the data of the next frame. It returns nil if it cannot tell where that data begins.
	// It ends the validity of the last frame.
	Buffered() []byte
	// Advance skips the next frame if its data is the first size bytes of Buffered, and
	// reports whether it did. It reports false if size is 0.
	Advance(size int) bool

	// Cut reports, after Next has returned io.EOF, whether the body ended inside the
	// field name of a data line.
	Cut() bool
	// Close ends the use of the source and of every frame that it returned. It does not
	// close the reader.
	Close()
}

var (
	_ Frames = (*SSE)(nil)
	_ Frames = (*NDJSON)(nil)
)
