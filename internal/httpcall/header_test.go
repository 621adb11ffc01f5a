package httpcall

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestRetryAfter(t *testing.T) {
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
		{"an maxWait power", header("Retry-After", "1e100"), 0},
		{"300 digits", header("Retry-After", strings.Repeat("9", 300)), 0},
		{"400 digits", header("Retry-After", strings.Repeat("9", 400)), 0},
		{"words", header("Retry-After", "soon"), 0},
		{"milliseconds", header("Retry-After-Ms", "1500"), 1500 * time.Millisecond},
		{"a fraction of a millisecond", header("Retry-After-Ms", "0.5"), 500 * time.Microsecond},
		{"milliseconds before seconds", header("Retry-After-Ms", "250", "Retry-After", "9"), 250 * time.Millisecond},
		{"nonsense in milliseconds, then seconds", header("Retry-After-Ms", "nan", "Retry-After", "9"), 9 * time.Second},
		{"negative milliseconds, then seconds", header("Retry-After-Ms", "-1", "Retry-After", "9"), 9 * time.Second},
		{"maxWait milliseconds", header("Retry-After-Ms", "1e100"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := retryAfter(tt.header, now); got != tt.want {
				t.Errorf("retryAfter(%v) = %v, want %v", tt.header, got, tt.want)
			}
		})
	}
}

func TestRateLimitHeaders(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		header http.Header
		want   *llm.RateLimits
	}{
		{"none", header("Content-Type", "application/json"), nil},
		{"OpenAI's", header(
			"x-ratelimit-limit-requests", "10000", "x-ratelimit-remaining-requests", "9999", "x-ratelimit-reset-requests", "8.64s",
			"x-ratelimit-limit-tokens", "200000", "x-ratelimit-remaining-tokens", "199000", "x-ratelimit-reset-tokens", "6m0s",
		), &llm.RateLimits{
			RequestLimit: 10000, RequestsLeft: 9999, RequestReset: 8640 * time.Millisecond,
			TokenLimit: 200000, TokensLeft: 199000, TokenReset: 6 * time.Minute,
		}},
		{"only what is left of the tokens, which is nothing", header("x-ratelimit-remaining-tokens", "0"), &llm.RateLimits{
			RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: 0, TokenReset: -1,
		}},
		{"seconds without a unit", header("x-ratelimit-reset-requests", "1.5", "x-ratelimit-reset-tokens", "17ms"), &llm.RateLimits{
			RequestLimit: -1, RequestsLeft: -1, RequestReset: 1500 * time.Millisecond,
			TokenLimit: -1, TokensLeft: -1, TokenReset: 17 * time.Millisecond,
		}},
		{"Anthropic's", header(
			"anthropic-ratelimit-requests-limit", "4000", "anthropic-ratelimit-requests-remaining", "3999", "anthropic-ratelimit-requests-reset", "2026-11-30T12:00:30Z",
			"anthropic-ratelimit-tokens-limit", "480000", "anthropic-ratelimit-tokens-remaining", "479000", "anthropic-ratelimit-tokens-reset", "2026-11-30T11:59:59Z",
		), &llm.RateLimits{
			RequestLimit: 4000, RequestsLeft: 3999, RequestReset: 30 * time.Second,
			TokenLimit: 480000, TokensLeft: 479000, TokenReset: 0, // has passed
		}},
		{"Anthropic's without a date", header("anthropic-ratelimit-tokens-remaining", "7", "anthropic-ratelimit-tokens-reset", "soon"), &llm.RateLimits{
			RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: 7, TokenReset: -1,
		}},
		{"nonsense", header("x-ratelimit-limit-requests", "many", "x-ratelimit-reset-tokens", "-5s", "x-ratelimit-remaining-tokens", "-3"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) { equal(t, "rate limits", rateLimits(tt.header, now), tt.want) })
	}
}

func TestRequestIDHeaders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"OpenAI", header("x-request-id", "req_1"), "req_1"},
		{"Azure's gateway", header("apim-request-id", "a-1"), "a-1"},
		{"Azure's service", header("x-ms-request-id", "ms-1"), "ms-1"},
		{"others", header("request-id", "r-1"), "r-1"},
		{"an empty one does not hide another", header("x-request-id", "", "apim-request-id", "a-1"), "a-1"},
		{"none", header("x-other", "1"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) { equal(t, "request id", requestID(tt.header), tt.want) })
	}
}

func TestExplanatoryHeaders(t *testing.T) {
	all := header(
		"X-Request-Id", "req_1", "Retry-After", "3", "X-Ratelimit-Remaining-Tokens", "5", "Cf-Ray", "r", "X-Should-Retry", "false",
		"Set-Cookie", "session=1", "Authorization", "Bearer x", "Content-Type", "text/html", "Server", "nginx",
	)
	equal(t, "headers of interest", explanatory(all),
		header("X-Request-Id", "req_1", "Retry-After", "3", "X-Ratelimit-Remaining-Tokens", "5", "Cf-Ray", "r", "X-Should-Retry", "false"))
	if kept := explanatory(header("Server", "nginx")); kept != nil {
		t.Errorf("explanatory(no explanatory header) = %v, want nil", kept)
	}
}

func TestStartOfReply(t *testing.T) {
	c := client(t, inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req_7")
		w.Header().Set("X-Ratelimit-Remaining-Requests", "3")
		w.Header()["Date"] = nil
		says(200, "text/event-stream; charset=utf-8", "data: x\n\n")(w, r)
	}), llm.Limits{})
	r, err := c.Do(t.Context(), post(anyURL, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	equal(t, "start", r.Start(), &llm.Start{
		Provider: "test", RequestID: "req_7",
		RateLimits: &llm.RateLimits{RequestLimit: -1, RequestsLeft: 3, RequestReset: -1, TokenLimit: -1, TokensLeft: -1, TokenReset: -1},
		Header:     header("X-Request-Id", "req_7", "X-Ratelimit-Remaining-Requests", "3"),
	})
	equal(t, "media type", r.MediaType(), "text/event-stream")
	equal(t, "status", r.Status(), 200)
	body, err := readAll(r)
	equal(t, "body", body, "data: x\n\n")
	equal(t, "error", err, error(nil))
}

func TestMediaType(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/event-stream":                "text/event-stream",
		"Text/Event-Stream; charset=UTF-8": "text/event-stream",
		"application/json; charset=utf-8":  "application/json",
		"application/json;;":               "application/json",
		"":                                 "",
	} {
		r := &Reply{resp: &http.Response{Header: header("Content-Type", contentType)}}
		if got := r.MediaType(); got != want {
			t.Errorf("the media type of Content-Type %q is %q, want %q", contentType, got, want)
		}
	}
}

func TestCompressedReplyIsReported(t *testing.T) {
	for coding, want := range map[string]llm.Kind{"gzip": llm.Protocol, "br": llm.Protocol, "identity": "", "Identity": "", "none": ""} {
		server := loopback(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", coding)
			w.Write([]byte("\x1f\x8b"))
		})
		r, err := client(t, nil, llm.Limits{}).Do(t.Context(), post(server.URL, "{}"))
		equal(t, coding+": kind", llm.KindOf(err), want)
		if err == nil {
			r.Close()
		} else if !strings.Contains(err.Error(), "compressed ("+coding+")") {
			t.Errorf("the error does not say that the reply is compressed: %v", err)
		}
	}
}
