package stream

// Frame is one unit of a streamed reply: an event of an event stream, or one
// line of NDJSON.
type Frame struct {
	// Event is the event's name; empty when the server sent none, and in NDJSON.
	Event string
	// Data is the payload, valid until the next call of Next. It is as sent:
	// invalid UTF-8 is left for the JSON decoder to replace.
	Data []byte
	// Bare says that the payload is a JSON value which stood in an event
	// stream without a field name.
	Bare bool
	// Unterminated says that what marks the frame's end never came: the
	// event's blank line, the last line's newline, or a bare value's closing
	// bracket. The payload may be whole or cut.
	Unterminated bool
}

// Frames is a source of frames, such as [SSE] and [NDJSON].
type Frames interface {
	// Next returns the next frame. At the end of the body the error is io.EOF;
	// a line or event over the limit is a *[TooLongError]; other errors are the
	// reader's own, returned once the frames completed before them have been.
	// Every call after an error returns it again.
	Next() (Frame, error)

	// Ahead returns what has been read beyond the last frame, from where the
	// next one's data begins; nil where that is not plain to see. It ends the use
	// of the last frame.
	Ahead() []byte
	// Pass moves on to the frame after the next, whose data is the first size bytes
	// of what is ahead. It reports false, and does nothing, if size is 0 or the
	// next frame does not end there.
	Pass(size int) bool
}

var (
	_ Frames = (*SSE)(nil)
	_ Frames = (*NDJSON)(nil)
)
