package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// Dialect describes the replies of one dialect to [ReadChat]. C is its wire struct, one
// chunk of an answer. P is the meaning of a plain chunk apart from its text. A Dialect is
// never changed, and all answers share it.
type Dialect[C any, P comparable] struct {
	// Decoder decodes a frame of a stream, or the whole of a reply that is not streamed.
	Decoder *stream.Decoder[C]
	// Spec names the members in which two plain frames of the same meaning may differ.
	Spec *stream.Spec
	// NDJSON selects one chunk per line. The default is an event stream.
	NDJSON bool
	// DoneMarker means that the event "[DONE]" ends an answer. Otherwise it is ignored.
	DoneMarker bool
}

// Handler turns the chunks of one answer into events.
type Handler[C any, P comparable] interface {
	// Plain reports whether the chunk is one piece of text, reasoning or tool arguments
	// and nothing else. If so, it returns the text and the rest of the meaning. Frames like
	// it are then passed to Piece without decoding. Use [stream.IsZero] to check for other
	// members, so that a new field of C needs no change here.
	Plain(c *C) (rest P, text string, ok bool)
	// Piece passes on a plain frame. The frame is valid during the call.
	Piece(rest P, text string, frame []byte)
	// Chunk passes on a chunk and reports whether the answer is
	// complete. A chunk may be an error of the server: Chunk returns it. Pointers and slices
	// in the chunk are valid only during the call.
	Chunk(c *C, from Origin) (done bool, err error)
	// End ends the answer after the last chunk. It returns an error if the answer is not
	// complete.
	End(why Ending) error
}

// Origin says where a chunk was found.
type Origin struct {
	Data  []byte // the JSON of the chunk
	Bare  bool   // a JSON value without a field name, in an event stream
	Whole bool   // the whole reply, not a frame of a stream
}

// Ending says why there are no more chunks.
type Ending struct {
	// Failure is the error if the reply was cut, could not be read to its end, or is not a
	// stream. It is nil if the reply ended normally.
	Failure *llm.Error
	Marker  bool // the reply ended with "[DONE]"
	Whole   bool // the reply was not streamed
}

// learnFrom is the number of frames after the first content from which on shapes are learned.
// To learn one costs as much as it saves on five frames, so short answers do without.
const learnFrom = 5

// ReadChat reads the reply to a chat to its end, in the form that the server chose:
// streamed, or as one JSON value. It returns an error that has not been yielded.
//
// Each frame of a stream is decoded, and h passes it on. Most frames of a long stream
// differ only in their text: ReadChat learns their shape, and then cuts the text out of
// the frame without decoding it. See package stream.
func ReadChat[C any, P comparable](a *Answer, d *Dialect[C, P], h Handler[C, P]) error {
	r := &chatReader[C, P]{answer: a, dialect: d, handler: h, decoder: d.Decoder.Frames(&a.Text)}
	defer r.decoder.Close()
	if err := r.read(); err != nil {
		return err
	}
	return a.endedError()
}

// read reads the reply in its form.
func (r *chatReader[C, P]) read() error {
	a, d := r.answer, r.dialect
	if r.isWhole() && (d.NDJSON || !a.Reply.BeginsWith(eventFields...)) {
		data, err := a.ReadAll(httpcall.WholeReply(a.Reply.Limits()))
		if err != nil {
			return err
		}
		return r.readWhole(data)
	}
	body := a.Body()
	if !d.NDJSON && a.Reply.MediaType() != eventStream {
		body = io.TeeReader(body, &a.head) // which an error may quote
	}
	return r.readStream(body)
}

const eventStream = "text/event-stream"

// chatReader reads the reply to one chat.
type chatReader[C any, P comparable] struct {
	answer  *Answer
	dialect *Dialect[C, P]
	handler Handler[C, P]
	decoder *stream.FrameDecoder[C]
	shapes  stream.Shapes[P]
	decoded int // frames after the first content
}

// isWhole reports whether the reply is one JSON value. Some gateways do not stream
// although the request asks for it, and some servers always stream: the type decides.
func (r *chatReader[C, P]) isWhole() bool {
	mediaType := r.answer.Reply.MediaType()
	if r.dialect.NDJSON {
		return r.answer.Request.NonStreaming && mediaType != "application/x-ndjson"
	}
	return mediaType == "application/json" || r.answer.Request.NonStreaming && mediaType != eventStream
}

// readStream reads a stream to its end.
func (r *chatReader[C, P]) readStream(body io.Reader) error {
	var frames stream.Frames
	if limit := r.answer.Reply.Limits().FrameBytes; r.dialect.NDJSON {
		frames = stream.NewNDJSON(body, limit)
	} else {
		frames = stream.NewSSE(body, limit)
	}
	defer frames.Close()
	r.shapes.Spec = r.dialect.Spec
	for !r.answer.Stopped() {
		if !r.shapes.IsEmpty() {
			buffered := frames.Buffered()
			if rest, text, size := r.shapes.MatchPrefix(buffered); frames.Advance(size) {
				r.handler.Piece(rest, r.answer.Text.Add(text), buffered[:size])
				continue
			}
		}
		f, err := frames.Next()
		if err != nil {
			return r.handler.End(Ending{Failure: r.failure(frames, err)})
		}
		if f.Event != "error" && !f.Bare && !f.Unterminated {
			if rest, text, ok := r.shapes.Match(f.Data); ok {
				r.handler.Piece(rest, r.answer.Text.Add(text), f.Data)
				continue
			}
		}
		if r.dialect.NDJSON && !r.answer.Started() && string(f.Data) == "{" {
			return r.readPrinted(frames)
		}
		if done, err := r.frame(f); done || err != nil {
			return err
		}
	}
	return nil
}

// failure returns the error for a body that ended, or could not be read on; nil if it
// may have ended normally.
func (r *chatReader[C, P]) failure(frames stream.Frames, err error) *llm.Error {
	if failure := r.answer.Unreadable(err); failure != nil {
		return failure
	}
	if frames.Cut() {
		return r.answer.CutInLine()
	}
	if !r.dialect.NDJSON {
		return r.answer.NotAStream()
	}
	return nil
}

// frame handles one frame, and reports whether the answer is complete.
func (r *chatReader[C, P]) frame(f stream.Frame) (done bool, err error) {
	data := bytes.TrimSpace(f.Data)
	switch {
	case f.Event == "error":
		return false, r.answer.Reply.APIError(data, llm.Server)
	case len(data) == 0, f.Event != "" && isKeepAlive([]byte(f.Event)), data[0] != '{' && isKeepAlive(data):
		return false, nil
	case string(data) == "[DONE]" && !r.dialect.NDJSON:
		if r.dialect.DoneMarker {
			return true, r.handler.End(Ending{Marker: true})
		}
		return false, nil
	}
	c, err := r.decoder.Decode(data)
	if err != nil {
		if values := splitValues(data); values != nil {
			return r.glued(f.Event, values)
		}
		return true, r.broken(f, err)
	}
	var (
		rest  P
		text  string
		plain bool
	)
	if r.answer.HasContent() {
		r.decoded++
	}
	if r.decoded >= learnFrom && r.shapes.CanLearn() {
		rest, text, plain = r.handler.Plain(c)
	}
	done, err = r.handler.Chunk(c, Origin{Data: f.Data, Bare: f.Bare})
	if plain && err == nil && !done {
		r.shapes.Learn(f.Data, text, rest)
	}
	return done, err
}

// glued handles the values of a frame that has several.
func (r *chatReader[C, P]) glued(event string, values [][]byte) (done bool, err error) {
	for _, value := range values {
		if done, err := r.frame(stream.Frame{Event: event, Data: value}); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// splitValues returns the JSON values in the data of a frame, if there are several and
// nothing else: some proxies join events, for example {"choices":…}[DONE] or
// {"choices":…}data: {"choices":…}.
func splitValues(data []byte) (values [][]byte) {
	const marker, name = "[DONE]", "data:"
	for rest := data; ; {
		rest = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(rest), []byte(name)))
		if len(rest) == 0 {
			break
		}
		if bytes.HasPrefix(rest, []byte(marker)) {
			values, rest = append(values, rest[:len(marker)]), rest[len(marker):]
			continue
		}
		var value json.RawMessage
		d := json.NewDecoder(bytes.NewReader(rest))
		if d.Decode(&value) != nil || value[0] != '{' {
			return nil
		}
		values, rest = append(values, value), rest[d.InputOffset():]
	}
	if len(values) < 2 {
		return nil
	}
	return values
}

// isKeepAlive reports whether the name or the data of an event says that it only keeps the
// connection alive. Most servers use a comment.
func isKeepAlive(text []byte) bool {
	switch strings.ToLower(string(text[:min(len(text), 16)])) {
	case "ping", "pong", "keep-alive", "keepalive", "heartbeat":
		return true
	}
	return false
}

// maxErrorFrame is the size in bytes of the largest frame in which the error of a server is
// searched. Larger frames are contents, and searching them takes longer than decoding them.
const maxErrorFrame = 64 << 10

// broken returns the error for a frame that is not a chunk. It may be cut, or an error of the
// server in another form.
func (r *chatReader[C, P]) broken(f stream.Frame, err error) error {
	if f.Unterminated {
		return r.handler.End(Ending{Failure: r.answer.CutInLine()})
	}
	_, isSyntax := errors.AsType[*json.SyntaxError](err)
	if len(f.Data) <= maxErrorFrame || isSyntax {
		e := r.answer.Reply.APIError(f.Data[:min(len(f.Data), maxErrorFrame)], llm.Protocol)
		switch {
		case r.dialect.NDJSON && isSyntax:
			e.Message = "a line of the stream is not JSON: " + e.Message
			return e
		case e.Kind != llm.Protocol:
			return e
		}
	}
	unit := "frame"
	if r.dialect.NDJSON {
		unit = "line"
	}
	return r.answer.Reply.ReplyError(llm.Protocol, "a "+unit+" of the stream is not a chunk of an answer: "+err.Error())
}

// readPrinted reads a reply of one JSON value that is formatted over many lines, of which
// the first has been read. Some gateways send such replies.
func (r *chatReader[C, P]) readPrinted(lines stream.Frames) error {
	limit := r.answer.Reply.Limits().FrameBytes
	data := []byte("{")
	for {
		line, err := lines.Next()
		switch {
		case err == io.EOF:
			return r.readWhole(data)
		case err != nil:
			return r.handler.End(Ending{Failure: r.failure(lines, err)})
		case len(data)+len(line.Data) >= limit:
			return r.handler.End(Ending{Failure: r.failure(lines, &stream.TooLongError{Limit: limit})})
		}
		data = append(append(data, '\n'), line.Data...)
	}
}

// readWhole handles a reply that is one JSON value: a chunk, or a list of chunks, as
// Gemini sends them without alt=sse.
func (r *chatReader[C, P]) readWhole(data []byte) error {
	if !r.dialect.NDJSON && looksStreamed(data) { // although its type is another
		return r.readStream(bytes.NewReader(data))
	}
	chunks := List[json.RawMessage]{data}
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) {
		if err := json.Unmarshal(data, &chunks); err != nil {
			return r.answer.Reply.DecodeError(data, err)
		}
	}
	for _, data := range chunks {
		c, err := r.decoder.Decode(data)
		if err != nil {
			return r.answer.Reply.DecodeError(data, err)
		}
		if done, err := r.handler.Chunk(c, Origin{Data: data, Whole: true}); done || err != nil {
			return err
		}
	}
	if r.answer.Stopped() {
		return nil
	}
	return r.handler.End(Ending{Whole: true})
}

// eventFields are the beginnings of an event stream.
var eventFields = []string{"data:", "event:", ":", "id:", "retry:"}

// looksStreamed reports whether a body begins as an event stream does.
func looksStreamed(body []byte) bool {
	body = bytes.TrimLeft(body, "\uFEFF \t\r\n")
	for _, beginning := range eventFields {
		if bytes.HasPrefix(body, []byte(beginning)) {
			return true
		}
	}
	return false
}
