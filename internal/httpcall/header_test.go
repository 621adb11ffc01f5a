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
		{"Anthropic's", header(
			"anthropic-ratelimit-requests-limit", "4000", "anthropic-ratelimit-requests-remaining", "3999", "anthropic-ratelimit-requests-reset", "2026-11-23T12:00:30Z",
			"anthropic-ratelimit-tokens-limit", "480000", "anthropic-ratelimit-tokens-remaining", "479000", "anthropic-ratelimit-tokens-reset", "2026-11-23T11:59:59Z",
		), &llm.RateLimits{
			RequestLimit: 4000, RequestsLeft: 3999, RequestReset: 30 * time.Second,
			TokenLimit: 480000, TokensLeft: 479000, TokenReset: 0, // has passed
		}},
		{"Anthropic's without a date", header("anthropic-ratelimit-tokens-remaining", "7", "anthropic-ratelimit-tokens-reset", "soon"), &llm.RateLimits{
			RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: 7, TokenReset: -1,
		}},
		{"nonsense", header("x-ratelimit-limit-requests", "many", "x-ratelimit-reset-tokens", "-5s", "x-ratelimit-remaining-tokens", "-3"), nil},
		{"Mistral's", header(
			"x-ratelimit-limit-tokens-minute", "5000000", "x-ratelimit-remaining-tokens-minute", "4999911",
			"x-ratelimit-tokens-query-cost", "52", "x-ratelimit-limit-req-minute", "720", "x-ratelimit-remaining-req-minute", "717",
		), &llm.RateLimits{RequestLimit: 720, RequestsLeft: 717, RequestReset: -1, TokenLimit: 5000000, TokensLeft: 4999911, TokenReset: -1}},
		{"Anthropic's, with times", header(
			"anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "49", "anthropic-ratelimit-requests-reset", "2026-11-23T12:00:30Z",
			"anthropic-ratelimit-tokens-limit", "40000", "anthropic-ratelimit-tokens-remaining", "0", "anthropic-ratelimit-tokens-reset", "2026-11-23T11:59:00Z",
			"anthropic-ratelimit-input-tokens-remaining", "5",
		), &llm.RateLimits{RequestLimit: 50, RequestsLeft: 49, RequestReset: 30 * time.Second, TokenLimit: 40000}},
		{"Cerebras's, by the minute and by the day", header(
			"x-ratelimit-limit-requests-day", "1000", "x-ratelimit-remaining-requests-day", "999", "x-ratelimit-reset-requests-day", "33011.5",
			"x-ratelimit-limit-tokens-minute", "60000", "x-ratelimit-remaining-tokens-minute", "59000", "x-ratelimit-reset-tokens-minute", "11.5",
		), &llm.RateLimits{
			RequestLimit: 1000, RequestsLeft: 999, RequestReset: 33011500 * time.Millisecond,
			TokenLimit: 60000, TokensLeft: 59000, TokenReset: 11500 * time.Millisecond,
		}},
		{"OpenRouter's, in milliseconds of Unix time", header("X-RateLimit-Limit", "50", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795435260000"),
			&llm.RateLimits{RequestLimit: 50, RequestsLeft: 0, RequestReset: time.Minute, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}},
		{"GitHub's, in seconds of Unix time", header("x-ratelimit-reset", "1795435260"),
			&llm.RateLimits{RequestLimit: -1, RequestsLeft: -1, RequestReset: time.Minute, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}},
		{"Together's", header("x-ratelimit-limit", "10", "x-ratelimit-remaining", "9", "x-ratelimit-reset", "1", "x-tokenlimit-limit", "3000", "x-tokenlimit-remaining", "2900"),
			&llm.RateLimits{RequestLimit: 10, RequestsLeft: 9, RequestReset: time.Second, TokenLimit: 3000, TokensLeft: 2900, TokenReset: -1}},
		{"the IETF's, with the window", header("RateLimit-Limit", "100, 100;w=60", "RateLimit-Remaining", "7", "RateLimit-Reset", "50"),
			&llm.RateLimits{RequestLimit: 100, RequestsLeft: 7, RequestReset: 50 * time.Second, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}},
		{"LiteLLM's own come before those that it passes on", header(
			"x-ratelimit-remaining-requests", "3", "llm_provider-x-ratelimit-remaining-requests", "9", "llm_provider-x-ratelimit-remaining-tokens", "8",
		), &llm.RateLimits{RequestLimit: -1, RequestsLeft: 3, RequestReset: -1, TokenLimit: -1, TokensLeft: 8, TokenReset: -1}},
		{"times that are absurd", header("x-ratelimit-reset-requests", "1e100", "anthropic-ratelimit-tokens-reset", "9999-01-01T00:00:00Z", "x-ratelimit-reset-tokens", "nan"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) { equal(t, "rate limits", rateLimits(explanatory(tt.header), now), tt.want) })
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
