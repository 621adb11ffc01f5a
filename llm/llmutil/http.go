package llmutil

import (
	"io"
	"net/http"
	"time"

	"github.com/parley-llm/parley/internal/seconds"
)

// RetryAfter returns the time to wait that an error reply asks for, for
// [llm.Error.RetryAfter]. It reads OpenAI's Retry-After-Ms header in milliseconds, and
// otherwise Retry-After: a number of seconds, possibly with a fraction, or a date (RFC 9110,
// section 10.2.3). now is the current time, for dates.
//
// RetryAfter returns 0 for a missing or invalid value: a negative number, NaN, a date in the
// past, or a time of more than a year, for example "1e100".
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := seconds.Parse(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if d, ok := seconds.Parse(value, time.Second); ok {
		return d
	}
	if date, err := http.ParseTime(value); err == nil {
		if d := date.Sub(now); d > 0 && d < seconds.Max {
			return d
		}
	}
	return 0
}

// maxRest and maxRestTime limit the rest of a body that DrainAndClose reads.
const (
	maxRest     = 4 << 10
	maxRestTime = 20 * time.Millisecond
)

// DrainAndClose closes the body of a reply whose answer is complete. Before that, it reads
// the rest of the body, at most 4 KB within 20 ms, because net/http reuses an HTTP/1
// connection only if its body was read to the end. The rest is usually a few bytes, but a
// server may keep the body open.
//
// Call DrainAndClose after the last event. If the caller stopped reading or canceled, or if
// the answer failed, close the body without reading, so that the server stops generating.
func DrainAndClose(body io.ReadCloser) error {
	late := time.AfterFunc(maxRestTime, func() { body.Close() }) // ends the read
	io.CopyN(io.Discard, body, maxRest)                          // the error does not matter: the answer is complete
	late.Stop()
	return body.Close()
}
