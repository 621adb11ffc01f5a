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

func TestRateLimitHeaders(t *testing.T) {
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
		{"nonsense", header("x-ratelimit-limit-requests", "many", "x-ratelimit-reset-tokens", "-5s", "x-ratelimit-remaining-tokens", "-3"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) { equal(t, "rate limits", rateLimits(tt.header), tt.want) })
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
