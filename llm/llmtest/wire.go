package llmtest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HTTPReply is one reply of a [Server], with its faults. Package llm/llmtest/conformance
// returns replies in the formats of real servers. The functions of this package return other
// replies. The methods return copies with a fault:
//
//	conformance.OpenAI().Stream(llmtest.Text("Hello")).CutReset(120)
//
// Offsets are in bytes of the current body. Call methods that change the body before methods
// that cut it. By default the body is sent in chunked encoding, with one chunk and one write
// for each frame of a stream, and the connection is kept open. The zero HTTPReply is an empty
// reply with status 200.
type HTTPReply struct {
	Status int         // 0 means 200
	Header http.Header // including Content-Type
	Body   []byte

	sized      bool          // with a Content-Length
	headerWait time.Duration // before the status line
	pace       time.Duration // before each piece of the body
	piece      int           // the size of the pieces; 0 means frames
	end        ending
	at         int // the offset of a cut or stall
}

// ending is the end of a reply.
type ending uint8

const (
	endWell    ending = iota
	endReset          // the connection breaks inside the body
	endStall          // the body stops, and the connection stays open
	endSilent         // there is no reply, and the connection stays open
	endHangUp         // the connection breaks before the status line
	endGarbled        // the reply is not HTTP, then the connection breaks
)

// HTTP returns a reply with a body of this content type, sent with a Content-Length.
func HTTP(status int, contentType, body string) HTTPReply {
	w := HTTPReply{Status: status, Header: http.Header{}, Body: []byte(body), sized: true}
	if contentType != "" {
		w.Header.Set("Content-Type", contentType)
	}
	return w
}

// JSON returns a reply with a JSON body.
func JSON(status int, body string) HTTPReply { return HTTP(status, "application/json", body) }

// Empty returns a reply without a body. Many gateways fail like this.
func Empty(status int) HTTPReply { return HTTP(status, "", "") }

// WebPage returns an HTML page with status 200. Some proxies send one instead of the reply of
// the API.
func WebPage() HTTPReply {
	return HTTP(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>\n")
}

// Redirect returns a redirect to url.
func Redirect(status int, url string) HTTPReply {
	return Empty(status).WithHeader("Location", url)
}

// NoResponse accepts the request and never answers.
func NoResponse() HTTPReply { return HTTPReply{end: endSilent} }

// HangUp accepts the request and closes the connection immediately. On loopback the client
// sees a reset.
func HangUp() HTTPReply { return HTTPReply{end: endHangUp} }

// NotHTTP accepts the request and answers with bytes that are not HTTP.
func NotHTTP(data string) HTTPReply { return HTTPReply{end: endGarbled, Body: []byte(data)} }

// WithHeader returns the reply with a header set.
func (w HTTPReply) WithHeader(name, value string) HTTPReply {
	w.Header = w.Header.Clone()
	if w.Header == nil {
		w.Header = http.Header{}
	}
	w.Header.Set(name, value)
	return w
}

// WithLength sends the body with a Content-Length instead of in chunks.
func (w HTTPReply) WithLength() HTTPReply {
	w.sized = true
	return w
}

// CutClean ends the body after n bytes, as if it were complete. Some proxies do this when the
// server fails. HTTP clients cannot detect it.
func (w HTTPReply) CutClean(n int) HTTPReply {
	w.Body = slices.Clip(w.Body[:clamp(n, w.Body)])
	return w
}

// CutReset breaks the connection after n bytes of the body. On loopback the client sees a
// reset. In memory it sees an unexpected end.
func (w HTTPReply) CutReset(n int) HTTPReply {
	w.end, w.at = endReset, clamp(n, w.Body)
	return w
}

// Stall sends n bytes of the body, and nothing more until the client closes the connection. See
// [Server.WaitStalled].
func (w HTTPReply) Stall(n int) HTTPReply {
	w.end, w.at = endStall, clamp(n, w.Body)
	return w
}

// Insert inserts data into the body at offset n: for example garbage, or a frame.
func (w HTTPReply) Insert(n int, data string) HTTPReply {
	w.Body = slices.Concat(w.Body[:clamp(n, w.Body)], []byte(data), w.Body[clamp(n, w.Body):])
	return w
}

// BeforeEach inserts data before each frame of a stream: for example ": ping\n\n".
func (w HTTPReply) BeforeEach(data string) HTTPReply {
	var body []byte
	for _, frame := range w.Frames() {
		body = append(append(body, data...), frame...)
	}
	w.Body = body
	return w
}

// LineEnds replaces the line ends of the body with "\r\n" or "\r".
func (w HTTPReply) LineEnds(end string) HTTPReply {
	w.Body = bytes.ReplaceAll(w.Body, []byte("\n"), []byte(end))
	return w
}

// ByteOrderMark inserts a UTF-8 byte order mark at the start of the body.
func (w HTTPReply) ByteOrderMark() HTTPReply { return w.Insert(0, "\uFEFF") }

// Pieces sends the body in pieces of n bytes, with one write for each, instead of frames.
func (w HTTPReply) Pieces(n int) HTTPReply {
	w.piece = n
	return w
}

// Pace delays each piece of the body.
func (w HTTPReply) Pace(d time.Duration) HTTPReply {
	w.pace = d
	return w
}

// SlowHeader delays the status line.
func (w HTTPReply) SlowHeader(d time.Duration) HTTPReply {
	w.headerWait = d
	return w
}

// Frames returns the frames of a streamed body: server-sent events with their blank lines, or
// lines of NDJSON. Any other body is one frame.
func (w HTTPReply) Frames() [][]byte {
	var separators []string
	switch mediaType, _, _ := strings.Cut(w.Header.Get("Content-Type"), ";"); mediaType {
	case "text/event-stream":
		separators = []string{"\n\n", "\r\n\r\n", "\r\r"}
	case "application/x-ndjson":
		separators = []string{"\n"}
	}
	var frames [][]byte
	for rest := w.Body; len(rest) > 0; {
		end := len(rest)
		for _, separator := range separators {
			if i := bytes.Index(rest[:end], []byte(separator)); i >= 0 {
				end = i + len(separator)
			}
		}
		frames = append(frames, rest[:end:end])
		rest = rest[end:]
	}
	return frames
}

// pieces returns the pieces of the body, up to a cut or stall.
func (w HTTPReply) pieces() [][]byte {
	limit := len(w.Body)
	if w.end != endWell {
		limit = w.at
	}
	if w.piece > 0 {
		return slices.Collect(slices.Chunk(w.Body[:limit], w.piece))
	}
	pieces := w.Frames()
	for i, piece := range pieces {
		if limit <= len(piece) {
			pieces[i] = piece[:limit]
			if limit == 0 {
				return pieces[:i]
			}
			return pieces[:i+1]
		}
		limit -= len(piece)
	}
	return pieces
}

// head returns the status line and the headers.
func (w HTTPReply) head() []byte {
	status := w.Status
	if status == 0 {
		status = http.StatusOK
	}
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	w.Header.WriteSubset(&b, map[string]bool{"Content-Length": true, "Transfer-Encoding": true}) // a Buffer takes all
	if w.sized {
		b.WriteString("Content-Length: " + strconv.Itoa(len(w.Body)) + "\r\n\r\n")
	} else {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	}
	return b.Bytes()
}

func clamp(n int, body []byte) int { return max(0, min(n, len(body))) }
