package httpcall

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	return strings.HasPrefix(name, "X-Ratelimit-") || strings.HasPrefix(name, "Anthropic-Ratelimit-")
}

// noLimits are the limits of a reply without limits.
var noLimits = llm.RateLimits{RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}

// rateLimits reads the rate limit headers of OpenAI, Azure, Groq and others, or otherwise
// those of Anthropic:
// https://platform.openai.com/docs/guides/rate-limits and
// https://platform.claude.com/docs/en/api/rate-limits. It returns nil if the reply has none.
func rateLimits(h http.Header, now time.Time) *llm.RateLimits {
	l := llm.RateLimits{
		RequestLimit: headerInt(h, "X-Ratelimit-Limit-Requests"),
		RequestsLeft: headerInt(h, "X-Ratelimit-Remaining-Requests"),
		RequestReset: headerDuration(h, "X-Ratelimit-Reset-Requests"),
		TokenLimit:   headerInt(h, "X-Ratelimit-Limit-Tokens"),
		TokensLeft:   headerInt(h, "X-Ratelimit-Remaining-Tokens"),
		TokenReset:   headerDuration(h, "X-Ratelimit-Reset-Tokens"),
	}
	if l == noLimits {
		l = llm.RateLimits{
			RequestLimit: headerInt(h, "Anthropic-Ratelimit-Requests-Limit"),
			RequestsLeft: headerInt(h, "Anthropic-Ratelimit-Requests-Remaining"),
			RequestReset: headerTime(h, "Anthropic-Ratelimit-Requests-Reset", now),
			TokenLimit:   headerInt(h, "Anthropic-Ratelimit-Tokens-Limit"),
			TokensLeft:   headerInt(h, "Anthropic-Ratelimit-Tokens-Remaining"),
			TokenReset:   headerTime(h, "Anthropic-Ratelimit-Tokens-Reset", now),
		}
	}
	if l == noLimits {
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
	if d, err := time.ParseDuration(v[0]); err == nil && d >= 0 && d < maxWait {
		return d
	}
	if d, ok := seconds(v[0], time.Second); ok {
		return d
	}
	return -1
}

// headerTime returns the time until the date in a header, in the form of RFC 3339. It
// returns -1 if there is no valid date, and 0 if the date has passed.
func headerTime(h http.Header, name string, now time.Time) time.Duration {
	v := h[name]
	if len(v) == 0 {
		return -1
	}
	date, err := time.Parse(time.RFC3339, v[0])
	if err != nil || date.Sub(now) >= maxWait {
		return -1
	}
	return max(date.Sub(now), 0)
}

// retryAfter returns the wait that the server requests: from OpenAI's header in milliseconds,
// otherwise from Retry-After, a date or a number of seconds (RFC 9110 section 10.2.3). Some
// servers send fractions of a second. Invalid values are ignored: 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := seconds(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if d, ok := seconds(value, time.Second); ok {
		return d
	}
	if date, err := http.ParseTime(value); err == nil {
		if d := date.Sub(now); d > 0 && d < maxWait {
			return d
		}
	}
	return 0
}

// maxWait is the limit from which a requested wait is considered invalid.
const maxWait = 366 * 24 * time.Hour

// seconds parses a decimal number of units.
func seconds(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*float64(unit) >= float64(maxWait) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}
