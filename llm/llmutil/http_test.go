package llmutil_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm/llmutil"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"none", header(), 0},
		{"seconds", header("Retry-After", "20"), 20 * time.Second},
		{"a fraction of a second", header("Retry-After", "0.5"), 500 * time.Millisecond},
		{"a minute", header("Retry-After", "60"), time.Minute},
		{"just over a minute", header("Retry-After", "61"), 61 * time.Second},
		{"two minutes", header("Retry-After", "121"), 121 * time.Second},
		{"zero", header("Retry-After", "0"), 0},
		{"spaces", header("Retry-After", " 7 "), 7 * time.Second},
		{"a date to come", header("Retry-After", in(30*time.Second)), 30 * time.Second},
		{"a date to come, in the format of RFC 850", header("Retry-After", now.Add(time.Minute).Format(time.RFC850)), time.Minute},
		{"a date to come, in C's format", header("Retry-After", now.Add(time.Minute).Format(time.ANSIC)), time.Minute},
		{"a date gone by", header("Retry-After", in(-30*time.Second)), 0},
		{"a date in ten years", header("Retry-After", in(10*366*24*time.Hour)), 0},
		{"a date that does not exist", header("Retry-After", "Mon, 32 Nov 2026 12:00:00 GMT"), 0},
		{"a date in no known format", header("Retry-After", "2026-11-23T12:00:30Z"), 0},
		{"infinity", header("Retry-After", "inf"), 0},
		{"negative infinity", header("Retry-After", "-inf"), 0},
		{"not a number", header("Retry-After", "nan"), 0},
		{"negative", header("Retry-After", "-1"), 0},
		{"a huge power", header("Retry-After", "1e100"), 0},
		{"300 digits", header("Retry-After", strings.Repeat("9", 300)), 0},
		{"400 digits", header("Retry-After", strings.Repeat("9", 400)), 0},
		{"words", header("Retry-After", "soon"), 0},
		{"milliseconds", header("Retry-After-Ms", "1500"), 1500 * time.Millisecond},
		{"a fraction of a millisecond", header("Retry-After-Ms", "0.5"), 500 * time.Microsecond},
		{"milliseconds before seconds", header("Retry-After-Ms", "250", "Retry-After", "9"), 250 * time.Millisecond},
		{"nonsense in milliseconds, then seconds", header("Retry-After-Ms", "nan", "Retry-After", "9"), 9 * time.Second},
		{"negative milliseconds, then seconds", header("Retry-After-Ms", "-1", "Retry-After", "9"), 9 * time.Second},
		{"too many milliseconds", header("Retry-After-Ms", "1e100"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := llmutil.RetryAfter(tt.header, now); got != tt.want {
				t.Errorf("RetryAfter(%v) = %v, want %v", tt.header, got, tt.want)
			}
		})
	}
}

// body counts its reads, and blocks at its end until it is closed, if open is not nil.
type body struct {
	io.Reader
	open   chan struct{}
	closed int
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.open != nil {
		<-b.open
		return n, io.ErrClosedPipe
	}
	return n, err
}

func (b *body) Close() error {
	if b.closed++; b.closed == 1 && b.open != nil {
		close(b.open)
	}
	return nil
}

func TestDrainAndCloseReadsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name string
			rest int
			open bool // the server keeps the body open
			left int
			took time.Duration
		}{
			{"short", 7, false, 0, 0},
			{"empty", 0, false, 0, 0},
			{"long", 5000, false, 5000 - 4096, 0},
			{"kept open", 7, true, 0, 20 * time.Millisecond},
		} {
			rest := strings.NewReader(strings.Repeat("x", tt.rest))
			b := &body{Reader: rest}
			if tt.open {
				b.open = make(chan struct{})
			}
			begin := time.Now()
			if err := llmutil.DrainAndClose(b); err != nil {
				t.Errorf("%s: the error is %v", tt.name, err)
			}
			if took := time.Since(begin); took != tt.took || rest.Len() != tt.left || b.closed == 0 {
				t.Errorf("%s: it took %v and left %d bytes, closed %d times; want %v, %d, at least once", tt.name, took, rest.Len(), b.closed, tt.took, tt.left)
			}
		}
	})
}
