package llmtest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A HTTPReply is one HTTP reply as a [Server] sends it, with its faults. A dialect
// makes those that answer a call well; the functions below make others; the
// methods return copies with a fault:
//
//	conformance.OpenAI().Stream(llmtest.Text("Hello")).CutReset(120)
//
// Offsets count bytes of the body as it is when the method is called, so that
// what changes the body comes before what cuts it. Without a fault the body is sent in chunked
// encoding, one HTTP chunk and one write for each frame of a stream, and the
// connection is kept. The zero HTTPReply is an empty reply with status 200.
type HTTPReply struct {
	Status int         // 0 is 200
	Header http.Header // Content-Type included
	Body   []byte

	sized      bool          // with a Content-Length
	headerWait time.Duration // before the status line
	pace       time.Duration // before each piece of the body
	piece      int           // size of the pieces, 0 for frames
	end        ending
	at         int // where the end is, for cuts and stalls of the body
}

// ending is how a reply ends.
type ending uint8

const (
	endWell    ending = iota
	endReset          // the connection breaks inside the body
	endStall          // nothing more comes inside the body
	endSilent         // nothing ever comes
	endHangUp         // the connection breaks before the status line
	endGarbled        // bytes that are not HTTP, then the connection breaks
)

// HTTP is a reply with a body of this type, sent with its length.
func HTTP(status int, contentType, body string) HTTPReply {
	w := HTTPReply{Status: status, Header: http.Header{}, Body: []byte(body), sized: true}
	if contentType != "" {
		w.Header.Set("Content-Type", contentType)
	}
	return w
}

// JSON is a reply with a JSON body.
func JSON(status int, body string) HTTPReply { return HTTP(status, "application/json", body) }

// Empty is a reply without a body: the way many gateways fail.
func Empty(status int) HTTPReply { return HTTP(status, "", "") }

// WebPage is what a proxy says in place of the API: an HTML page, with status 200.
func WebPage() HTTPReply {
	return HTTP(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>\n")
}

// Redirect sends the client elsewhere.
func Redirect(status int, url string) HTTPReply {
	return Empty(status).WithHeader("Location", url)
}

// NoResponse takes the request and never answers.
func NoResponse() HTTPReply { return HTTPReply{end: endSilent} }

// HangUp takes the request and closes the connection at once. On loopback the
// client sees a reset.
func HangUp() HTTPReply { return HTTPReply{end: endHangUp} }

// NotHTTP takes the request and answers with bytes that are no HTTP, as another
// kind of server on the port would.
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

// CutClean ends the body after n bytes as if that were all of it: what a proxy
// makes of a server that died, and what no layer below the dialect can notice.
func (w HTTPReply) CutClean(n int) HTTPReply {
	w.Body = slices.Clip(w.Body[:clamp(n, w.Body)])
	return w
}

// CutReset breaks the connection after n bytes of the body. On loopback the
// client sees a reset, in memory an end without the body's end.
func (w HTTPReply) CutReset(n int) HTTPReply {
	w.end, w.at = endReset, clamp(n, w.Body)
	return w
}

// Stall sends n bytes of the body, and then nothing more until the client
// leaves. See [Server.WaitStalled].
func (w HTTPReply) Stall(n int) HTTPReply {
	w.end, w.at = endStall, clamp(n, w.Body)
	return w
}

// Insert puts data into the body before its n-th byte: garbage, or a frame.
func (w HTTPReply) Insert(n int, data string) HTTPReply {
	w.Body = slices.Concat(w.Body[:clamp(n, w.Body)], []byte(data), w.Body[clamp(n, w.Body):])
	return w
}

// BeforeEach puts data before each frame of a stream: ": ping\n\n", say.
func (w HTTPReply) BeforeEach(data string) HTTPReply {
	var body []byte
	for _, frame := range w.Frames() {
		body = append(append(body, data...), frame...)
	}
	w.Body = body
	return w
}

// LineEnds changes how the body's lines end: "\r\n", or "\r".
func (w HTTPReply) LineEnds(end string) HTTPReply {
	w.Body = bytes.ReplaceAll(w.Body, []byte("\n"), []byte(end))
	return w
}

// ByteOrderMark begins the body with a UTF-8 byte order mark.
func (w HTTPReply) ByteOrderMark() HTTPReply { return w.Insert(0, "\uFEFF") }

// Pieces sends the body in pieces of n bytes, each in a write of its own,
// instead of frame by frame.
func (w HTTPReply) Pieces(n int) HTTPReply {
	w.piece = n
	return w
}

// Pace waits this long before each piece of the body.
func (w HTTPReply) Pace(d time.Duration) HTTPReply {
	w.pace = d
	return w
}

// SlowHeader waits this long before the status line.
func (w HTTPReply) SlowHeader(d time.Duration) HTTPReply {
	w.headerWait = d
	return w
}

// Frames returns the frames of a streamed body: events up to and including
// their blank line, or lines of NDJSON. Any other body is one frame.
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

// pieces returns the body up to its end, as it is to be written.
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
