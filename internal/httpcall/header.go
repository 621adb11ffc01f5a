package httpcall

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/seconds"
	"github.com/parley-llm/parley/llm"
)

// requestID returns the server's ID of the request. Headers in this order: OpenAI and Groq,
// Azure's gateway, Azure's service, others.
func requestID(h http.Header) string {
	for _, name := range [...]string{"X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id"} {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}

// explanatory returns the headers that help to diagnose a reply: IDs, limits, retry hints and
// timings. It returns nil if the reply has no such header.
func explanatory(h http.Header) http.Header {
	var kept http.Header
	for name, values := range h {
		if isExplanatory(name) {
			if kept == nil {
				kept = make(http.Header, 8)
			}
			kept[name] = values
		}
	}
	return kept
}

func isExplanatory(name string) bool {
	switch name {
	case "X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id", "Cf-Ray",
		"Retry-After", "Retry-After-Ms", "X-Should-Retry", "Date",
		"Openai-Processing-Ms", "Openai-Version", "Openai-Organization", "X-Ms-Region":
		return true
	}
	return strings.HasPrefix(name, "X-Ratelimit-")
}

// rateLimits reads the rate limit headers of OpenAI, Azure, Groq and others:
// https://platform.openai.com/docs/guides/rate-limits. It returns nil if the reply has none.
func rateLimits(h http.Header) *llm.RateLimits {
	l := llm.RateLimits{
		RequestLimit: headerInt(h, "X-Ratelimit-Limit-Requests"),
		RequestsLeft: headerInt(h, "X-Ratelimit-Remaining-Requests"),
		RequestReset: headerDuration(h, "X-Ratelimit-Reset-Requests"),
		TokenLimit:   headerInt(h, "X-Ratelimit-Limit-Tokens"),
		TokensLeft:   headerInt(h, "X-Ratelimit-Remaining-Tokens"),
		TokenReset:   headerDuration(h, "X-Ratelimit-Reset-Tokens"),
	}
	if l == (llm.RateLimits{RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}) {
		return nil
	}
	return new(l)
}

// headerInt returns the number in a header, or -1 if there is no valid one.
func headerInt(h http.Header, name string) int {
	v := h[name]
	if len(v) == 0 {
		return -1
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// headerDuration returns the duration in a header: "1m30s", or a number of seconds. It
// returns -1 if there is no valid duration.
func headerDuration(h http.Header, name string) time.Duration {
	v := h[name]
	if len(v) == 0 {
		return -1
	}
	if d, err := time.ParseDuration(v[0]); err == nil && d >= 0 && d < seconds.Max {
		return d
	}
	if d, ok := seconds.Parse(v[0], time.Second); ok {
		return d
	}
	return -1
}
